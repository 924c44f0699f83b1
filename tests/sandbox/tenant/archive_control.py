"""The control calls about campaigns, their attempts and the archive."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from sandbox.tenant.archive import book_of, status_of
from sandbox.wire.asgi import CONTROL
from sandbox.wire.control import refusing_nonsense
from sandbox.world import CAMPAIGN_STATUSES, ENDED_STATUSES

router = APIRouter(prefix=f"{CONTROL}/campaigns/{{campaign_id}}")

_CHANGES = ("appear", "vanish", "reads")


@router.get("/status")
async def show_status(request: Request, campaign_id: str) -> dict[str, Any]:
    """Show a campaign's status and every status that it was asked to take."""
    status = status_of(request, campaign_id)
    return {"status": status.now(), "changes": [asdict(one) for one in status.changes]}


@router.put("/status", status_code=204)
async def force_status(request: Request, campaign_id: str) -> Response:
    """Put a campaign into a status at once."""
    status = status_of(request, campaign_id)
    with refusing_nonsense():
        document = _only(await request.json(), ("status",))
        if document["status"] not in (*CAMPAIGN_STATUSES, *ENDED_STATUSES):
            raise ValueError(f"a status is one of {(*CAMPAIGN_STATUSES, *ENDED_STATUSES)}")
    status.force(document["status"])
    return Response(status_code=204)


@router.get("/attempts")
async def show_attempts(request: Request, campaign_id: str) -> JSONResponse:
    """Show the ids of the list as it is now, also of what is listed without, and what was archived."""
    book = book_of(request, campaign_id)
    book.settle()
    left = [book.attempts.id_of(one) for one in book.list.numbers()]
    return JSONResponse({"left": left, "archived": book.archived})


@router.get("/archivings")
async def show_archivings(request: Request, campaign_id: str) -> JSONResponse:
    """Show every request to archive that was acted on, earliest first."""
    # Written as it is: a hundred thousand items, looked through one by one, would take their time.
    return JSONResponse({"archivings": [one.shown() for one in book_of(request, campaign_id).log]})


@router.post("/attempts/changes")
async def change_attempts(request: Request, campaign_id: str) -> dict[str, Any]:
    """Change the front of the list, now or after each of the next reads of a page."""
    book = book_of(request, campaign_id)
    with refusing_nonsense():
        document = _only(await request.json(), _CHANGES)
        appear, vanish, reads = (_whole(document.get(name, 0), name) for name in _CHANGES)
    if reads:
        book.change_while_read(appear, vanish, reads)
        return {"appeared": [], "vanished": []}
    new, gone = book.change(appear, vanish)
    return {"appeared": new, "vanished": gone}


@router.post("/attempts/failing", status_code=204)
async def fail_attempts(request: Request, campaign_id: str) -> Response:
    """Let attempts fail to be archived."""
    book = book_of(request, campaign_id)
    with refusing_nonsense():
        document = _only(await request.json(), ("attemptIds", "times"))
        times = document.get("times", 1)
        book.fail(list(document["attemptIds"]), None if times is None else _whole(times, "times"))
    return Response(status_code=204)


def _only(document: Mapping[str, Any], parts: Collection[str]) -> Mapping[str, Any]:
    if unknown := set(document) - set(parts):
        raise ValueError(f"no such part {sorted(unknown)}")
    return document


def _whole(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name} is a whole number from 0")
    return value
