"""The calls that were lately made to each contact: what caps of calls are counted from.

One item a contact, one attribute a call, so that a call is recorded once however often it is pulled, in any
order, and by several invocations at a time::

    <tenant>#attempts#<contact> / recent:  c#<call id> = {at, campaign_id, subject, conversation}  ...  ttl

Attributes older than the caps can look back are removed as others are added.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from outbound.compliance.contact import Attempt


@dataclass(frozen=True, slots=True)
class RecordedAttempt:
    """A call that was made to a contact. One whose outcome is unknown counts like any."""

    call_id: str
    at: datetime
    campaign_id: str
    subject: str = ""
    conversation: bool = False

    def attempt(self) -> Attempt:
        """Return the call as the rules count it."""
        return Attempt(self.at, self.subject, self.conversation)


class RecentAttempts:
    """Reads and keeps the recent calls of one tenant's contacts."""

    def get_many(self, contact_ids: Collection[str]) -> Mapping[str, Sequence[RecordedAttempt]]:
        """Return the recent calls to contacts, oldest first; to one that was never called, none."""
        raise NotImplementedError

    def add(self, made: Mapping[str, Sequence[RecordedAttempt]], now: datetime) -> None:
        """Record calls by contact; one that is recorded already stays as it is."""
        raise NotImplementedError
