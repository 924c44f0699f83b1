"""What a campaign must look like to be created, read strictly."""

import re
from collections.abc import Callable, Mapping
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.tenant.reading import fields_of, invalid

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_FIELDS = (
    *("name", "description", "status", "dialerConfig", "complianceConfig"),
    *("contactListId", "queueId", "failoverConfig"),
)
_TIME = re.compile(r"\d\d:\d\d:\d\d")

Check = Callable[[Any], bool]


def read_campaign(document: Any) -> Mapping[str, Any]:
    """Read a body of `POST /api/v2/omnichannel/campaigns`, or refuse it naming the field."""
    given = fields_of(document, "body", _FIELDS)
    _check(given, "", "name", _is_text, "is required, as a text")
    _check(given, "", "description", _is_any_text, "is a text", default="")
    _check(given, "", "status", ("active", "paused").__contains__, "is active or paused", default="active")
    _check(given, "", "contactListId", _is_text, "is required, as a text")
    _check(given, "", "queueId", _is_text, "is required, as a text")
    _dialer(given.get("dialerConfig"))
    _compliance(given.get("complianceConfig"))
    if "failoverConfig" in given:
        _failover(given["failoverConfig"])
    return given


def _dialer(given: Any) -> None:
    fields_of(given, "dialerConfig", ("type", "predictiveSettings"))
    _check(given, "dialerConfig", "type", "predictive".__eq__, "is predictive")
    place = "dialerConfig.predictiveSettings"
    names = ("answerRatio", "maxCallsInFlight", "callRate", "abandonmentThreshold")
    settings = fields_of(given.get("predictiveSettings"), place, names)
    _check(settings, place, "answerRatio", _between(0, 1), "is a number from 0 to 1")
    _check(settings, place, "maxCallsInFlight", _whole_from(1), "is a whole number from 1")
    _check(settings, place, "callRate", lambda value: _is_number(value) and value > 0, "is above 0")
    _check(settings, place, "abandonmentThreshold", _between(0, 1), "is a number from 0 to 1")


def _compliance(given: Any) -> None:
    fields_of(given, "complianceConfig", ("timeZone", "dialingRules", "rateLimits"))
    _check(given, "complianceConfig", "timeZone", _is_zone, "is not an IANA zone")
    place = "complianceConfig.dialingRules"
    rules = fields_of(given.get("dialingRules"), place, ("startTime", "endTime", "allowedDays"))
    for name in ("startTime", "endTime"):
        _check(rules, place, name, _is_time, "is a time like 08:00:00")
    if rules["startTime"] >= rules["endTime"]:
        raise invalid(f"{place}.endTime", "is after startTime")
    _check(rules, place, "allowedDays", _are_days, "is a list of days, each once")
    place = "complianceConfig.rateLimits"
    names = ("maxCallsPerContactPerDay", "maxCallsPerContactPerWeek", "maxCallsPerDay")
    limits = fields_of(given.get("rateLimits", {}), place, names)
    for name in names:
        _check(limits, place, name, _whole_from(1), "is a whole number from 1", default=1)


def _failover(given: Any) -> None:
    place = "failoverConfig"
    fields_of(given, place, ("enabled", "thresholdType", "thresholdValue", "evaluationWindowMinutes"))
    _check(given, place, "enabled", lambda value: isinstance(value, bool), "is true or false")
    _check(given, place, "thresholdType", "success_rate".__eq__, "is success_rate")
    _check(given, place, "thresholdValue", _between(0, 1), "is a number from 0 to 1")
    _check(given, place, "evaluationWindowMinutes", _whole_from(1), "is a whole number from 1")


def _check(given: Any, place: str, name: str, fits: Check, reason: str, default: Any = None) -> None:
    value = given.get(name, default)
    if value is None or fits(value) is not True:
        raise invalid(f"{place}.{name}" if place else name, reason)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= 200


def _is_any_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _between(least: float, most: float) -> Check:
    return lambda value: _is_number(value) and least <= value <= most


def _whole_from(least: int) -> Check:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_zone(value: Any) -> bool:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, TypeError, OSError):
        return False
    return True


def _is_time(value: Any) -> bool:
    try:
        return bool(_TIME.fullmatch(value) and time.fromisoformat(value) is not None)
    except (ValueError, TypeError):
        return False


def _are_days(value: Any) -> bool:
    known = isinstance(value, list) and set(value) <= set(_DAYS)
    return known and 0 < len(value) == len(set(value))
