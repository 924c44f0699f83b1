"""What a segment amounts to, counted contact by contact; it is stored with each part and added up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from outbound.compliance.decision import CAPPED, PASSING

# So many hours in which contacts open are told apart; what opens later is counted as one.
_MOST_OPENINGS = 72
LATER_THAN_THAT = "later"


class State(StrEnum):
    """Whether a contact may be called."""

    CALLABLE = "callable"
    LATER = "later"
    REFUSED = "refused"


@dataclass(slots=True)
class Tally:
    """Counts of one run so far.

    `read` is what came from CXone; of these `not_matching` have not what was asked for, `unreadable` have no
    id, and `repeated` came twice. The rest are the segment's, by `states`; `capped` of them have had the
    calls that a cap allows, None where that was not counted. `refusals` and `openings` (by the hour, in UTC)
    are of contacts that may not be called at the moment of judging; `never` are the refusals of those that no
    time lifts.
    """

    read: int = 0
    not_matching: int = 0
    unreadable: int = 0
    repeated: int = 0
    capped: int | None = 0
    states: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    never: Counter[str] = field(default_factory=Counter)
    openings: Counter[str] = field(default_factory=Counter)
    conflicts: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Tally:
        """Read counts back as an item stores them."""
        # Earlier versions did not count them.
        tally = cls(capped=None if stored and "capped" not in stored else 0)
        for name, value in stored.items():
            setattr(tally, name, _counted(value) if isinstance(value, Mapping) else value)
        return tally

    def stored(self) -> dict[str, Any]:
        """Return the counts as an item stores them."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: dict(value) if isinstance(value, Counter) else value for name, value in values.items()}

    @property
    def contacts(self) -> int:
        """How many contacts the segment has."""
        return sum(self.states.values())

    def add(self, row: Mapping[str, Any]) -> None:
        """Count a row."""
        self.states[row["state"]] += 1
        self.refusals.update(row["refusals"])
        if self.capped is not None and not CAPPED.isdisjoint(row["refusals"]):
            self.capped += 1
        if row["state"] == State.LATER:
            self._add_opening(row["next_opening"])
        elif row["state"] == State.REFUSED:
            # What time lifts is not why, unless it is all there is: hours that never come.
            lasting = [name for name in row["refusals"] if name not in PASSING]
            self.never.update(lasting or row["refusals"])
        if row["conflict"]:
            self.conflicts[row["conflict"]] += 1

    def _add_opening(self, opening: str) -> None:
        hour = f"{opening[:13]}:00Z"
        full = len(self.openings) >= _MOST_OPENINGS and hour not in self.openings
        self.openings[LATER_THAN_THAT if full else hour] += 1


def _counted(stored: Mapping[str, Any]) -> Counter[str]:
    return Counter({name: int(number) for name, number in stored.items()})
