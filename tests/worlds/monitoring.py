"""Campaigns that are followed and monitored, wired as their functions wire it, on moto and a given CXone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from faults import QueueTrigger

from outbound.campaign_records.abandoned_calls import AbandonedCalls
from outbound.campaign_records.health_records import HealthRecord, HealthRecords
from outbound.campaign_records.samples import Samples
from outbound.campaign_records.switches import FailoverRecord, Switches
from outbound.campaigns.monitoring import follower, monitor
from outbound.campaigns.registration import Registrar
from outbound.clock import format_time
from outbound.cxone.errors import NotFound, Unavailable
from outbound.cxone.ports.campaigns import CampaignRecord, CampaignStatus
from outbound.cxone.ports.contact_lists import ListPage
from outbound.cxone.ports.metrics import CampaignMetrics
from outbound.events import Event, EventType
from outbound.steering.health import Sample, Source
from outbound.steering.settings import SteeringSettings
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock, Invocation, sqs_event
from worlds.runtime import WorldRuntime

QUEUE = "follow-campaigns"
TENANT = ENVIRONMENT["TENANT"]
PRIMARY, BACKUP = "primary", "backup"
HEALTHY, FAILING = (300, 90), (300, 3)


class GivenCxone:
    """Campaigns, metrics and lists as a test says, with the ports' own promises; it keeps what was asked."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.states: dict[str, str] = {}
        self.metrics: dict[str, CampaignMetrics | Exception | None] = {}
        self.lists: dict[str, int] = {}
        self.errors: dict[str, Exception] = {}
        #: Campaigns that CXone does not start: it is down for that.
        self.refuses_to_start: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.changes: list[tuple[str, str, str]] = []
        #: What happens meanwhile, before the call of this number is answered; 0: nothing.
        self.meanwhile_at = 0
        self.meanwhile: Callable[[], object] = lambda: None
        self._answered: dict[str, tuple[str, str]] = {}

    def _ask(self, what: str, about: str) -> None:
        self.asked.append((what, about))
        if len(self.asked) == self.meanwhile_at:
            self.meanwhile_at = 0
            self.meanwhile()

    def read(self, campaign_id: str) -> CampaignRecord:
        self._ask("read", campaign_id)
        if error := self.errors.get(campaign_id):
            raise error
        if campaign_id not in self.states:
            raise NotFound(f"there is no campaign {campaign_id}")
        word = self.states[campaign_id]
        known = {"active": CampaignStatus.ACTIVE, "paused": CampaignStatus.PAUSED}
        return CampaignRecord(campaign_id, campaign_id, known.get(word, CampaignStatus.OTHER), word)

    def set_state(self, campaign_id: str, status: CampaignStatus, idempotency_key: str) -> None:
        self._ask(f"set {status.value}", campaign_id)
        if status is CampaignStatus.ACTIVE and campaign_id in self.refuses_to_start:
            raise Unavailable("CXone is down")
        if self._answered.setdefault(idempotency_key, (campaign_id, status.value)) != (
            campaign_id,
            status.value,
        ):
            raise AssertionError("a key was used for two requests")
        if self.states[campaign_id] != status.value:
            self.changes.append((campaign_id, status.value, idempotency_key))
        self.states[campaign_id] = status.value

    def of_campaign(self, campaign_id: str, window_minutes: int) -> CampaignMetrics | None:
        self._ask("metrics", campaign_id)
        found = self.metrics.get(campaign_id)
        if isinstance(found, Exception):
            raise found
        return found

    def page(self, list_id: str, query: str, page: int, page_size: int) -> ListPage:
        self._ask("list", list_id)
        if list_id not in self.lists:
            raise NotFound(f"there is no list {list_id}")
        size = self.lists[list_id]
        contacts: list[Any] = [f"c{number}" for number in range(min(size, page_size))]
        return ListPage(contacts, size)


