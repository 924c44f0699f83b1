"""From calls as CXone reports them to rows of the lake, or to the reason why one is set aside.

    records --- all of them ordinary? ------> column by column ---------+
               |                                                        +--> Calls --> lines of the lake
               +-- one is odd: each half by itself --> record by record +--> set aside, with the reason

Half a million records come in one pull, and what is done once a record is what a pull takes. So a batch of
records is looked at column by column, by functions that loop in C. A batch with anything odd in it is halved
until it is small, and then looked at record by record, which comes to the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import compress, repeat
from operator import sub
from typing import Any

import orjson

from outbound.cxone.json_bodies import Unreadable
from outbound.cxone.ports.outcomes import CallRecord, CallRecords
from outbound.outcomes.column_types import COLUMN_TYPES
from outbound.outcomes.settings import OutcomeSettings
from outbound.outcomes.windows import Window

# A longer id or code is an accident of its sender, and would swell whatever counts them.
_LONGEST_ID = 256
_LONGEST_CODE = 64
_NO_TIME = timedelta()
# Records looked at in one go, and as few as are not halved any more. What lives long is walked again and
# again by the garbage collector, so rows become bytes soon.
_BATCH, _SMALLEST_BATCH = 500, 16
# A record that is set aside is kept as text, up to this length: it may be anything.
_LONGEST_KEPT = 64 * 1024

_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")
_TIME_SHAPE = b"0000-00-00T00:00:00Z"


class SetAside(Exception):
    """A record cannot become a row; the message is the reason that is counted and stored with it."""


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls that are rows of the lake, column by column; times are text in UTC, as the lake has them."""

    ids: Sequence[str] = ()
    codes: Sequence[str] = ()
    categories: Sequence[str] = ()
    started: Sequence[str] = ()
    ended: Sequence[str | None] = ()
    seconds: Sequence[int] = ()
    contacts: Sequence[str | None] = ()
    agents: Sequence[str | None] = ()
    carried: Sequence[Sequence[object]] = ()

    def only(self, chosen: Sequence[object]) -> Calls:
        """Return the calls at whose place `chosen` has something true."""
        names = ("ids", "codes", "categories", "started", "ended", "seconds", "contacts", "agents")
        columns = {name: list(compress(getattr(self, name), chosen)) for name in names}
        return Calls(**columns, carried=[list(compress(column, chosen)) for column in self.carried])


@dataclass(frozen=True, slots=True)
class Classified:
    """A batch of records: those that are rows, those set aside as lines, and how many the next window has."""

    calls: Calls
    aside: Sequence[Mapping[str, str]] = ()
    of_next_window: int = 0


