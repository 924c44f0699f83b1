"""From a call as CXone reports it to a row of the lake, or to the reason why it is set aside."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from outbound.cxone.json_bodies import Unreadable
from outbound.cxone.ports.outcomes import CallRecord
from outbound.outcomes.settings import OutcomeSettings
from outbound.outcomes.windows import Window

Row = dict[str, Any]

# What is longer is no id and no code but somebody's accident, and would swell whatever counts them.
_LONGEST_ID = 256
_LONGEST_CODE = 64
_LONGEST_TEXT = 1000
_BIGGEST_INTEGER = 2**63


class SetAside(Exception):
    """A record cannot become a row; the message is the reason that is counted and stored with it."""


class RowMaker:
    """Makes rows of one campaign's calls in one window, every row of the same shape and types."""

    def __init__(self, campaign_id: str, window: Window, settings: OutcomeSettings) -> None:
        """Make rows for calls that started in this window."""
        self._campaign_id = campaign_id
        self._start = window.start
        self._end = window.end
        self._categories: Mapping[str, str] = settings.categories
        self._carried = [
            (field, carried.column, _CONVERSIONS[carried.type])
            for field, carried in settings.carried_fields.items()
        ]

    def row_of(self, record: CallRecord) -> Row | None:
        """Give the row of a call; None where it started when the window ends, and so is the next one's.

        Raises SetAside with the reason where the record is no outbound call of this campaign and window
        with an id, a code and sensible times. A missing end is sensible (the call was never answered).
        """
        call_id, campaign_id, code, start_time, end_time, direction, contact_id, agent_id, fields, source = (
            record
        )
        if (
            type(source) is not dict
            or type(call_id) is not str
            or not 0 < len(call_id) <= _LONGEST_ID
            or direction != "OUTBOUND"
            or campaign_id != self._campaign_id
            or type(code) is not str
            or not 0 < len(code) <= _LONGEST_CODE
        ):
            if type(call_id) is int or type(campaign_id) is int:
                return self.row_of(_with_text_ids(record))
            raise SetAside(self._objection(record))
        started = _moment(start_time, "start_time")
        if not self._start <= started < self._end:
            if started == self._end:
                return None
            raise SetAside("outside_window")
        ended, seconds = self._ending(started, end_time)
        row = {
            "id": call_id,
            "campaign_id": campaign_id,
            "disposition_code": code,
            "mapped_category": self._categories.get(code, "neutral"),
            # orjson writes aware datetimes as ISO 8601 with Z, faster than Python could.
            "start_time": started,
            "end_time": ended,
            "duration_seconds": seconds,
            "contact_id": _id(contact_id),
            "agent_id": _id(agent_id),
        }
        for field, column, kept in self._carried:
            row[column] = kept(fields.get(field))
        return row

    def _objection(self, record: CallRecord) -> str:
        """Name what is wrong with a record of which something is wrong."""
        if type(record.source) is not dict:
            return "unreadable" if isinstance(record.source, Unreadable) else "not_an_object"
        if type(record.call_id) is not str or not 0 < len(record.call_id) <= _LONGEST_ID:
            return "id_invalid" if record.call_id else "id_missing"
        if record.direction != "OUTBOUND":
            return "not_outbound"
        if record.campaign_id != self._campaign_id:
            return "other_campaign"
        return "code_invalid" if record.disposition_code else "code_missing"

    def _ending(self, started: datetime, end_time: Any) -> tuple[datetime | None, int]:
        """Give when a call ended and how many seconds it took; a call without an end took none."""
        if end_time is None:
            return None, 0
        ended = _moment(end_time, "end_time")
        if ended < started:
            raise SetAside("end_before_start")
        took = ended - started
        return ended, took.days * 86_400 + took.seconds


def _with_text_ids(record: CallRecord) -> CallRecord:
    """Give a record whose ids that came as numbers are text."""
    call_id, campaign_id = record.call_id, record.campaign_id
    return record._replace(
        call_id=str(call_id) if type(call_id) is int else call_id,
        campaign_id=str(campaign_id) if type(campaign_id) is int else campaign_id,
    )


def _moment(value: Any, field: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is UTC:
            return moment
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        raise SetAside(f"{field}_invalid") from None
    raise SetAside(f"{field}_naive")


def _id(value: Any) -> str | None:
    """Give an id as text: one API writes numbers where another writes text."""
    if type(value) is str and 0 < len(value) <= _LONGEST_ID:
        return value
    return str(value) if type(value) is int else None


def _string(value: Any) -> str | None:
    if type(value) is str:
        return value[:_LONGEST_TEXT]
    return str(value) if type(value) in (int, float, bool) else None


def _integer(value: Any) -> int | None:
    return value if type(value) is int and -_BIGGEST_INTEGER <= value < _BIGGEST_INTEGER else None


def _number(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and math.isfinite(value) else None


def _boolean(value: Any) -> bool | None:
    return value if type(value) is bool else None


_CONVERSIONS: Mapping[str, Callable[[Any], object]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
}
