"""The applying of dispositions, wired as its function wires it, on moto and a sandbox tenant."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

from faults import QueueTrigger

from outbound.clock import Deadline, format_time
from outbound.cxone.adapters import Cxone
from outbound.cxone.settings import BUDGETS
from outbound.dispositions.applier import Applier
from outbound.dispositions.grouping import by_contact
from outbound.dispositions.ledger import DispositionLedger
from outbound.dispositions.settings import DispositionSettings
from outbound.events import Event
from outbound.queues import work_side_by_side
from sandbox.clients import Contact
from sandbox.running import Tenant
from sandbox.world import agents_of, contacts_of
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock, Invocation, sqs_event
from worlds.runtime import WorldRuntime

QUEUE = "apply-dispositions"
CAMPAIGN = "renewals"
DELIVERY = "delivery-1"
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)

# Each world takes contacts that no other has touched: the tenant remembers what was written to them.
_contacts = count()


def surface_at(tenant_url: str) -> dict[str, Any]:
    """Where the dispositions' surface is, on a sandbox tenant."""
    scopes = ["outbound:campaign:write", "outbound:contact:write", "outbound:disposition:write"]
    return {
        "base_url": tenant_url,
        "token": {"url": f"{tenant_url}/api/v1/oauth2/token", "scopes": scopes},
    }


class DispositionWorld:
    """The ledger, the queue before it, the bus behind it, and a tenant with contacts."""

    def __init__(self, aws: AwsWorld, clock: FakeClock, tenant: Tenant, **settings: Any) -> None:
        self.aws = aws
        self.clock = clock
        self.tenant = tenant
        self.settings = DispositionSettings.model_validate(settings)
        budgets = {name: budget.model_dump() | {"enforced": False} for name, budget in BUDGETS.items()}
        document = {"surfaces": {"dispositions": surface_at(tenant.url)}, "budgets": budgets}
        name, value = "/outbound/config/cxone", json.dumps(document)
        aws.ssm.put_parameter(Name=name, Type="String", Overwrite=True, Value=value)
        client = tenant.world.clients[0]
        secret = {"client_id": client.client_id, "client_secret": client.client_secret}
        aws.secrets.put_secret_value(SecretId=ENVIRONMENT["CXONE_SECRET"], SecretString=json.dumps(secret))
        arn = f"arn:aws:sqs:us-east-1:123456789012:{QUEUE}"
        self.trigger = QueueTrigger(aws.sqs, aws.queue_urls[QUEUE], arn, self.handle)
        self.agent = agents_of(tenant.world, CAMPAIGN)[0]
        self._ids: dict[str, str] = {}
        self.start_afresh()

    def start_afresh(self) -> None:
        """Wire everything anew, as a cold start does."""
        given = {"dispositions": lambda: self.settings}
        self.runtime = WorldRuntime(self.aws, self.clock, QUEUE, given)
        self.ledger = DispositionLedger(self.runtime.state, self.runtime.tenant)

    @property
    def cxone(self) -> Cxone:
        """The ports of an invocation that begins now."""
        return self.runtime.ports

    def beside(self) -> DispositionWorld:
        """Another application that writes to the same contacts and shares no ledger with this one."""
        other = DispositionWorld(self.aws, self.clock, self.tenant)
        other._ids = self._ids
        other.runtime.tenant = "another-application"
        return other

    def handle(self, event: Mapping[str, Any], at_once: int = 1) -> dict[str, Any]:
        """Take a batch, as the function does."""
        deadline = Deadline(self.clock, 110)
        take = partial(Applier.of(self.runtime, deadline).take, deadline=deadline)
        return work_side_by_side(event, self.runtime.queue, take, Invocation(), by_contact, at_once)

    def put(self, *events: Event) -> None:
        """Put events on the queue."""
        for event in events:
            self.aws.sqs.send_message(QueueUrl=self.aws.queue_urls[QUEUE], MessageBody=message(event))

    def take(self, *events: Event, at_once: int = 1) -> list[str]:
        """Hand events to the function in one batch; return the ids of the messages that come back."""
        answer = self.handle(sqs_event(QUEUE, *(message(event) for event in events)), at_once)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def contact_id(self, name: str = "c1") -> str:
        """The tenant's id of a contact that this world calls by a name."""
        if name not in self._ids:
            self._ids[name] = contacts_of(self.tenant.world, CAMPAIGN)[next(_contacts)]
        return self._ids[name]

    def contact(self, name: str = "c1") -> Contact:
        """A contact as the tenant has it."""
        return self.tenant.contact(CAMPAIGN, self.contact_id(name))

    def requested(self, code: Any = "INTERESTED", minutes: float = 0, **given: Any) -> Event:
        """A request of so many minutes after noon; `contact` names whose, `id` the request."""
        moment = NOON + timedelta(minutes=minutes)
        event_id = given.pop("id", f"{code}@{minutes:g}")
        correlation_id = given.pop("correlation_id", DELIVERY)
        contact = given.pop("contact", "c1")
        data = {
            "campaign_id": CAMPAIGN,
            "contact_id": self.contact_id(contact),
            "outcome_code": code,
            "agent_id": self.agent,
            "occurred_at": format_time(moment),
            **given,
        }
        return Event(
            event_id=event_id,
            event_type="disposition.requested",
            occurred_at=format_time(moment),
            correlation_id=correlation_id,
            tenant=ENVIRONMENT["TENANT"],
            data={name: value for name, value in data.items() if value is not None},
        )

    def suppression(self, reason: str = "consent_revoked", **given: Any) -> Event:
        """A request of the stack itself to suppress a contact; `contact` names whose, `id` the request."""
        event_id = given.pop("id", "suppression")
        contact_id = given.pop("contact_id", None) or self.contact_id(given.pop("contact", "c1"))
        data = {"campaign_id": CAMPAIGN, "contact_id": contact_id, "reason": reason, **given}
        return Event(
            event_id=event_id,
            event_type="contact.suppression.requested",
            occurred_at=format_time(NOON),
            correlation_id=DELIVERY,
            tenant=ENVIRONMENT["TENANT"],
            data=data,
        )

    def endings(self, correlation_id: str = DELIVERY) -> dict[str, str]:
        """How each request ended, or that it waits."""
        return {item["sk"]: item.get("status", "") for item in self.ledger.requests_of(correlation_id)}

    def about(self, request_id: str, correlation_id: str = DELIVERY) -> dict[str, Any]:
        """What the ledger keeps of a request's end."""
        about: dict[str, Any] = self.ledger.get(correlation_id, request_id)["about"]
        return about

    def sweep(self) -> int:
        """Publish what was left behind."""
        self.clock.advance(minutes=10)
        return sum(self.runtime.sweep().values())


def message(event: Event) -> str:
    """The body of the message that a rule of the bus makes of an event."""
    return json.dumps({"detail-type": event.event_type, "detail": json.loads(event.to_json())})
