"""The recording of consent, wired as its function wires it, on moto."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from faults import QueueTrigger

from outbound.consent.recorder import ConsentRecorder
from outbound.events import Event
from outbound.queues import work
from outbound.store.consents import Consents
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock, Invocation, sqs_event
from worlds.runtime import WorldRuntime

QUEUE = "record-consent"
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


class ConsentWorld:
    """A consent ledger, the queue before it and the bus behind it."""

    def __init__(self, aws: AwsWorld, clock: FakeClock) -> None:
        self.aws = aws
        self.clock = clock
        self.table = aws.table("CONSENT_TABLE")
        arn = f"arn:aws:sqs:us-east-1:123456789012:{QUEUE}"
        self.trigger = QueueTrigger(aws.sqs, aws.queue_urls[QUEUE], arn, self.handle)
        self.start_afresh()

    def start_afresh(self) -> None:
        """Wire everything anew, as a cold start does."""
        self.runtime = WorldRuntime(self.aws, self.clock, QUEUE)
        self.recorder = self.new_recorder()

    def configure(self, **settings: Any) -> None:
        """Put the document of the calling rules."""
        name = f"/{ENVIRONMENT['STACK_NAME']}/config/compliance"
        self.aws.ssm.put_parameter(Name=name, Value=json.dumps(settings), Type="String", Overwrite=True)
        self.start_afresh()

    def new_recorder(self) -> ConsentRecorder:
        """Another worker on the same table."""
        return ConsentRecorder.of(WorldRuntime(self.aws, self.clock, QUEUE))

    def handle(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Take a batch, as the function does."""
        return work(event, self.runtime.queue, self.recorder.take, Invocation())

    def put(self, *events: Event) -> None:
        """Put events on the queue."""
        for event in events:
            self.aws.sqs.send_message(QueueUrl=self.aws.queue_urls[QUEUE], MessageBody=message(event))

    def take(self, *events: Event) -> dict[str, Any]:
        """Hand events to the function in one batch."""
        return self.handle(sqs_event(QUEUE, *(message(event) for event in events)))

    def sweep(self) -> int:
        """Publish what was left behind."""
        self.clock.advance(minutes=10)
        return sum(self.runtime.sweep().values())

    @property
    def consents(self) -> Consents:
        return Consents(self.table, ENVIRONMENT["TENANT"], self.clock)

    def state(self, contact_id: str = "c1") -> dict[str, tuple[str, str, datetime]]:
        """What the ledger says: value, source and time by register."""
        registers = self.consents.get(contact_id).registers
        return {name.value: (one.value.value, one.source, one.occurred_at) for name, one in registers.items()}


def changed(change: Any, minutes: float = 0, event_id: str = "", **data: Any) -> Event:
    """A `consent.changed` of so many minutes after noon; a field that is None is left out."""
    moment = (NOON + timedelta(minutes=minutes)).isoformat()
    fields = {"contact_id": "c1", "change": change, "source": "hubspot", "occurred_at": moment, **data}
    return Event(
        event_id=event_id or f"{change}-{minutes}",
        event_type="consent.changed",
        occurred_at="2026-03-10T12:00:00Z",
        correlation_id="delivery-1",
        tenant=ENVIRONMENT["TENANT"],
        data={name: value for name, value in fields.items() if value is not None},
    )


def message(event: Event) -> str:
    """The body of the message that a rule of the bus makes of an event."""
    return json.dumps({"detail-type": event.event_type, "detail": json.loads(event.to_json())})
