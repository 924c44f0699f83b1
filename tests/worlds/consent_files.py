"""Files of consent on moto: an inbox, the queue before it, the ledger of consent behind it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any

from faults import QueueTrigger, unwatched

from outbound.clock import Deadline
from outbound.consent.files.names import PREFIX, ConsentFile, ConsentFiles, file_id_of
from outbound.consent.files.processor import FileProcessor, Pace
from outbound.files.inbox import Inbox
from outbound.queues import TryLater, work
from outbound.store.consents import Consents
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock, Invocation
from worlds.runtime import WorldRuntime

QUEUE = "read-consent-files"
TENANT = ENVIRONMENT["TENANT"]
BUCKET = ENVIRONMENT["LAKE_BUCKET"]
HEADER = "contact_id,change,occurred_at,kind,seller,number,evidence,scope,expires_at,source"
_arrivals = count(1)
# Messages that come back more often than this within one test are going round in a circle.
_MOST_VISITS = 60


class ConsentFileWorld:
    """An inbox of files, and what becomes of them."""

    def __init__(
        self, aws: AwsWorld, clock: FakeClock, *, rows_at_once: int = 10, part_bytes: int = 0
    ) -> None:
        self.aws = aws
        self.clock = clock
        # S3 dates its objects itself, and rows without a time are as old as their object.
        clock.time = datetime.now(UTC).replace(microsecond=0)
        self._pace = Pace(rows_at_once, 1)
        self._part_bytes = {"part_bytes": part_bytes} if part_bytes else {}
        for name in (QUEUE, f"{QUEUE}-dlq"):
            if name not in aws.queue_urls:
                aws.queue_urls[name] = aws.sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = f"arn:aws:sqs:us-east-1:123456789012:{QUEUE}"
        self.trigger = QueueTrigger(aws.sqs, aws.queue_urls[QUEUE], arn, self.handle)
        self.seconds = 100.0
        self.start_afresh()

    def start_afresh(self) -> None:
        """Wire everything anew, as a cold start does."""
        self.runtime = WorldRuntime(self.aws, self.clock, QUEUE)
        self.files = ConsentFiles(self.runtime.state, TENANT)
        self.inbox = Inbox(self.aws.s3, BUCKET, **self._part_bytes)
        self.processor = FileProcessor.of(self.runtime, self.inbox, self._pace)

    def handle(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Take a batch, as the function does."""

        def take(record: Mapping[str, Any]) -> None:
            self.processor.take(record, Deadline(self.clock, self.seconds))

        return work(event, self.runtime.queue, take, Invocation())

    def drop(self, name: str, content: str | bytes) -> dict[str, Any]:
        """Put a file into the inbox; return the record of the message that says so."""
        body = content.encode() if isinstance(content, str) else content
        with unwatched():
            etag = self.aws.s3.put_object(Bucket=BUCKET, Key=PREFIX + name, Body=body)["ETag"]
        return record_of(PREFIX + name, etag.strip('"'))

    def put(self, record: Mapping[str, Any]) -> None:
        """Put the message of a file on the queue."""
        with unwatched():
            self.aws.sqs.send_message(QueueUrl=self.aws.queue_urls[QUEUE], MessageBody=record["body"])

    def take(self, record: Mapping[str, Any], seconds: float = 100) -> TryLater | None:
        """Return one message to a run; return what it said about coming back."""
        try:
            self.processor.take(record, Deadline(self.clock, seconds))
        except TryLater as later:
            return later
        return None

    def read(self, name: str, content: str | bytes, seconds: float = 100) -> ConsentFile:
        """Drop a file and have it taken to its end; return it as it is remembered then."""
        record = self.drop(name, content)
        for _ in range(_MOST_VISITS):
            later = self.take(record, seconds)
            if later is None:
                found = self.files.get(file_id(record))
                assert found is not None
                return found
            self.clock.advance(seconds=later.seconds)
        raise AssertionError("the file keeps coming back")

    @property
    def consents(self) -> Consents:
        return Consents(self.runtime.consent, TENANT, self.clock)

    def wrong_rows(self, name: str) -> list[dict[str, str]]:
        """The list of a file's wrong rows."""
        text = self.aws.objects("LAKE_BUCKET", PREFIX)[f"{PREFIX}{name}.wrong.csv"].decode()
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


def record_of(key: str, etag: str) -> dict[str, Any]:
    """The record of a message that a rule makes of what S3 reports of a new object."""
    about = {"key": key, "etag": etag, "sequencer": f"{next(_arrivals):018X}"}
    detail = {"version": "0", "bucket": {"name": BUCKET}, "object": about, "reason": "PutObject"}
    body = json.dumps({"source": "aws.s3", "detail-type": "Object Created", "detail": detail})
    return {"body": body, "messageId": "m-1", "attributes": {"ApproximateReceiveCount": "1"}}


def file_id(record: Mapping[str, Any]) -> str:
    """The id of the file that a record is about."""
    detail = json.loads(record["body"])["detail"]
    return file_id_of(detail["bucket"]["name"], detail["object"]["key"], detail["object"]["etag"])


def lines(*rows: str, header: str = HEADER) -> str:
    """A CSV of these rows."""
    return "\n".join([header, *rows, ""])


def grant(contact: str = "c1", minute: int = 0, rest: str = "written,Acme,+15550100123,form 17,,,web") -> str:
    """A row that grants written consent."""
    return f"{contact},granted,2026-03-10T10:{minute:02}:00Z,{rest}"


def refusal(contact: str, change: str = "do_not_call", rest: str = "2026-03-10T11:00:00Z,,,,,,,crm") -> str:
    """A row that forbids calls."""
    return f"{contact},{change},{rest}"
