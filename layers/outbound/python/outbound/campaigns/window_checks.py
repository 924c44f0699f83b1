"""Whether a campaign's days and hours lie within what the law leaves in the states of its list.

CXone dials by the clock of the campaign's zone, the law counts by that of the called person: every day of a
year is held against the hours of every state, in each of its zones. A zone in which a good part of a state's
people lives is a complaint; one of few counties a warning, for each call there is judged by itself as well.
Without states the strictest row counts, on the campaign's own clock: where the people live is not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from outbound.calling.profile import DAYS
from outbound.campaigns.plan import Hours
from outbound.complaints import Complaint
from outbound.compliance.holidays import holiday
from outbound.compliance.hours import FEDERAL, Interval, interval, local_date, zone
from outbound.compliance.hours import Hours as DayHours
from outbound.compliance.places import CENTRAL, EASTERN, MOUNTAIN, PACIFIC, ZONES
from outbound.compliance.rules import FEDERAL_CITATION, UNKNOWN, Row, Rules

# A year: both changes of the clocks, and what comes into force within it.
_DAYS_LOOKED_AT = 366

# Where a good part of a state's people lives, where that is not the first of its zones alone.
_MAIN_ZONES: Mapping[str, tuple[str, ...]] = {
    "KY": (EASTERN, CENTRAL),
    "NV": (PACIFIC,),
    "OR": (PACIFIC,),
    "SD": (CENTRAL, MOUNTAIN),
    "TN": (EASTERN, CENTRAL),
}


@dataclass(slots=True)
class WindowFindings:
    """What is wrong with a window, and what is only doubtful."""

    complaints: list[Complaint] = field(default_factory=list)
    warnings: list[Complaint] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Misfit:
    """A day on which a campaign would dial when a state, or federal law, is closed."""

    day: date
    row: Row
    zone: str
    law: DayHours | None
    window: Interval

    @property
    def is_federal(self) -> bool:
        """Whether it is the federal hours that are broken."""
        return self.law == FEDERAL

    @property
    def rule(self) -> str:
        """The name of the rule that is broken."""
        if self.law is None:
            return "state_weekday"
        return "federal_hours" if self.is_federal else "state_hours"


def check_window(
    hours: Hours, time_zone: str, states: Sequence[str], rules: Rules, today: date
) -> WindowFindings:
    """Return what is wrong with days and hours that CXone dials in, by the clock of `time_zone`."""
    found = WindowFindings()
    if not states:
        misfits = list(_misfits(hours, time_zone, UNKNOWN, time_zone, rules, today))
        found.complaints += _said(hours, time_zone, misfits)
        return found
    # The same federal hours, broken in the same zone, are one complaint for all states that lie there.
    for state in states:
        for each in ZONES[state]:
            misfits = list(_misfits(hours, time_zone, state, each, rules, today))
            is_main = each in _MAIN_ZONES.get(state, ZONES[state][:1])
            (found.complaints if is_main else found.warnings).extend(_said(hours, time_zone, misfits))
        found.warnings += _holidays(hours, state, rules, today)
    return WindowFindings(_once(found.complaints), _once(found.warnings))


def _once(complaints: Sequence[Complaint]) -> list[Complaint]:
    return list(dict.fromkeys(complaints))


def _misfits(
    hours: Hours, time_zone: str, state: str, in_zone: str, rules: Rules, today: date
) -> Iterator[_Misfit]:
    day_hours = DayHours(hours.start, hours.end)
    for number in range(_DAYS_LOOKED_AT):
        day = today + timedelta(days=number)
        if DAYS[day.weekday()] not in hours.days:
            continue
        window = interval(day, day_hours, time_zone)
        there = local_date(window[0], in_zone)
        row = rules.row(state, there)
        law, why = rules.hours_on(state, there)
        if why == "holiday":
            continue
        for each in dict.fromkeys((law, FEDERAL)):
            if not _is_within(window, interval(there, each, in_zone) if each else None):
                yield _Misfit(there, row, in_zone, each, window)


def _is_within(window: Interval, law: Interval | None) -> bool:
    return law is not None and law[0] <= window[0] and window[1] <= law[1]


def _said(hours: Hours, time_zone: str, misfits: Sequence[_Misfit]) -> Iterator[Complaint]:
    """Return one complaint a row, zone and rule, with the weekdays that it is about."""
    groups: dict[tuple[str, str, str], list[_Misfit]] = {}
    for misfit in misfits:
        row = "" if misfit.is_federal else misfit.row.id
        groups.setdefault((row, misfit.zone, misfit.rule), []).append(misfit)
    for group in groups.values():
        yield _complaint(hours, time_zone, group)


def _complaint(hours: Hours, time_zone: str, group: Sequence[_Misfit]) -> Complaint:
    first = group[0]
    named = {misfit.day.weekday() for misfit in group}
    days = ", ".join(day for number, day in enumerate(DAYS) if number in named)
    where = _where(first, time_zone)
    since = (
        f" from {first.row.effective_from} on" if first.row.effective_from and not first.is_federal else ""
    )
    if first.law is None:
        message = f"{where} is closed on {days}{since}: take it out of the days"
        return Complaint("hours.days", first.rule, message, first.row.citation)
    opens, closes = (_clock(moment, first.zone) for moment in first.window)
    written = f"{hours.start:%H:%M}-{hours.end:%H:%M}"
    message = f"{written} in {time_zone} is {opens}-{closes} there: " if first.zone != time_zone else ""
    message += f"{where} leaves {first.law.as_text()} on {days}{since}, not {opens}-{closes}"
    citation = FEDERAL_CITATION if first.is_federal else first.row.citation
    return Complaint(_field(first.law, opens, closes), first.rule, message, citation)


def _field(law: DayHours, opens: str, closes: str) -> str:
    """Return which of the two times is outside of what the law leaves."""
    early = opens < f"{law.start:%H:%M}"
    late = closes > f"{law.end:%H:%M}" or closes < opens
    return "hours" if early and late else "hours.start" if early else "hours.end"


def _where(misfit: _Misfit, time_zone: str) -> str:
    if misfit.is_federal:
        return "federal law" if misfit.zone == time_zone else f"federal law in {misfit.zone}"
    if misfit.row.state == UNKNOWN:
        return "the strictest state (name the list's `states` if they leave more)"
    return misfit.row.state if misfit.zone == time_zone else f"{misfit.row.state} in {misfit.zone}"


def _clock(moment: float, in_zone: str) -> str:
    return f"{datetime.fromtimestamp(moment, UTC).astimezone(zone(in_zone)):%H:%M}"


def _holidays(hours: Hours, state: str, rules: Rules, today: date) -> Iterator[Complaint]:
    """Warn of the holidays on which a state is closed: a campaign's days of the week do not know them."""
    for number in range(_DAYS_LOOKED_AT):
        day = today + timedelta(days=number)
        row = rules.row(state, day)
        if row.closed_on_holidays and DAYS[day.weekday()] in hours.days and holiday(day, state):
            message = f"{state} is closed on holidays, the next one on {day}: pause the campaign on that day"
            yield Complaint("hours.days", "state_holidays", message, row.citation)
            return
