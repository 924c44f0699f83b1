"""Puts the rows of a file on the queue of dispositions; what is wrong with a row ends it at once.

Rows go out in slices, and the place behind a slice is written down when all of it has: a run that is cut
off repeats a slice. Its rows have the ids that they had, so nothing happens twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from random import random
from typing import TYPE_CHECKING, Any

from outbound.batches import batches_of
from outbound.clock import Clock, Deadline, format_time
from outbound.dispositions.do_not_call import DoNotCall
from outbound.dispositions.facts import DispositionFacts
from outbound.dispositions.files.ledger import DispositionFile, DispositionFiles
from outbound.dispositions.files.names import row_id
from outbound.dispositions.files.rows import Row, rows_of
from outbound.dispositions.ledger import DispositionLedger
from outbound.dispositions.metrics import DispositionMetric, count
from outbound.dispositions.requests import (
    CANCELLED,
    Rejected,
    best_effort_request,
    decided_at,
    disposition_of,
)
from outbound.dispositions.settings import DispositionSettings
from outbound.events import SOURCE, Event, EventType
from outbound.files.arrivals import Retryable
from outbound.files.content import Block, Place, content_of, lines_of
from outbound.files.ledger import FileState
from outbound.files.names import format_of
from outbound.metrics import measure
from outbound.queues import TryLater

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_REQUESTED = EventType.DISPOSITION_REQUESTED.value
# What one SendMessageBatch takes: entries, and bytes of all of them, a single one included.
_MAX_ENTRIES = 10
_MAX_BYTES = 256 * 1024
# The queue refuses single entries under throttling; five tries with growing pauses last about 3 s.
_TRIES = 5

# In ASCII: SQS refuses some characters that a text may have, and with them all of their batch.
_written = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Pace:
    """How many rows go out between two notes of the place, and how many requests to AWS at once."""

    rows: int
    at_once: int


class RowReader:
    """Reads the rows of files."""

    def __init__(
        self,
        files: DispositionFiles,
        rejecter: RowRejecter,
        queue: RowQueue,
        tenant: str,
        clock: Clock,
        pace: Pace,
    ) -> None:
        """Send rows to this queue, and those that are wrong to the rejecter."""
        self._files = files
        self._rejecter = rejecter
        self._queue = queue
        self._tenant = tenant
        self._clock = clock
        self._pace = pace

    def read(
        self, file: DispositionFile, block: Block, settings: DispositionSettings, until: Deadline
    ) -> DispositionFile:
        """Read a file to its end and return it as it is then.

        Args:
            file: The file, checked; it is read on from its place.
            block: Fetches its bytes.
            settings: What its rows are checked by.
            until: When this run has to hand over.

        Raises:
            TryLater: The deadline came before the end.
            NotSent: The queue did not take some rows.
        """
        form = format_of(file.key)
        content = content_of(block, file.size, form.gzipped, file.place.offset)
        lines = lines_of(content, file.place.offset, file.ends_with_cr)
        rows = rows_of(form.kind, file.columns, lines, file.place, file.delimiter)
        with ThreadPoolExecutor(self._pace.at_once) as threads:
            while part := list(islice(rows, self._pace.rows)):
                # A row was decided when the file was put there, unless it says when.
                moment = format_time(file.uploaded_at)
                events = [self._event(file.file_id, row, moment) for row in part]
                self._settle(file, part, events, settings, threads)
                file = self._note(file, part[-1].place)
                if until.left() <= 0:
                    raise TryLater(0, f"{file.place.row} rows are read, and there may be more")
        now = self._clock.now()
        return self._files.save(replace(file, state=FileState.WAITING, read_at=now), now)

    def _settle(
        self,
        file: DispositionFile,
        rows: Sequence[Row],
        events: Sequence[Event],
        settings: DispositionSettings,
        threads: ThreadPoolExecutor,
    ) -> None:
        now = self._clock.now()
        messages: dict[str, str] = {}
        rejected: list[tuple[Event, Rejected]] = []
        for row, event in zip(rows, events, strict=True):
            try:
                messages[event.event_id] = _message(event, row, settings, now)
                if file.cancelled_at:
                    rejected.append((event, Rejected("its file was cancelled", reason=CANCELLED)))
            except Rejected as why:
                rejected.append((event, why))

        def reopen(request_id: str) -> None:
            self._rejecter.reopen(file.file_id, request_id)

        def reject(row: tuple[Event, Rejected]) -> None:
            self._rejecter.reject(*row, settings)

        _each(threads, reject, rejected)
        if file.cancelled_at:
            return
        if file.attempt > 1:
            # What was rejected before is tried again, and is waited for.
            _each(threads, reopen, messages)
        batches = batches_of(messages.values(), _MAX_ENTRIES, _MAX_BYTES, len)
        _each(threads, self._queue.send, batches)

    def _event(self, file_id: str, row: Row, moment: str) -> Event:
        request_id = row_id(file_id, row.place.row)
        return Event(request_id, _REQUESTED, moment, file_id, self._tenant, row.data)

    def _note(self, file: DispositionFile, place: Place) -> DispositionFile:
        noted = self._files.save(replace(file, place=place), self._clock.now())
        measure(DispositionMetric.DISPOSITION_ROWS_READ, noted.place.row - file.place.row)
        return noted


def _message(event: Event, row: Row, settings: DispositionSettings, now: datetime) -> str:
    if row.wrong:
        raise row.wrong
    disposition_of(event, settings, now)
    return message_of(event)


def _each(threads: ThreadPoolExecutor, call: Callable[[Any], None], arguments: Iterable[Any]) -> None:
    """Make a call for each; raise what the first that failed raised, once all are over."""
    done = [threads.submit(call, argument) for argument in arguments]
    for future in done:
        future.result()


class RowRejecter:
    """Rejects rows into the ledger."""

    def __init__(
        self, ledger: DispositionLedger, do_not_call: DoNotCall, facts: DispositionFacts, clock: Clock
    ) -> None:
        """Reject into this ledger; opt-outs are recorded beside."""
        self._ledger = ledger
        self._do_not_call = do_not_call
        self._facts = facts
        self._clock = clock

    def reopen(self, file_id: str, request_id: str) -> None:
        """Let a row be tried again that was rejected before."""
        self._ledger.reopen(file_id, request_id)

    def reject(self, event: Event, why: Rejected, settings: DispositionSettings) -> None:
        """End a row as rejected; an opt-out in it counts all the same."""
        now = self._clock.now()
        self._do_not_call.note(event, settings.do_not_call_codes, now)
        request = best_effort_request(event, _moment(event, now))
        rejected = self._facts.rejected(request, why, now)
        # The file's own fact speaks for all its broken rows.
        if self._ledger.end_silently(request, rejected.status, rejected.about, now).done:
            count(rejected, None)


def _moment(event: Event, now: datetime) -> datetime:
    try:
        return decided_at(event)
    except Rejected:
        return now


class NotSent(Retryable):
    """The queue did not take some rows; they are sent again when the file's message comes back."""


