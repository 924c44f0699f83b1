"""Caps of calls: rolling, counted per person and subject across numbers, lists and campaigns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from outbound.compliance.contact import Attempt, Campaign, Contact, Purpose
from outbound.compliance.rules import Row

DAY, WEEK = 86_400.0, 7 * 86_400.0
DEBT_CITATION = "12 CFR 1006.14(b)(2)"
_DEBT_CALLS_A_WEEK = 7


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `calls` within `seconds`, rolling. `conversations` alone are counted where it says so."""

    name: str
    calls: int
    seconds: float
    citation: str = ""
    conversations: bool = False

    def free_at(self, attempts: Sequence[Attempt], moment: float) -> float | None:
        """Return when one more call is within the cap, from a moment on; None where it never is."""
        counted = sorted(
            (one.at.timestamp() for one in attempts if one.conversation or not self.conversations),
            reverse=True,
        )
        recent = [at for at in counted if at > moment - self.seconds]
        if len(recent) < self.calls:
            return moment
        # The call that has to be out of the span is the one that many places back.
        return recent[self.calls - 1] + self.seconds if self.calls else None


def caps_of(campaign: Campaign, rows: Sequence[Row]) -> Iterator[Cap]:
    """Return the caps that hold for a call of a campaign under these rows."""
    for row in rows:
        if row.max_calls_24h is not None:
            yield Cap("cap_24h", row.max_calls_24h, DAY, row.citation)
    if campaign.caps.per_day is not None:
        yield Cap("cap_day", campaign.caps.per_day, DAY, "the campaign's own")
    if campaign.caps.per_week is not None:
        yield Cap("cap_week", campaign.caps.per_week, WEEK, "the campaign's own")
    if campaign.purpose is Purpose.DEBT_COLLECTION:
        yield Cap("cap_week", _DEBT_CALLS_A_WEEK, WEEK, DEBT_CITATION)
        yield Cap("cap_conversation", 1, WEEK, DEBT_CITATION, conversations=True)


def counted_attempts(contact: Contact, campaign: Campaign) -> list[Attempt]:
    """Return the attempts that count for a campaign: of its subject, or of one that is unknown."""
    return [
        one
        for one in contact.attempts or ()
        if not one.subject or not campaign.subject or one.subject == campaign.subject
    ]
