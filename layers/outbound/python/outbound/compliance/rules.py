"""The rules of calling as data: packaged rows with their sources, and what a setting makes of them.

A setting narrows a row freely. It loosens one only by name and with a reason, which stand in the version of
the rules that every decision carries, and in the audit. Not legal advice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from outbound.compliance.holidays import holiday
from outbound.compliance.hours import FEDERAL, Hours, read_hours

UNKNOWN = "unknown"
"""The row for a state that is not known: the narrowest of all."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

# Days that are remembered: a year of calls that are judged, in every state.
_MAX_DAYS = 30_000
FEDERAL_CITATION = "47 CFR 64.1200(c)(1), 16 CFR 310.4(c)"

_DOCUMENT = Path(__file__).with_name("rules.json")


@dataclass(frozen=True, slots=True)
class Row:
    """The rule of a state: hours by weekday (None is closed), and what else it restricts.

    It holds from `effective_from` on and before `effective_until`, days in the called person's zone. `mark`
    says how well the source is known: P the official text, Q quoted, S said by others, M by memory.
    """

    id: str
    state: str
    week: tuple[Hours | None, ...]
    closed_on_holidays: bool
    max_calls_24h: int | None
    unsolicited_mobile_ban: bool
    citation: str
    mark: str
    checked: str
    effective_from: date | None = None
    effective_until: date | None = None
    note: str = ""

    def holds_on(self, day: date) -> bool:
        """Whether the row is in force on a day."""
        return (self.effective_from is None or self.effective_from <= day) and (
            self.effective_until is None or day < self.effective_until
        )

    def hours_on(self, day: date) -> tuple[Hours | None, str]:
        """Return the hours of a day, and where it is closed why: `weekday` or `holiday`."""
        hours = self.week[day.weekday()]
        if hours is None:
            return None, "weekday"
        if self.closed_on_holidays and holiday(day, self.state):
            return None, "holiday"
        return hours, ""


@dataclass(frozen=True, slots=True)
class Hold:
    """A time, as of an emergency, in which some states may not be called. Every hold has an end."""

    states: tuple[str, ...]
    starts: datetime
    ends: datetime
    reason: str
    citation: str = ""


class LoosenedWithoutReason(ValueError):
    """A setting would make a rule looser and does not say by which name and why."""


class Rules:
    """The rows and holds in force, and the version that names them."""

    def __init__(self, rows: Iterable[Row], holds: Iterable[Hold], version: str) -> None:
        """Index the rows by their states."""
        self.rows = tuple(rows)
        self.holds = tuple(holds)
        self.version = version
        self._by_state: dict[str, tuple[Row, ...]] = {}
        for row in self.rows:
            self._by_state[row.state] = (*self._by_state.get(row.state, ()), row)
        self._days: dict[tuple[str, date], tuple[Row, Hours | None, str]] = {}

    def knows(self, state: str) -> bool:
        """Whether there is a row of a state."""
        return state in self._by_state

    def row(self, state: str, day: date) -> Row:
        """Return the row of a state that holds on a day; the narrowest one where the state is not known.

        Of several that hold the last one counts: a setting's row stands behind the one that it replaces.
        """
        return self._on(state, day)[0]

    def hours_on(self, state: str, day: date) -> tuple[Hours | None, str]:
        """Return the hours of a day in a state, and where it is closed why: `weekday` or `holiday`."""
        return self._on(state, day)[1:]

    def _on(self, state: str, day: date) -> tuple[Row, Hours | None, str]:
        known = self._days.get((state, day))
        if known is None:
            found = [row for row in self._by_state.get(state, ()) if row.holds_on(day)]
            row = found[-1] if found else self._by_state[UNKNOWN][-1]
            if len(self._days) >= _MAX_DAYS:
                self._days.clear()
            hours, why = row.hours_on(day)
            within = hours.narrowed(FEDERAL) if hours else None
            known = self._days[(state, day)] = (row, within, why or ("" if within else "outside_window"))
        return known

    def of_state(self, state: str) -> tuple[Row, ...]:
        """Return all rows of a state, past and future ones too."""
        return self._by_state.get(state, ())


