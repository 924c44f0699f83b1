"""Whether a campaign may be provisioned: every complaint at once, with its field, its rule and its citation.

Pure: rules, day and what was looked up elsewhere are passed in. Not legal advice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from outbound.calling.profile import DAYS, Day
from outbound.campaign_ids import CAMPAIGN_ID
from outbound.campaigns.caps_checks import check_caps
from outbound.campaigns.field_reader import FieldReader, Form, quoted
from outbound.campaigns.plan import CampaignPlan, Complaint, Hours, PlanCaps, derived_key
from outbound.campaigns.window_checks import check_window
from outbound.compliance.contact import Purpose
from outbound.compliance.hours import UnknownZone, read_time, zone
from outbound.compliance.places import ZONES
from outbound.compliance.rules import Rules
from outbound.cxone.ports.campaigns import Failover, Pacing

_KEY = Form(r"[A-Za-z0-9_-]{1,64}", "1 to 64 letters, digits, '-' and '_'")
_CAMPAIGN_ID = Form(CAMPAIGN_ID, "1 to 64 letters, digits, '-' and '_'")
_ID = Form(r"[\w:@-][\w.:@-]{0,127}", "1 to 128 letters, digits, '.', ':', '@', '-' and '_', no '.' first")
_FIELDS = (
    *("name", "key", "description", "purpose", "seller", "subject", "contact_list_id", "queue_id"),
    *("time_zone", "predictive", "hours", "caps", "failover", "backup_campaign_id", "states"),
)
_ABANDONMENT = "47 CFR 64.1200(a)(7), 16 CFR 310.4(b)(4)"
MAX_ABANDONMENT, NEAR_ABANDONMENT = 0.03, 0.025
"""The most of the answered calls that may be abandoned, and from where on there is a warning."""

_THRESHOLD_TYPES = ("success_rate",)


class ListState(StrEnum):
    """What is known of the list that a plan names."""

    NOT_LOOKED_AT = "not_looked_at"
    MISSING = "missing"
    EMPTY = "empty"
    FILLED = "filled"


@dataclass(frozen=True, slots=True)
class Lookups:
    """What was looked up of the things that a plan names.

    Attributes:
        contact_list: How the list is.
        backup_exists: Whether there is a campaign of the backup's id; None where that was not looked up.
        backup_name: What the backup is called.
        backup_chain: The backup's own backup, that one's, and so on.
        own_id: The id of the plan's campaign, where it is provisioned already.
    """

    contact_list: ListState = ListState.NOT_LOOKED_AT
    backup_exists: bool | None = None
    backup_name: str = ""
    backup_chain: tuple[str, ...] = ()
    own_id: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a check: the plan where there is no complaint, and warnings, which hold nothing up."""

    plan: CampaignPlan | None
    complaints: tuple[Complaint, ...]
    warnings: tuple[Complaint, ...]


@dataclass(slots=True)
class _Draft:
    """What could be read of a plan; None, or empty, where that is missing or wrong."""

    states: tuple[str, ...] | None = ()
    time_zone: str = ""
    hours: Hours | None = None
    caps: PlanCaps | None = None
    purpose: Purpose | None = None
    complaints: list[Complaint] = field(default_factory=list)
    warnings: list[Complaint] = field(default_factory=list)


def check(document: Mapping[str, Any], rules: Rules, today: date, lookups: Lookups | None = None) -> Checked:
    """Check a plan as it was written.

    Args:
        document: The plan, as JSON has it.
        rules: The rules of calling.
        today: The day from which on the campaign may dial.
        lookups: What was looked up elsewhere; what was not, is not judged.

    Returns:
        The plan, or all complaints about it, and warnings either way.
    """
    draft = _Draft()
    reader = FieldReader(document, draft.complaints)
    reader.refuse_unknown(_FIELDS)
    name = reader.text("name", longest=200, required=True)
    draft.purpose = _purpose(reader)
    draft.states = _states(reader)
    draft.time_zone = _zone(reader)
    draft.hours = _hours(reader)
    draft.caps = _caps(reader)
    plan_of = _identity(reader, name, draft.purpose) | {
        "pacing": _pacing(reader, draft.warnings),
        "failover": _failover(reader),
        "backup_campaign_id": _backup(reader, name, lookups or Lookups()),
    }
    _check_list(reader, lookups or Lookups())
    _check_law(draft, rules, today)
    if draft.complaints:
        return Checked(None, tuple(draft.complaints), tuple(draft.warnings))
    plan_of |= {name: getattr(draft, name) for name in ("states", "time_zone", "hours", "caps", "purpose")}
    return Checked(CampaignPlan(**plan_of), (), tuple(draft.warnings))


def name_and_key(document: Mapping[str, Any]) -> tuple[str, str]:
    """Return the name and the key of a plan, each empty where it is missing or wrong."""
    reader = FieldReader(document, [])
    name = reader.text("name", longest=200)
    key = reader.text("key", longest=64, form=_KEY)
    return name, key or (derived_key(name) if name else "")


def named_things(document: Mapping[str, Any]) -> tuple[str, str]:
    """Return the ids of the list and of the backup that a plan names, each empty where there is none."""
    reader = FieldReader(document, [])
    backup = reader.text("backup_campaign_id", longest=64, form=_CAMPAIGN_ID)
    return reader.text("contact_list_id", longest=128, form=_ID), backup


