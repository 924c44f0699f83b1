"""A campaign's hour as CXone reports it, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from outbound.clock import format_time
from outbound.cxone.ports.dialer_reports import ReportedHour
from outbound.moments import NoMoment, moment_in


class Unreadable(ValueError):
    """A row or an entry that cannot be what it says; names the field, and never its value."""


@dataclass(frozen=True, slots=True)
class CampaignHour:
    """What CXone says of an hour, None where it does not; shares are from 0 to 1."""

    hour: datetime
    efficiency: float | None
    abandonment_rate: float | None
    answer_rate: float | None
    average_wait_seconds: float | None
    answered_calls: int | None
    abandoned_calls: int | None

    def as_row(self, campaign_id: str) -> Mapping[str, Any]:
        """Return the row of the lake."""
        values = asdict(self)
        return {"campaign_id": campaign_id, **values, "hour": format_time(self.hour)}


def read_hour(reported: ReportedHour) -> CampaignHour:
    """Return an hour. Raises Unreadable naming the field that is wrong."""
    answered = _count("answered_calls", reported.answered_calls)
    abandoned = _count("abandoned_calls", reported.abandoned_calls)
    if answered is not None and abandoned is not None and abandoned > answered:
        raise Unreadable("abandoned_calls: is above answered_calls")
    return CampaignHour(
        hour=_hour(reported.hour),
        efficiency=_number("efficiency", reported.efficiency, 1),
        abandonment_rate=_number("abandonment_rate", reported.abandonment_rate, 1),
        answer_rate=_number("answer_rate", reported.answer_rate, 1),
        average_wait_seconds=_number("average_wait_seconds", reported.average_wait_seconds, 86_400),
        answered_calls=answered,
        abandoned_calls=abandoned,
    )


def hour_of(moment: datetime) -> datetime:
    """Return the beginning of the hour that a moment lies in."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _hour(value: Any) -> datetime:
    try:
        hour = moment_in(value)
    except NoMoment as wrong:
        raise Unreadable(f"hour: {wrong}") from None
    if hour != hour_of(hour):
        raise Unreadable("hour: is not the beginning of one")
    return hour


def _number(name: str, value: Any, most: float) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unreadable(f"{name}: is not a number")
    if not isfinite(value) or not 0 <= value <= most:
        raise Unreadable(f"{name}: is not from 0 to {most:g}")
    return float(value)


def _count(name: str, value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Unreadable(f"{name}: is not a count")
    return value
