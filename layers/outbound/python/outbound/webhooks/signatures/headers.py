"""What every scheme's check reads: headers that are there once, and signed times, strictly written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from outbound.webhooks.problems import Reason

# No sign, no fraction, no leading zero, and only the digits of ASCII; the bound keeps them within
# the years that a datetime has.
_TIMES = {
    "seconds": re.compile(r"[1-9][0-9]{0,10}"),
    "milliseconds": re.compile(r"[1-9][0-9]{0,13}"),
    "iso8601": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z"),
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a genuine request says of itself: its id and its time (milliseconds since 1970), if signed."""

    signed_id: str = ""
    signed_ms: int | None = None


def the_header(headers: Mapping[str, tuple[str, ...]], name: str, missing: Reason) -> str | Reason:
    """Give the one value of a header, or the reason why there is none.

    A header that is there twice is refused: no sender does that, and two readers of such a request could
    each believe another half of it.
    """
    values = headers.get(name, ())
    if len(values) > 1:
        return Reason.REPEATED_HEADER
    return values[0] if values and values[0] else missing


def signed_ms(text: str, form: str) -> int | None:
    """Give the milliseconds since 1970 that a timestamp names; None where it is not of this form."""
    if not _TIMES[form].fullmatch(text):
        return None
    if form == "iso8601":
        return _from_iso(text)
    return int(text) * (1000 if form == "seconds" else 1)


def _from_iso(text: str) -> int | None:
    try:
        return milliseconds(datetime.fromisoformat(text))
    except ValueError:
        return None


def milliseconds(moment: datetime) -> int:
    """Give the whole milliseconds since 1970; whole, so that a bound is exact."""
    return (moment - _EPOCH) // _MILLISECOND


def moment_of(ms: int) -> datetime:
    """Give the moment that lies so many milliseconds after 1970."""
    return _EPOCH + ms * _MILLISECOND