def _identity(reader: FieldReader, name: str, purpose: Purpose | None) -> dict[str, Any]:
    seller = reader.text("seller", longest=128)
    if not seller and purpose is Purpose.TELEMARKETING and not reader.value("seller"):
        message = "is missing: consent to sales calls is given to a seller by name"
        reader.complain("seller", "required", message, "47 CFR 64.1200(f)(9)")
    return {
        "name": name,
        "key": reader.text("key", longest=64, form=_KEY) or derived_key(name),
        "seller": seller,
        "subject": reader.text("subject", longest=128),
        "description": reader.text("description", longest=1000),
        "contact_list_id": reader.text("contact_list_id", longest=128, required=True, form=_ID),
        "queue_id": reader.text("queue_id", longest=128, required=True, form=_ID),
    }


def _purpose(reader: FieldReader) -> Purpose | None:
    given = reader.value("purpose")
    if given is None:
        return Purpose.TELEMARKETING
    if given not in list(Purpose):
        reader.complain("purpose", "form", f"must be one of {', '.join(Purpose)}")
        return None
    return Purpose(given)


def _states(reader: FieldReader) -> tuple[str, ...] | None:
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


@cache
def _zone_names() -> tuple[str, ...]:
    return tuple(sorted(available_timezones()))


def _zone(reader: FieldReader) -> str:
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
    """Return a suggestion for a zone that is not one: compared without case, blanks and region too."""
    wanted = name.replace(" ", "_").lower()
    by_lower = {each.lower(): each for each in _zone_names()}
    # A city alone, or with a wrong region before it.
    by_city = {lower.rpartition("/")[2]: each for lower, each in by_lower.items() if "/" in lower}
    near = get_close_matches(wanted, by_lower, 1, 0.75)
    if near:
        return f"; did you mean {by_lower[near[0]]}?"
    near = get_close_matches(wanted.rpartition("/")[2], by_city, 1, 0.75)
    return f"; did you mean {by_city[near[0]]}?" if near else "; write one like America/New_York"


def _hours(reader: FieldReader) -> Hours | None:
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


def _caps(reader: FieldReader) -> PlanCaps | None:
    part = reader.part("caps")
    if part is None:
        return PlanCaps()
    part.refuse_unknown(("per_day", "per_week", "campaign_per_day"))
    most = {"per_day": 100, "per_week": 500, "campaign_per_day": 10_000_000}
    read = {name: part.count(name, bound, required=False) for name, bound in most.items()}
    whole = all(read[name] is not None or part.value(name) is None for name in most)
    return PlanCaps(**read) if whole else None


def _pacing(reader: FieldReader, warnings: list[Complaint]) -> Pacing | None:
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
    share = part.number(name, lambda value: 0 <= value <= 1, "a share from 0 to 0.03, of the answered calls")
    if share is None:
        return None
    if share > MAX_ABANDONMENT:
        message = (
            f"{share:g} is above {MAX_ABANDONMENT:g}: no more than 3 % of answered calls may be abandoned"
        )
        part.complain(name, "abandonment_limit", message, _ABANDONMENT)
    elif share > NEAR_ABANDONMENT:
        message = f"{share:g} is close to the limit of 3 %: a bad day is above it"
        warnings.append(Complaint(f"predictive.{name}", "abandonment_near_limit", message, _ABANDONMENT))
    return share


def _failover(reader: FieldReader) -> Failover | None:
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


def _backup(reader: FieldReader, name: str, lookups: Lookups) -> str:
    where = "backup_campaign_id"
    backup = reader.text(where, longest=64, form=_CAMPAIGN_ID)
    if not backup:
        return ""
    chain = (backup, *lookups.backup_chain)
    if lookups.backup_exists is False:
        reader.complain(where, "backup_missing", f"there is no campaign {backup}")
    if backup == lookups.own_id or (name and lookups.backup_name == name):
        reader.complain(where, "backup_itself", "is the campaign itself; a backup is another one")
    elif len(set(chain)) < len(chain) or lookups.own_id in chain:
        circle = " -> ".join(chain)
        reader.complain(where, "backup_circle", f"leads in a circle: {circle}; nothing would take over")
    return backup


def _check_list(reader: FieldReader, lookups: Lookups) -> None:
    if lookups.contact_list is ListState.MISSING:
        reader.complain("contact_list_id", "list_missing", "there is no list of that id in CXone")
    elif lookups.contact_list is ListState.EMPTY:
        reader.complain("contact_list_id", "list_empty", "the list has no contact to call")


def _check_law(draft: _Draft, rules: Rules, today: date) -> None:
    """Judge what was read of hours and caps against the law, as far as it could be read."""
    if draft.states is None:
        return
    if draft.hours and draft.time_zone:
        found = check_window(draft.hours, draft.time_zone, draft.states, rules, today)
        draft.complaints += found.complaints
        draft.warnings += found.warnings
    if draft.caps and draft.purpose:
        draft.complaints += check_caps(draft.caps, draft.purpose, draft.states, rules, today)


def messages(complaints: Sequence[Complaint]) -> str:
    """Return complaints as one text."""
    return "; ".join(str(complaint) for complaint in complaints)
