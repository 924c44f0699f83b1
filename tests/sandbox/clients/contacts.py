"""The control calls about contacts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from sandbox.clients.answers import Contact, Write
from sandbox.clients.control import Control
from sandbox.world import iso


class ContactControl(Control):
    """Sets the dialer state of contacts, and shows what was written to them."""

    def set_contact_state(
        self, campaign_id: str, contact_id: str, state: str, seconds: float | None = None
    ) -> None:
        """Put a contact into a dialer state for `seconds`, after which it is READY, or for ever (None)."""
        path = f"{_contacts(campaign_id)}/{quote(contact_id, safe='')}/state"
        self._call("PUT", path, {"state": state, "seconds": seconds})

    def call_contact(self, campaign_id: str, contact_id: str, at: datetime, **more: Any) -> str:
        """Let the dialer have called a contact at a time, allowed or not; return the call's id.

        `more` is the called `number`, the disposition's `code`, `agentId`, and the call's `seconds`.
        """
        path = f"{_contacts(campaign_id)}/{quote(contact_id, safe='')}/calls"
        call_id: str = self._call("POST", path, {"at": iso(at), **more})["id"]
        return call_id

    def contact(self, campaign_id: str, contact_id: str) -> Contact:
        """Return a contact with every write that was accepted."""
        return _contact(self._call("GET", f"{_contacts(campaign_id)}/{quote(contact_id, safe='')}"))

    def contacts(self, campaign_id: str, *, written: bool = False) -> dict[str, Contact]:
        """Return all contacts of a campaign by their ids, or only those that something was `written` to."""
        answer = self._call("GET", _contacts(campaign_id) + ("?written=true" if written else ""))
        return {one["id"]: _contact(one) for one in answer["contacts"]}


def _contacts(campaign_id: str) -> str:
    return f"/campaigns/{quote(campaign_id, safe='')}/contacts"


def _contact(document: Mapping[str, Any]) -> Contact:
    return Contact(
        id=document["id"],
        campaign_id=document["campaignId"],
        state=document["state"],
        outcome_code=document["outcomeCode"],
        agent_id=document["agentId"],
        notes=document["notes"],
        custom_fields=document["customFields"],
        disposition_timestamp=document["dispositionTimestamp"],
        last_attempt_at=document["lastAttemptAt"],
        suppressed=document["suppressed"],
        writes=[Write(**one) for one in document["writes"]],
    )
