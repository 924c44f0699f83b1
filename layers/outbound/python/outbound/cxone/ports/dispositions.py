"""Contacts of a campaign, and the dispositions that are written to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact of a campaign as CXone has it: what the dialer does with it, and its last disposition.

    Empty texts and None stand for what CXone does not say.
    """

    state: str
    outcome_code: str
    disposed_at: datetime | None
    last_attempt_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewDisposition:
    """What is to be written to a contact; absolute values, so writing it twice writes it once."""

    campaign_id: str
    contact_id: str
    outcome_code: str
    agent_id: str
    occurred_at: datetime
    notes: str = field(default="", repr=False)
    custom_fields: Mapping[str, Any] = field(default_factory=dict, repr=False)


class DispositionsPort(Protocol):
    """Reads contacts and writes their dispositions. Both raise the errors of `outbound.cxone.errors`."""

    def contact(self, campaign_id: str, contact_id: str, *, urgent: bool = False) -> Contact:
        """Return a contact as it is now; an urgent call goes before others where the quota is used up.

        Raises NotFound where the campaign has none of that id.
        """

    def dispose(self, disposition: NewDisposition) -> None:
        """Write a disposition.

        Raises InvalidRequest naming the field that CXone objects to, NotFound, Conflict where the contact is
        in the dialer's hands. After any other error it is unknown whether it was written.
        """