def message_of(event: Event) -> str:
    """Return the message of a request. Raises Rejected where it is larger than a message may be."""
    envelope = {name: getattr(event, name) for name in Event.__slots__}
    body = {"detail-type": event.event_type, "source": SOURCE, "detail": envelope}
    message = _written(body)
    if len(message) > _MAX_BYTES:
        raise Rejected(f"has more than {_MAX_BYTES} bytes as a message; shorten notes and custom fields")
    return message


class RowQueue:
    """The queue of dispositions, as rows are put on it."""

    def __init__(self, client: SQSClient, url: str, clock: Clock) -> None:
        """Send to the queue of this URL."""
        self._client = client
        self._url = url
        self._clock = clock

    def send(self, batch: Sequence[str]) -> None:
        """Put all messages of a batch on the queue. Raises NotSent where it refuses some to the end."""
        left = batch
        for attempt in range(_TRIES):
            if attempt:
                self._clock.sleep(random() * 0.2 * 2**attempt)  # noqa: S311 - jitter, not a secret
            left = self._refused(left)
            if not left:
                return
        raise NotSent(f"the queue refused {len(left)} rows")

    def _refused(self, batch: Sequence[str]) -> list[str]:
        entries: list[Any] = [{"Id": str(n), "MessageBody": message} for n, message in enumerate(batch)]
        answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
        # What the answer does not name as taken is not taken.
        taken = {int(entry["Id"]) for entry in answer.get("Successful", [])}
        return [message for number, message in enumerate(batch) if number not in taken]
