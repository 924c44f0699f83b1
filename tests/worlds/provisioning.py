"""The provisioning of campaigns, wired as its function wires it, on moto and a sandbox tenant."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from itertools import count
from typing import Any

from faults import QueueTrigger

from outbound.calling.settings import ComplianceSettings
from outbound.campaigns.provisioner import Provisioner
from outbound.campaigns.provisions import Provision, Provisions
from outbound.campaigns.registration import Registrar
from outbound.clock import Deadline, format_time
from outbound.cxone.errors import NotFound
from outbound.cxone.ports.contact_lists import ListPage
from outbound.events import Event
from outbound.queues import work
from sandbox.running import Tenant
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock, Invocation, sqs_event
from worlds.runtime import WorldRuntime
from worlds.subscriptions import configure

QUEUE = "provision-campaigns"
BACKUP = "backup"


def plan(**changed: Any) -> dict[str, Any]:
    """A plan that complies; a field that is changed to None is left out."""
    document = {
        "name": "Spring renewals",
        "description": "Renewals of the spring",
        "purpose": "telemarketing",
        "seller": "Acme",
        "subject": "renewals",
        "contact_list_id": "list-1",
        "queue_id": "default_outbound_queue",
        "time_zone": "America/New_York",
        "predictive": {
            "answer_ratio": 0.85,
            "max_calls_in_flight": 50,
            "call_rate": 12.0,
            "abandonment_threshold": 0.02,
        },
        "hours": {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "9:00", "end": "20:00"},
        "caps": {"per_day": 1, "per_week": 3, "campaign_per_day": 5000},
        "failover": {
            "enabled": True,
            "threshold_type": "success_rate",
            "threshold_value": 0.15,
            "window_minutes": 30,
        },
        "backup_campaign_id": BACKUP,
        "states": ["NY", "OH"],
    }
    return {name: value for name, value in {**document, **changed}.items() if value is not None}


class ProvisioningWorld:
    """The ledger, the queue before it, the bus behind it, and a tenant with a backup and lists."""

    def __init__(self, aws: AwsWorld, clock: FakeClock, tenant: Tenant) -> None:
        self.aws = aws
        self.clock = clock
        self.tenant = tenant
        tenant.reset()
        tenant.clear_faults()
        configure(aws, tenant.url)
        self.lists: dict[str, int] = {"list-1": 3, "empty": 0}
        self.rules = ComplianceSettings()
        arn = f"arn:aws:sqs:us-east-1:123456789012:{QUEUE}"
        self.trigger = QueueTrigger(aws.sqs, aws.queue_urls[QUEUE], arn, self.handle)
        self._numbers = count(1)
        self.start_afresh()

    def start_afresh(self) -> None:
        """Wire everything anew, as a cold start does."""
        self.runtime = WorldRuntime(self.aws, self.clock, QUEUE, {"compliance": lambda: self.rules})
        self.runtime.override("contact_lists", page=self._page)
        self.provisions = Provisions(self.runtime.state, self.runtime.tenant)
        self.registry = self.runtime.registry

    @property
    def registrar(self) -> Registrar:
        return Registrar(self.registry, self.runtime.outbox, ENVIRONMENT["TENANT"], self.clock)

    def _page(self, list_id: str, query: str, page: int, page_size: int) -> ListPage:
        if list_id not in self.lists:
            raise NotFound(f"there is no list {list_id}")
        size = self.lists[list_id]
        # Who they are is not looked at.
        contacts: list[Any] = [f"c{number}" for number in range(min(size, page_size))]
        return ListPage(contacts, size)

    def requested(self, event_id: str = "", **changed: Any) -> Event:
        """A request of now; an id that is given is that of an earlier request, sent once more."""
        return self.event(plan(**changed), event_id)

    def event(self, document: Mapping[str, Any], event_id: str = "") -> Event:
        event_id = event_id or f"request-{next(self._numbers)}"
        now = format_time(self.clock.now())
        return Event(event_id, "campaign.provision.requested", now, event_id, ENVIRONMENT["TENANT"], document)

    def handle(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Take a batch, as the function does."""
        deadline = Deadline(self.clock, 50)
        take = partial(Provisioner.of(self.runtime, deadline).take, deadline=deadline)
        return work(event, self.runtime.queue, take, Invocation(60))

    def take(self, *events: Event) -> list[str]:
        """Hand events to the function in one batch; return the ids of the messages that come back."""
        answer = self.handle(sqs_event(QUEUE, *(message(event) for event in events)))
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def put(self, *events: Event) -> None:
        """Put events on the queue."""
        for event in events:
            self.aws.sqs.send_message(QueueUrl=self.aws.queue_urls[QUEUE], MessageBody=message(event))

    def provision(self, name: str = "Spring renewals") -> Provision:
        """What the ledger has of a campaign."""
        found = self.provisions.get(name)
        assert found is not None
        return found

    def sweep(self) -> int:
        """Publish what was left behind."""
        self.clock.advance(minutes=10)
        return sum(self.runtime.sweep().values())


def message(event: Event) -> str:
    """The body of the message that a rule of the bus makes of an event."""
    return json.dumps({"detail-type": event.event_type, "detail": json.loads(event.to_json())})
