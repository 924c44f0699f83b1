"""The audit of calls, wired as its function wires it, on moto; windows are put into the lake as pulls do."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from faults import QueueTrigger, unwatched

from outbound.call_audit.requests import AuditRequests, build
from outbound.campaigns.registration import Registrar, Registration
from outbound.clock import SystemClock, format_time
from outbound.compliance.contact import Contact
from outbound.compliance.numbers import Number, area_code
from outbound.consent.recorder import ConsentRecorder
from outbound.events import Event, EventType
from outbound.outcomes.job import compact
from outbound.store.objects import line_of
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock, Invocation, sqs_event
from worlds.runtime import WorldRuntime

QUEUE = "audit-calls"
TENANT = ENVIRONMENT["TENANT"]
CAMPAIGN = "spring"
#: Noon in New York on a Monday, and the window that it lies in.
NOON = datetime(2026, 3, 9, 16, tzinfo=UTC)
START, END = NOON - timedelta(hours=4), NOON + timedelta(hours=2)
NEW_YORK = "+12125550100"


def call(call_id: str, contact_id: str | None = "c1", minutes: float = 0, **more: Any) -> dict[str, Any]:
    """A row of the lake: a call so many minutes after noon."""
    started = NOON + timedelta(minutes=minutes)
    return {
        "id": call_id,
        "campaign_id": CAMPAIGN,
        "disposition_code": "NO_ANSWER",
        "mapped_category": "neutral",
        "start_time": format_time(started),
        "end_time": None,
        "duration_seconds": 0,
        "contact_id": contact_id,
        "agent_id": None,
        "phone_number": NEW_YORK,
        **more,
    }


@dataclass(frozen=True)
class Place:
    """Where a contact is, as segmentation keeps it."""

    state: str = ""
    zone: str = ""
    area_codes: tuple[str, ...] = ()

    def contact(self) -> Contact:
        numbers = tuple(Number(f"1{code}5550100", area_code(code)) for code in self.area_codes)
        return Contact(numbers=numbers, state=self.state, zone=self.zone)


class GivenPlaces:
    """What a test says of where contacts may be."""

    def __init__(self) -> None:
        self.known: dict[str, Place] = {}

    def of_contacts(self, _: str, contact_ids: Iterable[str]) -> Mapping[str, Place]:
        return {each: self.known[each] for each in contact_ids if each in self.known}


class AuditWorld:
    """One stack's audit of calls: lake, ledgers, the queue before it and the bus behind it."""

    def __init__(self, aws: AwsWorld, clock: FakeClock, **compliance: Any) -> None:
        self.aws, self.clock = aws, clock
        self.places = GivenPlaces()
        self._settings(compliance)
        arn = f"arn:aws:sqs:us-east-1:123456789012:{QUEUE}"
        self.trigger = QueueTrigger(aws.sqs, aws.queue_urls[QUEUE], arn, self.handle)
        self._ids = count(1)
        #: What the bus has carried, for tests that read it bit by bit.
        self.facts_seen: list[dict[str, Any]] = []
        self._requests_put: set[str] = set()
        self.start_afresh()

    @classmethod
    def on(cls, aws: AwsWorld) -> AuditWorld:
        """The audit of an emulator, in real time and with the settings that are there."""
        world = cls.__new__(cls)
        world.aws = aws
        world.lake = WorldRuntime(aws, SystemClock(), QUEUE).lake
        return world

    def _settings(self, compliance: Mapping[str, Any]) -> None:
        # Consent is a bare flag in these tests unless they are about its kinds.
        document = {"accept_bare_consent": True, **compliance}
        self.aws.ssm.put_parameter(
            Name="/outbound/config/compliance", Type="String", Overwrite=True, Value=json.dumps(document)
        )

    def start_afresh(self) -> None:
        """Wire everything anew, as a cold start does."""
        self.runtime = WorldRuntime(self.aws, self.clock, QUEUE)
        self.lake = self.runtime.lake
        requests = AuditRequests.of(self.runtime)
        requests._auditor._known = _with_places(requests._auditor._known, self.places)
        self.attempts = requests._auditor._known.attempts
        self._work = build(self.runtime, requests)
        self.consents = ConsentRecorder.of(WorldRuntime(self.aws, self.clock, "record-consent"))

    def handle(self, event: Mapping[str, Any], seconds: float = 120) -> dict[str, Any]:
        """Take a batch, as the function does."""
        answer: dict[str, Any] = self._work(dict(event), Invocation(seconds))  # type: ignore[arg-type]
        return answer

    def register(self, campaign_id: str = CAMPAIGN, **calling: Any) -> None:
        """Register a campaign with what it says of its calls."""
        registration = Registration(campaign_id=campaign_id, name=campaign_id, calling=calling)
        registrar = Registrar(self.runtime.registry, self.runtime.outbox, TENANT, self.clock)
        registrar.register(registration)

    def says(
        self,
        change: str,
        minutes: float,
        contact_id: str = "c1",
        recorded: float | None = None,
        **more: Any,
    ) -> None:
        """Record a change of consent that happened so many minutes after noon, and when it was recorded."""
        now = self.clock.time
        at = NOON + timedelta(minutes=minutes)
        self.clock.time = NOON + timedelta(minutes=minutes if recorded is None else recorded)
        data = {"contact_id": contact_id, "change": change, "source": "crm", "occurred_at": format_time(at)}
        self.consents.record(self.event(EventType.CONSENT_CHANGED, data | more))
        self.clock.time = now

    def put_window(
        self,
        *parts: Sequence[Mapping[str, Any]],
        generation: int = 1,
        campaign_id: str = CAMPAIGN,
        start: datetime = START,
        end: datetime = END,
    ) -> str:
        """Put a window of calls into the lake as a pull does, and return its manifest's key."""
        job = f"{campaign_id}-{compact(start)}-{compact(end)}"
        place = f"dt={start:%Y-%m-%d}/{campaign_id}/{job}"
        listed = []
        for page, rows in enumerate(parts):
            key = f"outcomes/{place}-{page:06}.jsonl.gz"
            stored = self.lake.write_lines(key, [line_of(row) for row in rows])
            listed.append(
                {"page": page, "key": key, "sha256": stored.sha256, "records": len(rows), "size": 1}
            )
        document = {
            "schema_version": 1,
            "job_id": job,
            "generation": generation,
            "campaign_id": campaign_id,
            "window": {"start": format_time(start), "end": format_time(end)},
            "parts": listed,
        }
        return self.lake.write_document(f"manifests/outcomes/{place}.json", document).key

    def pulled(self, manifest: str) -> Event:
        """The fact that a window was pulled, as far as the audit reads it."""
        return self.event(EventType.OUTCOMES_PULLED, {"manifest": manifest})

    def audit_of(self, start: datetime = START, end: datetime = END, **more: Any) -> Event:
        """A request to judge a period again."""
        data = {"start": format_time(start), "end": format_time(end), **more}
        return self.event(EventType.AUDIT_REQUESTED, data)

    def take(self, *events: Event, seconds: float = 120) -> dict[str, Any]:
        """Hand events to the function in one batch."""
        with unwatched():
            batch = sqs_event(QUEUE, *map(message_of, events))
        return self.handle(batch, seconds)

    def put(self, *events: Event) -> None:
        """Put events on the queue."""
        for event in events:
            self.aws.sqs.send_message(QueueUrl=self.aws.queue_urls[QUEUE], MessageBody=message_of(event))

    def judge(self, *parts: Sequence[Mapping[str, Any]], **window: Any) -> dict[str, dict[str, Any]]:
        """Put a window into the lake, judge it, and return its judgements."""
        answer = self.take(self.pulled(self.put_window(*parts, **window)))
        assert answer == {"batchItemFailures": []}, answer
        return self.judgements()

    def judgements(self) -> dict[str, dict[str, Any]]:
        """The rows of judgements that stand in the lake, by call."""
        keys = sorted(self.aws.objects("LAKE_BUCKET", "call_audit/"))
        rows = [row for key in keys for row in self.lake.read_lines(key)]
        assert len({row["call_id"] for row in rows}) == len(rows), "a call is listed twice"
        return {row["call_id"]: row for row in rows}

    def results(self) -> list[dict[str, Any]]:
        """What each window came to."""
        documents = self.aws.objects("LAKE_BUCKET", "manifests/call_audit/").values()
        return [json.loads(document) for document in documents]

    def facts(self, event_type: str = "calls.audited") -> list[dict[str, Any]]:
        """The data of the facts that the bus has carried since it was asked last."""
        return [event["data"] for event in self.aws.published(event_type)]

    def put_requests(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Put requests of the audit itself on its queue, each once, as the rule does."""
        for each in events:
            if each["event_type"] == EventType.AUDIT_REQUESTED and each["event_id"] not in self._requests_put:
                self._requests_put.add(each["event_id"])
                self.put(Event.from_detail(each))

    def deliver_requests(self) -> int:
        """Put what the bus carries for the audit on its queue, as the rule does; return how many."""
        kinds = (EventType.AUDIT_REQUESTED, EventType.CONSENT_RECORDED)
        events = [each for each in self.aws.published() if each["event_type"] in kinds]
        self.put(*(Event.from_detail(each) for each in events))
        return len(events)

    def event(self, event_type: str, data: Mapping[str, Any]) -> Event:
        moment = format_time(self.clock.now())
        number = next(self._ids)
        return Event(f"event-{number}", str(event_type), moment, f"about-{number}", TENANT, data)


def _with_places(known: Any, places: GivenPlaces) -> Any:
    return type(known)(known.consents, known.attempts, places)


def message_of(event: Event) -> str:
    """The body of the message that a rule of the bus makes of an event."""
    return json.dumps({"detail-type": event.event_type, "detail": json.loads(event.to_json())})
