"""Contacts and their dispositions on the platform API: `/api/v1/outbound/campaigns/{id}/contacts/{id}`.

`lastAttemptAt`, and that a contact shows its `dispositionTimestamp`, are assumptions.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any
from urllib.parse import quote

from outbound.clock import format_time, parse_time
from outbound.cxone.errors import InvalidRequest, NotFound, UnexpectedAnswer
from outbound.cxone.http import Call, CxoneHttp
from outbound.cxone.ports.dispositions import Contact, NewDisposition

# A read waits for its place less long than other calls do, for while it waits its function takes no message
# of another campaign, whose quota passes unused. An urgent one waits, and so finds the places behind those
# that others wait for. A write waits longest: its read would be spent for nothing.
_READ_PATIENCE_SECONDS = 2.0
_URGENT_READ_PATIENCE_SECONDS = 5.0
_WRITE_PATIENCE_SECONDS = 15.0

# In a path these lead to other resources; no encoding keeps HTTP clients from taking them for that.
_STEPS = frozenset({".", ".."})


class PlatformDispositions:
    """Reads contacts and writes their dispositions."""

    def __init__(self, http: CxoneHttp) -> None:
        """Call through this session."""
        self._http = http

    def contact(self, campaign_id: str, contact_id: str, *, urgent: bool = False) -> Contact:
        """Return a contact as it is now. Raises UnexpectedAnswer where it has no state."""
        path = _path(campaign_id, contact_id)
        call = Call(
            "dispositions",
            "contacts",
            "GET",
            path,
            campaign_id=campaign_id,
            patience=_URGENT_READ_PATIENCE_SECONDS if urgent else _READ_PATIENCE_SECONDS,
        )
        answer = self._http.call(call)
        if answer.nothing:
            raise NotFound(f"GET {path} answered 204: there is no such contact")
        body = answer.body
        state = body.get("state") if isinstance(body, dict) else None
        if not isinstance(state, str) or not state:
            raise UnexpectedAnswer(f"GET {path} answered with a contact that has no text 'state'")
        return Contact(
            state,
            _text(body.get("outcomeCode")),
            _moment(body.get("dispositionTimestamp")),
            _moment(body.get("lastAttemptAt")),
        )

    def dispose(self, disposition: NewDisposition) -> None:
        """Write a disposition."""
        body: dict[str, Any] = {
            "outcomeCode": disposition.outcome_code,
            "agentId": disposition.agent_id,
            "notes": disposition.notes,
            "dispositionTimestamp": format_time(disposition.occurred_at),
            # Empty ones too: what an older disposition left there would depend on the order of arrival.
            "customFields": dict(disposition.custom_fields),
        }
        campaign_id = disposition.campaign_id
        path = _path(campaign_id, disposition.contact_id)
        self._http.call(
            Call(
                "dispositions",
                "contacts",
                "PATCH",
                path,
                json=body,
                campaign_id=campaign_id,
                patience=_WRITE_PATIENCE_SECONDS,
            )
        )


def _path(campaign_id: str, contact_id: str) -> str:
    for name, value in (("campaignId", campaign_id), ("contactId", contact_id)):
        if value in _STEPS:
            raise InvalidRequest("is not an id that a path of CXone can hold", name)
    return f"/api/v1/outbound/campaigns/{quote(campaign_id, safe='')}/contacts/{quote(contact_id, safe='')}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _moment(value: Any) -> datetime | None:
    """Read a time where there is one: what CXone may leave out must not stop a disposition."""
    if isinstance(value, str):
        with suppress(ValueError):
            return parse_time(value)
    return None
