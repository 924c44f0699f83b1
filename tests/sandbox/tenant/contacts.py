"""The contacts of a campaign: their dialer state, and the dispositions written to them."""

import re
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from sandbox.tenant.contact_book import ContactBook
from sandbox.tenant.contact_forms import read_disposition
from sandbox.tenant.gate import admit
from sandbox.tenant.reading import json_body
from sandbox.tenant.state import state_of
from sandbox.wire.asgi import CONTROL
from sandbox.wire.control import refusing_nonsense
from sandbox.wire.refusal import Refusal
from sandbox.world import BLOCKED_STATES
from sandbox.world.dialled import dialled
from sandbox.world.moments import microseconds

router = APIRouter()

_CONTACT = "/api/v1/outbound/campaigns/{campaign_id}/contacts/{contact_id}"
_CONTROLLED = f"{CONTROL}/campaigns/{{campaign_id}}/contacts"
# Assumption: the document asks for three scopes and does not say which call needs which.
_READ = ("outbound:campaign:write", "outbound:contact:write")
_WRITE = (*_READ, "outbound:disposition:write")
_STATE = re.compile(r"[A-Z_]{3,20}", re.ASCII)


@router.get(_CONTACT)
async def show(request: Request, campaign_id: str, contact_id: str) -> dict[str, Any]:
    """Answer with a contact."""
    admit(request, *_READ, quota="contacts", part=campaign_id)
    book, number = _known(request, campaign_id, contact_id)
    return book.shown(number)


@router.patch(_CONTACT)
async def write(request: Request, campaign_id: str, contact_id: str) -> dict[str, Any]:
    """Write a disposition to a contact that is on no call, and answer with the contact."""
    admit(request, *_WRITE, quota="contacts", part=campaign_id)
    book, number = _known(request, campaign_id, contact_id)
    codes = state_of(request).world.outcome_codes
    disposition = read_disposition(await json_body(request), codes, book.agents)
    # Assumption: the document only says that such a write fails; this is the status for it.
    if (state := book.state_of(number)) in BLOCKED_STATES:
        raise Refusal(409, "conflict", f"The contact is in the state {state}.", field="state")
    book.write(number, disposition)
    return book.shown(number)


@router.get(_CONTROLLED)
async def show_contacts(request: Request, campaign_id: str, written: bool = False) -> JSONResponse:
    """Show every contact of a campaign, or every one that was written to, with its writes."""
    book = _book(request, campaign_id)
    numbers = book.written() if written else range(len(book.contacts))
    return JSONResponse({"contacts": [book.history(number) for number in numbers]})


@router.get(f"{_CONTROLLED}/{{contact_id}}")
async def show_contact(request: Request, campaign_id: str, contact_id: str) -> dict[str, Any]:
    """Show a contact with its writes, earliest first."""
    book, number = _known(request, campaign_id, contact_id)
    return book.history(number)


@router.put(f"{_CONTROLLED}/{{contact_id}}/state", status_code=204)
async def set_state(request: Request, campaign_id: str, contact_id: str) -> Response:
    """Put a contact into a dialer state for some seconds, or for ever."""
    book, number = _known(request, campaign_id, contact_id)
    with refusing_nonsense():
        state, seconds = _state(await request.json())
    book.set_state(number, state, seconds)
    return Response(status_code=204)


@router.post(f"{_CONTROLLED}/{{contact_id}}/calls")
async def call_contact(request: Request, campaign_id: str, contact_id: str) -> dict[str, str]:
    """Let the dialer have called a contact at a time, allowed or not, and answer with the call's id.

    So do dialers now and then: by a list that is older than a refusal, or by a clock of another zone.
    """
    log = state_of(request).calls.get(campaign_id)
    if log is None:
        raise Refusal(404, "not_found", "There is no such campaign.", field="campaignId")
    with refusing_nonsense():
        document = await request.json()
        started, record = dialled(log.calls.campaign, contact_id, document)
    log.add(microseconds(started), record)
    return {"id": record["id"]}


def _book(request: Request, campaign_id: str) -> ContactBook:
    book = state_of(request).contacts.get(campaign_id)
    if book is None:
        raise Refusal(404, "not_found", "There is no such campaign.", field="campaignId")
    return book


def _known(request: Request, campaign_id: str, contact_id: str) -> tuple[ContactBook, int]:
    book = _book(request, campaign_id)
    number = book.contacts.number_of(contact_id)
    if number is None:
        raise Refusal(404, "not_found", "There is no such contact in the campaign.", field="contactId")
    return book, number


def _state(document: Mapping[str, Any]) -> tuple[str, float | None]:
    if unknown := set(document) - {"state", "seconds"}:
        raise ValueError(f"no such part {sorted(unknown)}")
    # Any name will do, so that a client can be shown a state that it never heard of.
    if not _STATE.fullmatch(document["state"]):
        raise ValueError("a state is a name in capital letters")
    seconds = document.get("seconds")
    if seconds is not None and not seconds > 0:
        raise ValueError("seconds is above 0, or null for ever")
    return document["state"], seconds
