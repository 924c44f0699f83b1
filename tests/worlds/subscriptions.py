"""The registration of webhooks, wired as its function wires it, on moto and the sandbox tenant."""

from __future__ import annotations

import json
from typing import Any

from outbound.clock import Deadline
from outbound.cxone.adapters import Cxone
from outbound.cxone.ports.subscriptions import Subscription, Topic
from outbound.cxone.settings import BUDGETS, SURFACES
from outbound.subscriptions.ledger import SubscriptionLedger
from outbound.subscriptions.registrar import SubscriptionRegistrar, SubscriptionResult
from sandbox.running import Tenant
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock
from worlds.runtime import WorldRuntime

HOOK = "https://hooks.example.com/webhooks/cxone"
HOSTS = (
    "https://api.nicecxone.com",
    "https://login.nicecxone.com",
    "https://api.cxone.com",
    "https://{instance}.niceincontact.com",
    "https://api.{region}.nicecxone.com",
)
DIALER_HOST = "https://platform.nicecxone.com"


def surfaces_at(url: str) -> dict[str, Any]:
    """The packaged surfaces with nothing but their hosts changed."""
    text = json.dumps({name: surface.model_dump(mode="json") for name, surface in SURFACES.items()})
    for host in (*HOSTS, DIALER_HOST):
        text = text.replace(host, url)
    surfaces: dict[str, Any] = json.loads(text)
    return surfaces


def configure(aws: AwsWorld, url: str, enforced: bool = False) -> None:
    """Let the stack's access to CXone lead to a tenant of the sandbox."""
    budgets = {name: budget.model_dump() | {"enforced": enforced} for name, budget in BUDGETS.items()}
    document = json.dumps({"surfaces": surfaces_at(url), "budgets": budgets})
    aws.ssm.put_parameter(
        Name="/outbound/config/cxone", Value=document, Type="String", Overwrite=True, Tier="Advanced"
    )
    credentials = {"client_id": "bridge", "client_secret": "sandbox-only"}
    aws.secrets.put_secret_value(SecretId="outbound/cxone", SecretString=json.dumps(credentials))


class SubscriptionWorld:
    """A registrar before a tenant without subscriptions."""

    def __init__(self, aws: AwsWorld, clock: FakeClock, tenant: Tenant, enforced: bool = False) -> None:
        self.aws = aws
        self.clock = clock
        self.tenant = tenant
        tenant.reset()
        configure(aws, tenant.url, enforced)
        self.ledger = SubscriptionLedger(aws.table(), ENVIRONMENT["TENANT"])
        self.start_afresh()

    def start_afresh(self) -> None:
        """Wire everything anew, as a cold start does."""
        self.runtime = WorldRuntime(self.aws, self.clock)
        self.runtime.cxone  # noqa: B018 - an invocation finds it made

    @property
    def cxone(self) -> Cxone:
        """The ports of an invocation that begins now."""
        return self.runtime.ports

    def register(self, topic: Topic = "campaigns", again: bool = False, **changed: Any) -> SubscriptionResult:
        return self.registrar.register(wanted(topic, **changed), again)

    @property
    def registrar(self) -> SubscriptionRegistrar:
        """The registrar of an invocation that begins now."""
        return SubscriptionRegistrar.of(self.runtime, Deadline(self.clock, 3600))

    def sweep(self) -> int:
        self.clock.advance(minutes=10)
        return sum(self.runtime.sweep().values())

    def at_the_tenant(self) -> list[tuple[str, str, str]]:
        return [(one.surface, one.name, one.url) for one in self.tenant.webhooks()]


def wanted(topic: Topic = "campaigns", **changed: Any) -> Subscription:
    """The webhook of a topic, changed where a test says so."""
    fields = {"name": f"outbound {topic}", "url": HOOK, "source": "outbound-bridge/outbound"}
    return Subscription(topic=topic, **{"secret": "hush", **fields, **changed})
