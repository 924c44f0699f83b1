"""Reads the fields of a plan: what each may hold, whatever law and lists say of it."""

from __future__ import annotations

from datetime import time

from outbound.abandonment_limit import CITATION, LIMIT, PERCENT
from outbound.calling.profile import DAYS, MOST_PER_DAY, MOST_PER_WEEK, Day
from outbound.campaigns.field_reader import FieldReader, quoted
from outbound.campaigns.plan import Hours, PlanCaps
from outbound.complaints import Complaint
from outbound.compliance.contact import Purpose
from outbound.compliance.hours import UnknownZone, read_time, zone
from outbound.compliance.places import ZONES
from outbound.compliance.zone_names import zone_near
from outbound.cxone.ports.campaigns import Failover, Pacing

_NEAR_ABANDONMENT = 0.025
"""From which share of abandoned calls on there is a warning."""

_THRESHOLD_TYPES = ("success_rate",)


def read_purpose(reader: FieldReader) -> Purpose | None:
    """Return the purpose, telemarketing unless one is given."""
    given = reader.value("purpose")
    if given is None:
        return Purpose.TELEMARKETING
    if given not in list(Purpose):
        reader.complain("purpose", "form", f"must be one of {', '.join(Purpose)}")
        return None
    return Purpose(given)


def read_states(reader: FieldReader) -> tuple[str, ...] | None:
    """Return the states in order, none where none are given."""
    given = reader.texts("states")
    if given is None:
        return () if reader.value("states") is None else None
    states = tuple(sorted({each.strip().upper() for each in given}))
    unknown = [each for each in states if each not in ZONES]
    for each in unknown:
        reader.complain(
            "states", "unknown_state", f"{quoted(each)} is not a state; write two letters, like NY"
        )
    return None if unknown else states


def read_zone(reader: FieldReader) -> str:
    """Return the time zone, empty where it is missing or wrong."""
    name = reader.text("time_zone", longest=64, required=True)
    if not name:
        return ""
    try:
        zone(name)
    except UnknownZone:
        reader.complain("time_zone", "unknown_zone", f"{quoted(name)} is not an IANA time zone{_near(name)}")
        return ""
    return name


def _near(name: str) -> str:
    near = zone_near(name)
    return f"; did you mean {near}?" if near else "; write one like America/New_York"


def read_hours(reader: FieldReader) -> Hours | None:
    """Return days and hours."""
    part = reader.part("hours")
    if part is None:
        reader.complain("hours", "required", "is missing; it has days, start and end")
        return None
    part.refuse_unknown(("days", "start", "end"))
    days, start, end = _days(part), _time(part, "start"), _time(part, "end")
    if start is not None and end is not None and end != time(0) and end <= start:
        part.complain("end", "range", "must be later than start: hours do not reach over midnight")
        return None
    return None if days is None or start is None or end is None else Hours(days, start, end)


def _days(part: FieldReader) -> tuple[Day, ...] | None:
    given = part.texts("days")
    if given is None:
        if part.value("days") is None:
            part.complain("days", "required", "is missing; write a list like mon, tue, wed, thu, fri")
        return None
    wrong = [each for each in given if not _is_day(each)]
    for each in wrong:
        part.complain("days", "form", f"{quoted(each)} is not a day; write mon to sun")
    if not given:
        part.complain("days", "no_day", "needs one day at least: the campaign would never dial")
    named = {each.strip().lower()[:3] for each in given}
    return tuple(day for day in DAYS if day in named) if given and not wrong else None


def _is_day(text: str) -> bool:
    lower = text.strip().lower()
    whole = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    return lower in DAYS or lower in whole


def _time(part: FieldReader, name: str) -> time | None:
    given = part.value(name)
    if given is None:
        part.complain(name, "required", "is missing; write a time of day like 09:00")
        return None
    try:
        return read_time(given if isinstance(given, str) else "")
    except ValueError:
        part.complain(name, "form", "must be a time of day like 09:00")
        return None


def read_caps(reader: FieldReader) -> PlanCaps | None:
    """Return the caps, without a bound where none is given."""
    part = reader.part("caps")
    if part is None:
        return PlanCaps()
    part.refuse_unknown(("per_day", "per_week", "campaign_per_day"))
    most = {"per_day": MOST_PER_DAY, "per_week": MOST_PER_WEEK, "campaign_per_day": 10_000_000}
    read = {name: part.count(name, bound, required=False) for name, bound in most.items()}
    whole = all(read[name] is not None or part.value(name) is None for name in most)
    return PlanCaps(**read) if whole else None


def read_pacing(reader: FieldReader, warnings: list[Complaint]) -> Pacing | None:
    """Return how the dialer paces itself; warn of an abandonment threshold close to the limit."""
    part = reader.part("predictive")
    if part is None:
        reader.complain("predictive", "required", "is missing: the settings of the dialer")
        return None
    names = ("answer_ratio", "max_calls_in_flight", "call_rate", "abandonment_threshold")
    part.refuse_unknown(names)
    ratio = part.number("answer_ratio", lambda value: 0 <= value <= 1, "a number from 0 to 1")
    in_flight = part.count("max_calls_in_flight", 100_000)
    rate = part.number("call_rate", lambda value: value > 0, "a number above 0")
    abandonment = _abandonment(part, warnings)
    if ratio is None or in_flight is None or rate is None or abandonment is None:
        return None
    return Pacing(ratio, in_flight, rate, abandonment)


def _abandonment(part: FieldReader, warnings: list[Complaint]) -> float | None:
    name = "abandonment_threshold"
    share = part.number(
        name, lambda value: 0 <= value <= 1, f"a share from 0 to {LIMIT:g}, of the answered calls"
    )
    if share is None:
        return None
    if share > LIMIT:
        message = f"{share:g} is above {LIMIT:g}: no more than {PERCENT} % of answered calls may be abandoned"
        part.complain(name, "abandonment_limit", message, CITATION)
    elif share > _NEAR_ABANDONMENT:
        message = f"{share:g} is close to the limit of {PERCENT} %: a bad day is above it"
        warnings.append(Complaint(f"predictive.{name}", "abandonment_near_limit", message, CITATION))
    return share


def read_failover(reader: FieldReader) -> Failover | None:
    """Return when the campaign gives way to its backup, None where nothing is given."""
    part = reader.part("failover")
    if part is None:
        return None
    part.refuse_unknown(("enabled", "threshold_type", "threshold_value", "window_minutes"))
    enabled = part.value("enabled")
    if not isinstance(enabled, bool):
        part.complain("enabled", "form", "must be true or false")
    kind = part.value("threshold_type") or _THRESHOLD_TYPES[0]
    if kind not in _THRESHOLD_TYPES:
        part.complain("threshold_type", "form", f"must be one of {', '.join(_THRESHOLD_TYPES)}")
    share = part.number("threshold_value", lambda value: 0 < value < 1, "a share between 0 and 1")
    minutes = part.count("window_minutes", 24 * 60)
    if enabled is True and not reader.value("backup_campaign_id"):
        reader.complain("backup_campaign_id", "backup_required", "is missing: failover needs a backup")
    usable = isinstance(enabled, bool) and share is not None and minutes is not None
    return Failover(bool(enabled), str(kind), share or 0.0, minutes or 1) if usable else None
