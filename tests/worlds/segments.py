"""Segmentation and suppression, wired as their functions wire them, on moto and a sandbox tenant."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from faults import QueueTrigger

from outbound.calling.attempts import RecentAttempts
from outbound.calling.places import Places
from outbound.calling.segment_index import SegmentIndex
from outbound.calling.settings import ComplianceSettings
from outbound.clock import format_time
from outbound.consent.recorder import ConsentRecorder
from outbound.cxone.settings import BUDGETS
from outbound.events import Event, event_of_type
from outbound.events.types import EventType
from outbound.segments import segmenter, suppressor
from outbound.segments.runs import SegmentRun, SegmentRuns
from outbound.segments.settings import SegmentSettings
from outbound.store.consents import Consents
from outbound.store.registry import Registry, registration_fields
from sandbox.running import Tenant
from worlds.aws import ENVIRONMENT, AwsWorld, Invocation
from worlds.runtime import WorldRuntime

QUEUE, CHANGES = "segment-contacts", "suppress-contacts"
CAMPAIGN, LIST = "renewals", "renewals-list"
NOON = datetime(2026, 3, 10, 17, tzinfo=UTC)
PROFILE = {
    "purpose": "informational",
    "seller": "Acme",
    "subject": "renewals",
    "contact_list_id": LIST,
}


def surface_at(tenant_url: str) -> dict[str, Any]:
    """Where the campaigns' surface is, on a sandbox tenant."""
    scopes = ["omnichannel:contactlists:read", "omnichannel:campaigns:read"]
    return {
        "base_url": tenant_url,
        "token": {"url": f"{tenant_url}/api/v2/oauth/token", "scopes": scopes},
    }