class MonitoringWorld:
    """A primary with its backup at a CXone that a test gives; the monitor, and what follows events."""

    def __init__(self, aws: AwsWorld, clock: FakeClock, **settings: Any) -> None:
        self.aws, self.clock = aws, clock
        # Noon in New York, on a Tuesday.
        clock.time = datetime.fromisoformat("2026-03-10T16:00:00+00:00")
        self.cxone = GivenCxone(clock)
        self.settings = SteeringSettings.model_validate(settings)
        arn = f"arn:aws:sqs:us-east-1:123456789012:{QUEUE}"
        self.trigger = QueueTrigger(aws.sqs, aws.queue_urls[QUEUE], arn, self.follow)
        self._numbers = count(1)
        self._published: dict[str, Mapping[str, Any]] = {}
        self.start_afresh()
        self.register(PRIMARY, backup_campaign_id=BACKUP)
        self.register(BACKUP)
        self.cxone.states = {PRIMARY: "active", BACKUP: "paused"}
        self.cxone.lists = {"list-primary": 3, "list-backup": 3}

    def start_afresh(self) -> None:
        """Wire everything anew, as a cold start does."""
        self.runtime = WorldRuntime(self.aws, self.clock, QUEUE, {"campaigns": lambda: self.settings})
        cxone = self.cxone
        self.runtime.override("campaigns", read=cxone.read, set_state=cxone.set_state)
        self.runtime.override("metrics", of_campaign=cxone.of_campaign)
        self.runtime.override("contact_lists", page=cxone.page)
        self._follow, self._tick = follower.build(self.runtime), monitor.build(self.runtime)
        state = self.runtime.state
        self.samples, self.switches = Samples(state, TENANT), Switches(state, TENANT)
        self.records, self.abandoned_calls = HealthRecords(state, TENANT), AbandonedCalls(state, TENANT)

    def configure(self, **settings: Any) -> None:
        """Change what is configured about failovers."""
        failover = self.settings.failover.model_dump() | settings
        self.settings = SteeringSettings.model_validate(self.settings.model_dump() | {"failover": failover})

    def register(self, campaign_id: str, **calling: Any) -> None:
        """Register a campaign that dials in New York, every day from 8:00 to 21:00."""
        said = {
            "time_zone": "America/New_York",
            "contact_list_id": f"list-{campaign_id}",
            "seller": "Acme",
            "subject": "renewals",
        }
        registrar = Registrar(self.runtime.registry, self.runtime.outbox, TENANT, self.clock)
        registrar.change(campaign_id, {"calling": said | calling}, new=True)

    def measured(
        self, campaign_id: str, counted: tuple[int, int] | None = None, minutes: float = 30, **said: Any
    ) -> None:
        """Let CXone have measured a campaign just now: calls and successes, or what is said."""
        now = self.clock.now()
        counts = {} if counted is None else {"calls": counted[0], "successful_calls": counted[1]}
        rate = {"success_rate": counted[1] / counted[0]} if counted and counted[0] else {}
        self.cxone.metrics[campaign_id] = CampaignMetrics(
            now - timedelta(minutes=minutes), now, now, **(rate | counts | said)
        )

    def tick(self, seconds: float = 55) -> int:
        """Do what the function does each minute; return how many campaigns it looked at."""
        answer = self._tick({}, Invocation(seconds))  # type: ignore[arg-type]
        return int(answer["looked_at"])

    def minutes(self, number: int, every: int = 1, **measured: tuple[int, int]) -> None:
        """Let minutes pass, with a tick every so many, and with what is measured of campaigns by then."""
        for _ in range(0, number, every):
            self.clock.advance(minutes=every)
            for campaign_id, counted in measured.items():
                self.measured(campaign_id, counted)
            self.tick()

    def follow(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Take a batch, as the function that follows does."""
        answer: dict[str, Any] = self._follow(dict(event), Invocation(60))  # type: ignore[arg-type]
        return answer

    def take(self, *events: Event) -> list[str]:
        """Hand events to the function in one batch; return the ids of the messages that come back."""
        answer = self.follow(sqs_event(QUEUE, *map(message_of, events)))
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def put(self, *events: Event) -> None:
        """Put events on the queue."""
        for event in events:
            self.aws.sqs.send_message(QueueUrl=self.aws.queue_urls[QUEUE], MessageBody=message_of(event))

    def reported(self, campaign_id: str = PRIMARY, **metrics: Any) -> Event:
        """Metrics that CXone reports of now."""
        said = {"lastUpdated": format_time(self.clock.now()), "successRate": 0.2, "activeCalls": 4}
        data = {"campaign_id": campaign_id, "metrics": said | metrics}
        return self.event(EventType.METRICS_UPDATED, data)

    def pulled(
        self, campaign_id: str = PRIMARY, hour: int = 12, generation: int = 0, day: int = 10, **codes: int
    ) -> Event:
        """The fact that an hour's outcomes were pulled, as far as it is read."""
        start = datetime.fromisoformat(f"2026-03-{day:02}T{hour:02}:00:00+00:00")
        data = {
            "job_id": f"{campaign_id}-{day:02}-{hour:02}",
            "campaign_id": campaign_id,
            "window": {"start": format_time(start), "end": format_time(start + timedelta(hours=1))},
            "generation": generation,
            "metrics": {"summary": {"code_distribution": codes}},
        }
        return self.event(EventType.OUTCOMES_PULLED, data)

    def event(self, event_type: str, data: Mapping[str, Any]) -> Event:
        number, now = next(self._numbers), format_time(self.clock.now())
        return Event(f"event-{number}", str(event_type), now, f"about-{number}", TENANT, data)

    def record(self, campaign_id: str = PRIMARY) -> HealthRecord:
        """The health record of a campaign."""
        found = self.records.get(campaign_id)
        assert found is not None
        return found

    def failover(self, campaign_id: str = PRIMARY) -> FailoverRecord:
        """What is kept of a campaign's failover."""
        return self.switches.get(campaign_id)

    def facts(self, event_type: str) -> list[dict[str, Any]]:
        """The data of the facts of a type that the bus has carried, each once."""
        self._published |= {event["event_id"]: event for event in self.aws.published()}
        return [each["data"] for each in self._published.values() if each["event_type"] == event_type]

    def dead(self) -> int:
        """How many messages are in the dead-letter queue."""
        url = self.aws.queue_urls[f"{QUEUE}-dlq"]
        attributes = self.aws.sqs.get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(attributes["Attributes"]["ApproximateNumberOfMessages"])

    def sweep(self) -> int:
        """Publish what was left behind."""
        self.clock.advance(minutes=10)
        return sum(self.runtime.sweep().values())


def sample_of(now: datetime, source: Source = Source.WEBHOOK, minutes: float = 30, **said: Any) -> Sample:
    """A sample of a window that ended and was measured at a moment."""
    return Sample(now - timedelta(minutes=minutes), now, now, source, **said)


def message_of(event: Event) -> str:
    """The body of the message that a rule of the bus makes of an event."""
    return json.dumps({"detail-type": event.event_type, "detail": json.loads(event.to_json())})