class RowMaker:
    """Makes rows of one campaign's calls in one window, every row of the same shape and types."""

    def __init__(self, campaign_id: str, window: Window, settings: OutcomeSettings) -> None:
        """Make rows for calls that started in this window."""
        self._campaign_id = campaign_id
        self._start = window.start
        self._end = window.end
        self._categories: Mapping[str, str] = settings.categories
        self._carried = [
            (field, carried.column, COLUMN_TYPES[carried.type])
            for field, carried in settings.carried_fields.items()
        ]

    def classify(self, records: Sequence[CallRecord]) -> Iterator[Classified]:
        """Return what records are, batch by batch: rows, set aside with a reason, or of the next window.

        A row is an outbound call of this campaign and window with an id, a code and sensible times. A missing
        end is sensible: the call was never answered. A call that started at the window's very end is the next
        window's, whichever of them brings it.
        """
        for first in range(0, len(records), _BATCH):
            yield from self._classified(records[first : first + _BATCH])

    def _classified(self, batch: Sequence[CallRecord]) -> Iterator[Classified]:
        calls = self._all_at_once(batch)
        if calls is not None:
            yield Classified(calls)
        elif len(batch) <= _SMALLEST_BATCH:
            yield self._one_by_one(batch)
        else:
            half = len(batch) // 2
            yield from self._classified(batch[:half])
            yield from self._classified(batch[half:])

    def lines_of(self, calls: Calls) -> bytes:
        """Return calls as lines of JSON, each with its line break."""
        rows: list[dict[str, object]] = [
            {
                "id": call_id,
                "campaign_id": campaign_id,
                "disposition_code": code,
                "mapped_category": category,
                "start_time": started,
                "end_time": ended,
                "duration_seconds": seconds,
                "contact_id": contact,
                "agent_id": agent,
            }
            for call_id, campaign_id, code, category, started, ended, seconds, contact, agent in zip(
                calls.ids,
                repeat(self._campaign_id),
                calls.codes,
                calls.categories,
                calls.started,
                calls.ended,
                calls.seconds,
                calls.contacts,
                calls.agents,
                strict=False,
            )
        ]
        for (_, name, _), column in zip(self._carried, calls.carried, strict=True):
            for row, value in zip(rows, column, strict=True):
                row[name] = value
        # In text a quotation mark is escaped, so this stands between rows and nowhere else.
        return orjson.dumps(rows)[1:-1].replace(b'},{"id":', b'}\n{"id":') + b"\n" if rows else b""

    def _all_at_once(self, records: Sequence[CallRecord]) -> Calls | None:
        """Return the calls of records of which each is an ordinary one; None where any is not."""
        try:
            columns = records.columns() if isinstance(records, CallRecords) else zip(*records, strict=True)
            ids, campaigns, codes, starts, ends, directions, contacts, agents, fields, sources = columns
            ordinary = (
                set(map(type, sources)) == {dict}
                and set(directions) == {"OUTBOUND"}
                and set(campaigns) == {self._campaign_id}
                and _are_ids(ids)
                and all(map(_is_code, set(codes)))
            )
            times = self._times(starts, ends) if ordinary else None
        except (TypeError, ValueError, OverflowError):
            # Something cannot be hashed, counted or read as a time.
            return None
        if times is None:
            return None
        category, started, ended, seconds = self._categories.get, *times
        return Calls(
            ids,
            codes,
            [category(code, "neutral") for code in codes],
            started,
            ended,
            seconds,
            contacts if _are_ids(contacts) else list(map(_id, contacts)),
            agents if _are_ids(agents) else list(map(_id, agents)),
            [kind.column([of_call.get(field) for of_call in fields]) for field, _, kind in self._carried],
        )

    def _times(
        self, starts: Sequence[str], ends: Sequence[str | None]
    ) -> tuple[Sequence[str], Sequence[str | None], Sequence[int]] | None:
        """Return starts and ends as the lake has them, and seconds; None where one is not of this window.

        Raises ValueError or TypeError where one is not a time with an offset.
        """
        # A call without an end took no time.
        known = [start if end is None else end for start, end in zip(starts, ends, strict=True)]
        started, start_texts = _moments(starts)
        ended, end_texts = _moments(known)
        took = list(map(sub, ended, started))
        if min(started) < self._start or max(started) >= self._end or min(took) < _NO_TIME:
            return None
        seconds = [duration.days * 86_400 + duration.seconds for duration in took]
        if None not in ends:
            return start_texts, end_texts, seconds
        open_ended = [None if end is None else text for end, text in zip(ends, end_texts, strict=True)]
        return start_texts, open_ended, seconds

    def _one_by_one(self, records: Sequence[CallRecord]) -> Classified:
        rows: list[tuple[Any, ...]] = []
        aside: list[Mapping[str, str]] = []
        of_next_window = 0
        for record in records:
            try:
                row = self._row(record)
            except SetAside as reason:
                aside.append({"reason": str(reason), "record": _as_text(record.source)})
                continue
            if row is None:
                of_next_window += 1
            else:
                rows.append(row)
        if not rows:
            return Classified(Calls(carried=[()] * len(self._carried)), aside, of_next_window)
        ids, codes, categories, started, ended, seconds, contacts, agents, *carried = zip(*rows, strict=True)
        calls = Calls(ids, codes, categories, started, ended, seconds, contacts, agents, carried)
        return Classified(calls, aside, of_next_window)

    def _row(self, record: CallRecord) -> tuple[Any, ...] | None:
        """Return a call's row in the order of `Calls`; None where it started when the window ends.

        Raises SetAside with the reason where it is not a row.
        """
        if type(record.call_id) is int or type(record.campaign_id) is int:
            record = _with_text_ids(record)
        if objection := self._objection(record):
            raise SetAside(objection)
        started = _moment(record.start_time, "start_time")
        if not self._start <= started < self._end:
            if started == self._end:
                return None
            raise SetAside("outside_window")
        ended = started if record.end_time is None else _moment(record.end_time, "end_time")
        if ended < started:
            raise SetAside("end_before_start")
        took, code = ended - started, record.disposition_code
        return (
            record.call_id,
            code,
            self._categories.get(code, "neutral"),
            _text(started),
            None if record.end_time is None else _text(ended),
            took.days * 86_400 + took.seconds,
            _id(record.contact_id),
            _id(record.agent_id),
            *(kind.convert(record.attributes.get(field)) for field, _, kind in self._carried),
        )

    def _objection(self, record: CallRecord) -> str:
        """Name what is wrong with a record beside its times; empty where nothing is."""
        if type(record.source) is not dict:
            return "unreadable" if isinstance(record.source, Unreadable) else "not_an_object"
        if not _are_ids([record.call_id]):
            return "id_invalid" if record.call_id else "id_missing"
        if record.direction != "OUTBOUND":
            return "not_outbound"
        if record.campaign_id != self._campaign_id:
            return "other_campaign"
        if not _is_code(record.disposition_code):
            return "code_invalid" if record.disposition_code else "code_missing"
        return ""


