"""Files of dispositions, wired as their function wires them, on moto; tests say how the rows end."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any

from faults import QueueTrigger, unwatched

from outbound.clock import Deadline
from outbound.cxone.ports.dispositions import Contact
from outbound.dispositions.facts import DispositionFacts
from outbound.dispositions.files.ledger import DispositionFile, DispositionFiles
from outbound.dispositions.files.names import file_id_of, row_id
from outbound.dispositions.files.processor import FileProcessor
from outbound.dispositions.files.reader import Pace
from outbound.dispositions.ledger import DispositionLedger, DispositionStatus
from outbound.dispositions.requests import disposition_of
from outbound.dispositions.settings import DispositionSettings
from outbound.events import Event
from outbound.files.inbox import Inbox
from outbound.queues import TryLater, work
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock, Invocation
from worlds.runtime import WorldRuntime

QUEUE = "read-disposition-files"
ROWS = "apply-dispositions"
TENANT = ENVIRONMENT["TENANT"]
BUCKET = ENVIRONMENT["LAKE_BUCKET"]
PREFIX = "dispositions/inbox/"
HEADER = "campaign_id,contact_id,outcome_code,agent_id,notes,occurred_at,custom_fields"
# Each upload has a number of its own, as S3 gives it.
_arrivals = count(1)
# Messages that come back more often than this within one test are going round in a circle.
_MOST_VISITS = 60


class DispositionFileWorld:
    """An inbox, the queues before and behind it, and the ledger of what became of its rows."""

    def __init__(
        self,
        aws: AwsWorld,
        clock: FakeClock,
        *,
        part_bytes: int = 0,
        rows_at_once: int = 10,
        **settings: Any,
    ) -> None:
        self.aws = aws
        self.clock = clock
        # S3 dates its objects itself, and rows are as old as their object.
        clock.time = datetime.now(UTC).replace(microsecond=0)
        self.settings = DispositionSettings.model_validate({"default_agent_id": "agent-1", **settings})
        self._pace = Pace(rows_at_once, 1)
        self._part_bytes = {"part_bytes": part_bytes} if part_bytes else {}
        for name in (QUEUE, f"{QUEUE}-dlq"):
            aws.queue_urls[name] = aws.sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = f"arn:aws:sqs:us-east-1:123456789012:{QUEUE}"
        self.trigger = QueueTrigger(aws.sqs, aws.queue_urls[QUEUE], arn, self.handle)
        self.seconds = 100.0
        self.start_afresh()

    def start_afresh(self) -> None:
        """Wire everything anew, as a cold start does."""
        self.runtime = WorldRuntime(self.aws, self.clock, QUEUE)
        self.table, self.outbox = self.runtime.state, self.runtime.outbox
        self.ledger = DispositionLedger(self.table, TENANT)
        self.files = DispositionFiles(self.table, TENANT)
        self.inbox = Inbox(self.aws.s3, BUCKET, **self._part_bytes)
        self.processor = FileProcessor.of(self.runtime, self.inbox, self._pace)

    def handle(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Take a batch, as the function does."""
        until = Deadline(self.clock, self.seconds)

        def take(record: Mapping[str, Any]) -> None:
            self.processor.take(record, lambda: self.settings, until)

        return work(event, self.runtime.queue, take, Invocation())

    def drop(self, name: str, content: str | bytes) -> dict[str, Any]:
        """Put a file into the inbox; return the record of the message that says so."""
        body = content.encode() if isinstance(content, str) else content
        with unwatched():
            etag = self.aws.s3.put_object(Bucket=BUCKET, Key=PREFIX + name, Body=body)["ETag"]
        return record_of(PREFIX + name, etag.strip('"'), len(body), arrival=f"{next(_arrivals):018X}")

    def put(self, record: Mapping[str, Any]) -> None:
        """Put the message of a file on the queue."""
        with unwatched():
            self.aws.sqs.send_message(QueueUrl=self.aws.queue_urls[QUEUE], MessageBody=record["body"])

    def take(self, record: Mapping[str, Any], seconds: float = 100) -> TryLater | None:
        """Return one message to a run; return what it said about coming back."""
        try:
            self.processor.take(record, lambda: self.settings, Deadline(self.clock, seconds))
        except TryLater as later:
            return later
        return None

    def read(self, name: str, content: str | bytes, seconds: float = 100) -> str:
        """Drop a file and have it read to its end, or refused; return its id."""
        record = self.drop(name, content)
        for _ in range(_MOST_VISITS):
            later = self.take(record, seconds)
            if later is None or later.seconds:
                return file_id(record)
        raise AssertionError("the file keeps coming back")

    def finish(
        self, name: str, content: str | bytes, endings: Mapping[int, DispositionStatus] | None = None
    ) -> str:
        """Have a file read, its rows ended and the file answered; return its id."""
        found = self.read(name, content)
        self.end_rows(found, endings or {})
        key = PREFIX + name
        found_etag = self.aws.s3.head_object(Bucket=BUCKET, Key=key)["ETag"].strip('"')
        etag, arrival = found_etag, self.file(found).arrival
        for _ in range(_MOST_VISITS):
            later = self.take(record_of(key, etag, 0, arrival=arrival))
            if later is None:
                return found
            self.clock.advance(seconds=later.seconds)
        raise AssertionError("the file keeps coming back")

    def end_rows(
        self,
        found: str,
        endings: Mapping[int, DispositionStatus],
        usually: DispositionStatus = DispositionStatus.APPLIED,
    ) -> None:
        """Let the rows that are on the queue end so, as the function that applies them would."""
        with unwatched():
            for event in self.queued():
                number = int(event.event_id.rpartition("-")[2])
                if endings.get(number, usually) is not DispositionStatus.WAITING:
                    self.end_row(event, endings.get(number, usually))

    def end_row(
        self, event: Event, status: DispositionStatus = DispositionStatus.APPLIED, seconds: float = 0.1
    ) -> None:
        """End one row."""
        now, facts = self.clock.now(), DispositionFacts(TENANT)
        request = disposition_of(event, self.settings, now).request
        contact = Contact("READY", "", None, None)
        if status is DispositionStatus.SUPERSEDED:
            ending = facts.superseded(request, now)
        else:
            took = seconds if status is DispositionStatus.APPLIED else None
            ending = facts.succeeded(request, status, contact, took, now)
        self.ledger.end(request, ending.status, ending.about, [ending.fact], now)

    def queued(self) -> list[Event]:
        """Take the requests off the queue of dispositions, each once, in the order of the rows."""
        events = [Event.from_detail(json.loads(m["Body"])["detail"]) for m in self.aws.drain(ROWS)]
        return sorted({event.event_id: event for event in events}.values(), key=lambda one: one.event_id)

    def file(self, found: str) -> DispositionFile:
        """A file as it is remembered."""
        file = self.files.get(found)
        assert file is not None
        return file

    def row(self, found: str, number: int) -> dict[str, Any]:
        """What the ledger says of a row."""
        return self.ledger.get(found, row_id(found, number))

    def rejected(self, found: str) -> dict[int, tuple[str, str]]:
        """The rows that were rejected: field and message by number."""
        return {
            int(item["sk"].rpartition("-")[2]): (item["about"]["field"], item["about"]["message"])
            for item in self.ledger.requests_of(found)
            if item.get("status") == "rejected"
        }

    def result(self, name: str) -> list[dict[str, str]]:
        """The result of a file, row by row."""
        text = self.aws.objects("LAKE_BUCKET", PREFIX)[f"{PREFIX}{name}.result.csv"].decode()
        return list(csv.DictReader(io.StringIO(text, newline="")))

    def report(self, name: str) -> dict[str, Any]:
        """The report of a file."""
        report: dict[str, Any] = json.loads(
            self.aws.objects("LAKE_BUCKET", PREFIX)[f"{PREFIX}{name}.report.json"]
        )
        return report

    def sweep(self) -> int:
        """Publish what was left behind."""
        self.clock.advance(minutes=10)
        return sum(self.runtime.sweep().values())


