"""From a call as CXone reports it to a row of the lake, or to the reason why it is set aside."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from outbound.cxone.ports import CallRecord
from outbound.outcomes.settings import Category

Row = dict[str, Any]

# What stands in place of a code that a record lacks; it is counted among the unknown codes.
NO_CODE = "UNKNOWN"


class SetAside(Exception):
    """A record cannot become a row; the message is the reason that is counted and stored with it."""


def row_of(
    record: CallRecord, campaign_id: str, categories: Mapping[str, Category], carried: Mapping[str, str]
) -> Row:
    """Give the row of a call; its times are aware datetimes in UTC.

    Raises SetAside with the reason where the record is no outbound call of this campaign with an id and
    sensible times. A missing end is sensible (the call was never answered); an end before the start is not.
    """
    if type(record.source) is not dict:
        raise SetAside("not_an_object")
    if type(record.call_id) is not str or not record.call_id:
        raise SetAside("id_missing")
    if record.direction != "OUTBOUND":
        raise SetAside("not_outbound")
    if record.campaign_id != campaign_id:
        raise SetAside("other_campaign")
    started = _moment(record.start_time, "start_time")
    ended = None if record.end_time is None else _moment(record.end_time, "end_time")
    if ended is not None and ended < started:
        raise SetAside("end_before_start")
    code = record.disposition_code
    if type(code) is not str or not code:
        code = NO_CODE
    row = {
        "id": record.call_id,
        "campaign_id": campaign_id,
        "disposition_code": code,
        "mapped_category": categories.get(code, "neutral"),
        # orjson writes aware datetimes as ISO 8601 with Z, faster than Python could.
        "start_time": started,
        "end_time": ended,
        "duration_seconds": 0 if ended is None else int((ended - started).total_seconds()),
        "contact_id": record.contact_id,
        "agent_id": record.agent_id,
    }
    for field, column in carried.items():
        row[column] = record.attributes.get(field)
    return row


def _moment(value: Any, field: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        raise SetAside(f"{field}_invalid") from None
    if moment.tzinfo is None:
        raise SetAside(f"{field}_naive")
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