class SegmentWorld:
    """Lists of a tenant, the ledger of consent, the queues of requests and of changes, and the bus."""

    def __init__(
        self, aws: AwsWorld, clock: Any, tenant: Tenant, list_id: str = LIST, **settings: Any
    ) -> None:
        self.aws = aws
        self.clock = clock
        self.tenant = tenant
        self.list_id = list_id
        self.settings = SegmentSettings.model_validate(settings)
        self.compliance = ComplianceSettings(accept_bare_consent=True)
        budgets = {name: budget.model_dump() | {"enforced": False} for name, budget in BUDGETS.items()}
        document = {"surfaces": {"campaigns": surface_at(tenant.url)}, "budgets": budgets}
        name, value = "/outbound/config/cxone", json.dumps(document)
        aws.ssm.put_parameter(Name=name, Type="String", Overwrite=True, Value=value)
        client = tenant.world.clients[0]
        secret = {"client_id": client.client_id, "client_secret": client.client_secret}
        aws.secrets.put_secret_value(SecretId=ENVIRONMENT["CXONE_SECRET"], SecretString=json.dumps(secret))
        self.trigger = self._trigger(QUEUE, self.segment)
        self.change_trigger = self._trigger(CHANGES, self.suppress)
        self.seconds = 120.0
        self._numbers = count()
        self.start_afresh()
        self.register()

    def start_afresh(self) -> None:
        """Wire everything anew, as a cold start does."""
        given = {"segments": lambda: self.settings, "compliance": lambda: self.compliance}
        self.runtime = WorldRuntime(self.aws, self.clock, QUEUE, given)
        self.changes_runtime = WorldRuntime(self.aws, self.clock, CHANGES, given)
        self.runs = SegmentRuns(self.runtime.state, self.runtime.tenant)
        self.index = SegmentIndex(self.runtime.state, self.runtime.lake, self.runtime.tenant)

    def register(self, campaign_id: str = CAMPAIGN, **profile: Any) -> None:
        """Register a campaign with what it says of its calls."""
        registry = Registry(self.runtime.state, self.runtime.tenant)
        now = self.clock.now()
        fact = event_of_type(EventType.CAMPAIGN_REGISTERED, self.runtime.tenant, now, [campaign_id], {})
        calling = {**PROFILE, "contact_list_id": self.list_id, **profile}
        fields = registration_fields("", (), 1000, None, True, calling)
        registry.register(campaign_id, fields, registry.revision(campaign_id), fact, now)
        # Its fact is another capability's matter.
        self.runtime.state.update(registry.key(campaign_id), "REMOVE #facts, #due_kind, #due_at", {})

    def segment(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Take a batch of requests, as the function does."""
        answer: dict[str, Any] = segmenter.build(self.runtime)(dict(event), Invocation(self.seconds))  # type: ignore[arg-type]
        return answer

    def segment_briefly(self, seconds: float = 17) -> None:
        """Let the function take what is on the queue, with time for one page: it hands over then."""
        self.seconds, whole = seconds, self.seconds
        try:
            self.trigger.poll()
        finally:
            self.seconds = whole

    def suppress(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Take a batch of changes, as the function does."""
        answer: dict[str, Any] = suppressor.build(self.changes_runtime)(dict(event), Invocation())  # type: ignore[arg-type]
        return answer

    def requested(self, campaign_id: str = CAMPAIGN, **attributes: str) -> Event:
        """A request for a segment."""
        number = f"request-{next(self._numbers)}"
        data = {"campaign_id": campaign_id, "attributes": attributes}
        tenant, now = self.runtime.tenant, self.clock.now()
        return event_of_type(EventType.SEGMENT_REQUESTED, tenant, now, [number], data)

    def put(self, *events: Event, queue: str = QUEUE) -> None:
        """Put events on a queue."""
        for event in events:
            self.aws.sqs.send_message(QueueUrl=self.aws.queue_urls[queue], MessageBody=message(event))

    def run(self, *events: Event, rounds: int = 20) -> None:
        """Work off requests until nothing comes back."""
        self.put(*events)
        for _ in range(rounds):
            if not self.trigger.poll():
                return
            self.trigger.let_time_pass()
            self.clock.advance(seconds=1)
        raise AssertionError("the queue is not empty")

    def run_of(self, event: Event, campaign_id: str = CAMPAIGN) -> SegmentRun:
        """The run of a request."""
        run = self.runs.get(campaign_id, self.runs.name(campaign_id, event.event_id))
        assert run is not None
        return run

    def rows(self, run_id: str) -> dict[str, dict[str, Any]]:
        """Every row of a run, by contact."""
        parts = self.runtime.state.query(f"{self.runtime.tenant}#segment-part#{run_id}", "part#")
        rows = [row for part in parts for row in self.runtime.lake.read_lines(part["key"])]
        found = {row["contact_id"]: row for row in rows}
        assert len(found) == len(rows), "a contact is there twice"
        return found

    @property
    def places(self) -> Places:
        return Places(self.index)

    @property
    def attempts(self) -> RecentAttempts:
        return RecentAttempts(self.runtime.state, self.runtime.tenant)

    def grant(self, *contact_ids: str) -> None:
        """Let contacts have agreed long ago, all in the same way."""
        self.consent("granted", contact_ids[0], minutes=-6000)
        ledger = Consents(self.runtime.consent, self.runtime.tenant, self.clock)
        granted = self.runtime.consent.get(ledger.state_key(contact_ids[0])) or {}
        for contact_id in contact_ids[1:]:
            self.runtime.consent.put(ledger.state_key(contact_id), granted)
        self.aws.published()

    def consent(self, change: str, *contact_ids: str, minutes: float = -60, **more: str) -> None:
        """Record a change of consent of contacts, one by one."""
        recorder = ConsentRecorder.of(self.runtime)
        for contact_id in contact_ids:
            number = next(self._numbers)
            moment = format_time(NOON + timedelta(minutes=minutes))
            data = {
                "contact_id": contact_id,
                "change": change,
                "source": "test",
                "occurred_at": moment,
                **more,
            }
            recorder.record(
                Event(f"change-{number}", "consent.changed", moment, "delivery", self.runtime.tenant, data)
            )

    def recorded(self) -> list[Event]:
        """The changes of consent that the bus has carried, as a rule hands them over."""
        return [Event.from_detail(detail) for detail in self.aws.published("consent.recorded")]

    def _trigger(self, queue: str, handle: Any) -> QueueTrigger:
        arn = f"arn:aws:sqs:us-east-1:123456789012:{queue}"
        return QueueTrigger(self.aws.sqs, self.aws.queue_urls[queue], arn, handle)


def message(event: Event) -> str:
    """The body of the message that a rule of the bus makes of an event."""
    return json.dumps({"detail-type": event.event_type, "detail": json.loads(event.to_json())})
