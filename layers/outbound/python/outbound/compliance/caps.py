"""Caps of calls: rolling, counted per person and subject across numbers, lists and campaigns."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from outbound.compliance.contact import Campaign, Contact, Purpose
from outbound.compliance.rules import Row

DAY, WEEK = 86_400.0, 7 * 86_400.0
DEBT_CITATION = "12 CFR 1006.14(b)(2)"
_DEBT_CALLS_A_WEEK = 7


@dataclass(frozen=True, slots=True)
class Made:
    """The calls that count for a campaign, and those that were conversations: Unix times, newest first."""

    calls: Sequence[float] = ()
    conversations: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `calls` within `seconds`, rolling. `conversations` alone are counted where it says so."""

    name: str
    calls: int
    seconds: float
    citation: str = ""
    conversations: bool = False

    def free_at(self, made: Made, moment: float) -> float | None:
        """Return when one more call is within the cap, from a moment on; None where it never is."""
        times = made.conversations if self.conversations else made.calls
        if not self.calls:
            return None
        # The call that has to be out of the span is the one that many places back.
        if len(times) < self.calls or times[self.calls - 1] <= moment - self.seconds:
            return moment
        return times[self.calls - 1] + self.seconds


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


def made_calls(contact: Contact, campaign: Campaign) -> Made:
    """Return the calls that count for a campaign: of its subject, or of one that is unknown."""
    if not contact.attempts:
        return _NONE
    counted = sorted(
        (
            (one.at.timestamp(), one.conversation)
            for one in contact.attempts
            if may_be_same(one.subject, campaign.subject)
        ),
        reverse=True,
    )
    return Made([at for at, _ in counted], [at for at, talked in counted if talked])


def may_be_same(subject: str, other: str) -> bool:
    """Return True if two calls may be about the same: the subject of one is unknown, or both say so."""
    return not subject or not other or _plain(subject) == _plain(other)


# Campaigns have few subjects, and their calls name them a million times.
@lru_cache(maxsize=1024)
def _plain(subject: str) -> str:
    """Return a subject without what people write in one way and another: case, blanks, width."""
    return " ".join(unicodedata.normalize("NFKC", subject).casefold().split())


_NONE = Made()