@cache
def packaged_rules() -> Rules:
    """Return the rules as they are packaged."""
    document = json.loads(_DOCUMENT.read_text())
    rows = tuple(_row(each) for each in document["rows"])
    holds = tuple(read_hold(each) for each in document["holds"])
    return Rules(rows, holds, f"{document['version']}+{_digest(document)}")


def changed_rules(rules: Rules, changes: Iterable[Mapping[str, Any]], holds: Iterable[Hold]) -> Rules:
    """Return rules with a setting's changes. A change names its `state` and what it sets of a row.

    Raises LoosenedWithoutReason where a row becomes looser and the change has no `name` and `reason`, and
    ValueError where there is no row of the state.
    """
    changes, holds = list(changes), list(holds)
    rows = list(rules.rows)
    for change in changes:
        state = change["state"]
        if not rules.knows(state):
            raise ValueError(f"state: there is no row of {state[:16]!r}")
        rows = [_changed(row, change) if row.state == state else row for row in rows]
    if not changes and not holds:
        return rules
    about = {"changes": changes, "holds": [str(hold) for hold in holds]}
    return Rules(rows, (*rules.holds, *holds), f"{rules.version}+{_digest(about)}")


def _changed(row: Row, change: Mapping[str, Any]) -> Row:
    week = _week(change["hours"]) if "hours" in change else row.week
    cap = change.get("max_calls_24h", row.max_calls_24h)
    closed = change.get("closed_on_holidays", row.closed_on_holidays)
    ban = change.get("unsolicited_mobile_ban", row.unsolicited_mobile_ban)
    changed = replace(
        row, week=week, max_calls_24h=cap, closed_on_holidays=closed, unsolicited_mobile_ban=ban
    )
    loosened = [name for name, is_loose in _loosened(row, changed) if is_loose]
    if loosened and not all(str(change.get(said) or "").strip() for said in ("name", "reason")):
        raise LoosenedWithoutReason(
            f"{row.state}: {', '.join(loosened)} would be looser than {row.citation}; give the change a"
            " name and a reason"
        )
    return replace(changed, id=f"{row.id}*", note=str(change.get("reason", row.note)))


def _loosened(row: Row, changed: Row) -> Iterable[tuple[str, bool]]:
    yield "hours", any(not _is_within(new, old) for new, old in zip(changed.week, row.week, strict=True))
    yield (
        "max_calls_24h",
        row.max_calls_24h is not None
        and (changed.max_calls_24h is None or changed.max_calls_24h > row.max_calls_24h),
    )
    yield "closed_on_holidays", row.closed_on_holidays and not changed.closed_on_holidays
    yield "unsolicited_mobile_ban", row.unsolicited_mobile_ban and not changed.unsolicited_mobile_ban


def _is_within(new: Hours | None, old: Hours | None) -> bool:
    return new is None or (old is not None and old.narrowed(new) == new)


def _row(data: Mapping[str, Any]) -> Row:
    return Row(
        data["id"],
        data["state"],
        _week(data["hours"]),
        data["closed_on_holidays"],
        data.get("max_calls_24h"),
        data.get("unsolicited_mobile_ban", False),
        data["citation"],
        data["mark"],
        data["checked"],
        _day(data["effective_from"]),
        _day(data["effective_until"]),
        data.get("note", ""),
    )


def read_hold(data: Mapping[str, Any]) -> Hold:
    """Read a hold. Raises ValueError where it has no end behind its beginning."""
    starts, ends = datetime.fromisoformat(data["starts"]), datetime.fromisoformat(data["ends"])
    if not starts < ends:
        raise ValueError("ends: a hold ends after it starts")
    return Hold(tuple(data["states"]), starts, ends, data["reason"], data.get("citation", ""))


def _week(data: Mapping[str, Any]) -> tuple[Hours | None, ...]:
    return tuple(read_hours(*data[name]) if data.get(name) else None for name in WEEKDAYS)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:8]