def _with_text_ids(record: CallRecord) -> CallRecord:
    """Return a record whose ids that came as numbers are text."""
    call_id, campaign_id = record.call_id, record.campaign_id
    return record._replace(
        call_id=str(call_id) if type(call_id) is int else call_id,
        campaign_id=str(campaign_id) if type(campaign_id) is int else campaign_id,
    )


def _as_text(record: Any) -> str:
    """Return a record as JSON text, so that every line of what is set aside has the same shape."""
    try:
        return orjson.dumps(record).decode()[:_LONGEST_KEPT]
    except (TypeError, RecursionError):
        return "(nested too deeply to be kept)"


def _moments(texts: Sequence[str]) -> tuple[list[datetime], Sequence[str]]:
    """Return times in UTC, and as the lake writes them. Raises ValueError or TypeError where one is none."""
    moments = list(map(datetime.fromisoformat, texts))
    joined = "".join(texts)
    # Most arrive as they are written. Some versions of Python take hour 24 for the next day's first.
    if joined.encode().translate(_DIGITS_TO_ZERO) == _TIME_SHAPE * len(texts) and "T24" not in joined:
        return moments, texts
    zones = {moment.tzinfo for moment in moments}
    if None in zones:
        raise ValueError("a time without an offset")
    if zones != {UTC}:
        moments = [moment.astimezone(UTC) for moment in moments]
    return moments, list(map(_text, moments))


def _moment(value: Any, field: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        raise SetAside(f"{field}_invalid") from None
    raise SetAside(f"{field}_naive")


def _text(moment: datetime) -> str:
    return moment.isoformat().removesuffix("+00:00") + "Z"


def _are_ids(values: Collection[Any]) -> bool:
    lengths = list(map(len, values)) if set(map(type, values)) == {str} else [0]
    return min(lengths) > 0 and max(lengths) <= _LONGEST_ID


def _is_code(value: Any) -> bool:
    return type(value) is str and 0 < len(value) <= _LONGEST_CODE


def _id(value: Any) -> str | None:
    """Return an id as text: one API writes numbers where another writes text."""
    if type(value) is str and 0 < len(value) <= _LONGEST_ID:
        return value
    return str(value) if type(value) is int else None
