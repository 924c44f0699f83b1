"""Points in time as the API and the world file write them."""

import re
from datetime import UTC, datetime, timedelta

_RELATIVE = re.compile(r"([+-])(\d{1,9})([smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_ISO = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?",
    re.ASCII,
)


def parse_time(text: str) -> datetime:
    """Return the aware UTC time that `text` names in ISO 8601, or raise ValueError saying why not.

    Stricter than `datetime.fromisoformat`, which also takes dates without a time and week dates.
    """
    match = _ISO.fullmatch(text)
    if match is None:
        raise ValueError("is not an ISO 8601 date and time")
    if match.group(2) is None:
        raise ValueError("has no time zone offset")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("names a moment that does not exist") from None


def moment(text: str, now: datetime) -> datetime:
    """Return the time of an ISO text, of "now", or of an offset from `now` such as "-7d"."""
    if text == "now":
        return now
    match = _RELATIVE.fullmatch(text)
    if match is None:
        return parse_time(text)
    sign, amount, unit = match.groups()
    distance = timedelta(**{_UNITS[unit]: int(amount)})
    return now - distance if sign == "-" else now + distance


def iso(time: datetime) -> str:
    """Return `time` in UTC with a Z, to the second where nothing finer is in it."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def microseconds(time: datetime) -> int:
    """Return the microseconds from the epoch to `time`, exactly."""
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
