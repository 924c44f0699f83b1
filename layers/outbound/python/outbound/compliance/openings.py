"""When a window is open: in every pair of a plausible zone and a rule that holds there, at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta

from outbound.compliance.contact import Window
from outbound.compliance.hours import Hours, Interval, interval, local_date
from outbound.compliance.rules import Rules

# Beyond that many days no opening is looked for: no rule closes for as long, but a setting may for ever.
_LAST_DAY = 60


@dataclass(frozen=True, slots=True)
class Closed:
    """Why one pair is closed: a refusal's name, and the row that says so."""

    name: str
    zone: str
    row_id: str
    citation: str


class Openings:
    """The pairs of one contact in one campaign. Without `states` the campaign's own window alone counts."""

    def __init__(
        self,
        zones: Sequence[str],
        states: Sequence[str],
        rules: Rules,
        window: Window | None,
        margin_seconds: float,
    ) -> None:
        """Look at every pair; each interval ends that many seconds early, for the phone rings."""
        self._pairs = [(zone, state) for zone in zones for state in (states or ("",))]
        self._rules = rules
        self._window = window
        self._margin = margin_seconds

    def at(self, moment: float) -> tuple[list[Closed], float]:
        """Return why pairs are closed at a Unix time, one reason each, and when the first open one closes."""
        closed: list[Closed] = []
        until = float("inf")
        for zone, state in self._pairs:
            day = local_date(moment, zone)
            hours, why = self._hours(state, day)
            opens, closes = self._trimmed(interval(day, hours, zone)) if hours else (0.0, 0.0)
            if opens <= moment < closes:
                until = min(until, closes)
            else:
                closed.append(self._closed(zone, state, day, why or "outside_window"))
        return closed, until

    def next_open(self, moment: float) -> float | None:
        """Return the first moment, from this one on, at which all pairs are open, None if there is none."""
        latest = moment + _LAST_DAY * 86400
        while moment <= latest:
            openings = [self._next_of(zone, state, moment) for zone, state in self._pairs]
            if not openings or None in openings:
                return None
            opening = max(each for each in openings if each is not None)
            if opening == moment:
                return moment
            moment = opening
        return None

    def _closed(self, zone: str, state: str, day: date, why: str) -> Closed:
        row = self._rules.row(state, day) if state else None
        return Closed(why, zone, row.id if row else "", row.citation if row else "")

    def _next_of(self, zone: str, state: str, moment: float) -> float | None:
        first = local_date(moment, zone)
        for days in range(_LAST_DAY):
            opens, closes = self._interval(zone, state, first + timedelta(days=days))
            if moment < closes:
                return max(moment, opens)
        return None

    def _interval(self, zone: str, state: str, day: date) -> Interval:
        hours, _ = self._hours(state, day)
        return self._trimmed(interval(day, hours, zone)) if hours else (0.0, 0.0)

    def _trimmed(self, given: Interval) -> Interval:
        opens, closes = given
        return (opens, closes - self._margin) if opens < closes - self._margin else (0.0, 0.0)

    def _hours(self, state: str, day: date) -> tuple[Hours | None, str]:
        """Return the hours that all rules leave open on a day, or None and why it is closed."""
        hours: Hours | None = self._window.week[day.weekday()] if self._window else _WHOLE_DAY
        if hours is None:
            return None, "weekday"
        if not state:
            return hours, ""
        by_row, why = self._rules.hours_on(state, day)
        if by_row is None or self._window is None:
            return by_row, why
        narrowed = by_row.narrowed(hours)
        return narrowed, "" if narrowed else "outside_window"


_WHOLE_DAY = Hours(time(0, 0), time(0, 0))