def record_of(
    key: str, etag: str, size: int, bucket: str = BUCKET, arrival: str = "0055AED6DCD90281E5"
) -> dict[str, Any]:
    """The record of a message that a rule makes of what S3 reports of a new object."""
    detail = {
        "version": "0",
        "bucket": {"name": bucket},
        "object": {"key": key, "size": size, "etag": etag, "sequencer": arrival},
        "reason": "PutObject",
    }
    body = json.dumps({"source": "aws.s3", "detail-type": "Object Created", "detail": detail})
    return {"body": body, "messageId": "m-1", "attributes": {"ApproximateReceiveCount": "1"}}


def file_id(record: Mapping[str, Any]) -> str:
    """The id of the file that a record is about."""
    detail = json.loads(record["body"])["detail"]
    return file_id_of(detail["bucket"]["name"], detail["object"]["key"], detail["object"]["etag"])


def lines(*rows: str, header: str = HEADER) -> str:
    """A CSV of these rows."""
    return "\n".join([header, *rows, ""])


def row(contact: str = "c1", code: str = "INTERESTED", rest: str = "agent-1,,,") -> str:
    """A row of a CSV with the usual header."""
    return f"renewals,{contact},{code},{rest}"


def jsonl(rows: Iterable[Mapping[str, Any]]) -> str:
    """JSON lines."""
    return "".join(json.dumps(one) + "\n" for one in rows)


def gzipped(text: str) -> bytes:
    """A text, gzipped."""
    return gzip.compress(text.encode())
