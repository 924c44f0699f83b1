"""The outcome pull, wired as its functions wire it, on moto and a sandbox tenant; tests move its clock."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from moto.moto_api._internal.models import moto_api_backend

from outbound.campaigns.registration import Registrar, Registration
from outbound.clock import Deadline, format_time
from outbound.cxone.adapters import Cxone
from outbound.cxone.settings import BUDGETS
from outbound.events import Event, EventType
from outbound.outcomes.dispatcher import Dispatcher, job_window
from outbound.outcomes.job import Job
from outbound.outcomes.leased_jobs import LeasedJobs
from outbound.outcomes.puller import Puller
from outbound.outcomes.requests import PullRequests
from outbound.outcomes.settings import OutcomeSettings
from outbound.queues import TryLater
from outbound.store.table import Item
from sandbox.running import Tenant
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock
from worlds.runtime import WorldRuntime

MakePulls = Callable[..., "PullWorld"]

TENANT = ENVIRONMENT["TENANT"]
# Messages that come back more often than this within one test are going round in a circle.
_MOST_VISITS = 60


def cxone_document(tenant_url: str, enforced: bool = False) -> dict[str, Any]:
    """The settings document that points the platform's surfaces at a sandbox tenant."""
    surface = {
        "base_url": tenant_url,
        "token": {
            "url": f"{tenant_url}/oauth/token",
            "credentials": "basic",
            "scopes": ["outbound:call:read", "outbound:campaign:read"],
        },
    }
    budgets = {name: budget.model_dump() | {"enforced": enforced} for name, budget in BUDGETS.items()}
    return {"surfaces": {"outcomes": surface}, "budgets": budgets}


class PullWorld:
    """One stack's outcome pull."""

    def __init__(
        self, aws: AwsWorld, tenant: Tenant, clock: FakeClock, settings: Mapping[str, Any] | None = None
    ) -> None:
        self.aws = aws
        self.tenant = tenant
        self.clock = clock
        self.settings = OutcomeSettings.model_validate({"spread_seconds": 0, **(settings or {})})
        aws.ssm.put_parameter(
            Name="/outbound/config/cxone",
            Type="String",
            Overwrite=True,
            Value=json.dumps(cxone_document(tenant.url)),
        )
        client = tenant.world.clients[0]
        secret = {"client_id": client.client_id, "client_secret": client.client_secret}
        aws.secrets.put_secret_value(SecretId=ENVIRONMENT["CXONE_SECRET"], SecretString=json.dumps(secret))
        self.table = aws.table()
        self._requests = count(1)
        self.start_afresh()

    def start_afresh(self) -> None:
        """Wire everything anew, as a new execution environment does: nothing is remembered."""
        self.runtime = WorldRuntime(self.aws, self.clock, "pull-outcomes")
        self.outbox, self.registry, self.lake = self.runtime.outbox, self.runtime.registry, self.runtime.lake
        self.jobs = LeasedJobs(self.table, TENANT)
        self.dispatcher = Dispatcher.of(self.runtime)
        self.requests = PullRequests.of(self.runtime)
        self.runtime.warm_up("cxone")

    @property
    def cxone(self) -> Cxone:
        """The ports of an invocation that begins now."""
        return self.runtime.ports

    def register(self, campaign_id: str, **fields: Any) -> None:
        """Register a campaign of the tenant."""
        registration = Registration(campaign_id=campaign_id, name=campaign_id, **fields)
        Registrar(self.registry, self.outbox, TENANT, self.clock).register(registration)

    def tick(self) -> None:
        """What the schedule does."""
        self.requests.answer(self._event(EventType.PULL_DUE, {}), self.settings)

    def ask(self, campaign_id: Any, start: Any, end: Any, request_id: str = "", **more: Any) -> None:
        """What an operator's request does; each is one of its own, unless it is given an id."""
        times = {
            name: format_time(t) if isinstance(t, datetime) and t.tzinfo else t
            for name, t in (("start", start), ("end", end))
        }
        data = {"campaign_id": campaign_id, **times, **more}
        self.requests.answer(self._event(EventType.PULL_REQUESTED, data, request_id), self.settings)

    def sweep(self) -> dict[str, int]:
        """What the sweeper does every minute."""
        return self.runtime.sweep()

    def pull(self, body: str, seconds: float = 3600) -> TryLater | None:
        """Give one message to a run; give what it said about coming back."""
        campaign_id, window = job_window(body)
        deadline = Deadline(self.clock, seconds)
        try:
            Puller.of(self.runtime, deadline).pull(campaign_id, window, self.settings, deadline)
        except TryLater as later:
            return later
        return None

    def messages(self) -> list[str]:
        """Take the pull jobs off their queue."""
        return [message["Body"] for message in self.aws.drain("pull-outcomes")]

    def work_off(self, bodies: list[str] | None = None) -> None:
        """Give every pull job to runs until it has ended, moving the clock as far as each asks."""
        waiting = list(self.messages() if bodies is None else bodies)
        for _ in range(_MOST_VISITS):
            if not waiting:
                return
            body = waiting.pop(0)
            if later := self.pull(body):
                self.clock.advance(seconds=max(later.seconds, 0))
                waiting.append(body)
        raise AssertionError("pull jobs keep coming back")

    def job_list(self, campaign_id: str) -> list[Job]:
        """The jobs of a campaign, in the order of their windows."""
        return list(self.jobs.of_campaign(campaign_id))

    def rows(self, prefix: str = "outcomes/") -> list[dict[str, Any]]:
        """Every row of the lake below a prefix."""
        return [
            row
            for key in sorted(self.aws.objects("LAKE_BUCKET", prefix))
            for row in self.lake.read_lines(key)
        ]

    def facts(self, event_type: str = "") -> list[dict[str, Any]]:
        """The events that the bus has carried since it was asked last, of one type."""
        return self.aws.published(event_type)

    def end_of(self, campaign_id: str) -> dict[str, dict[str, Any]]:
        """What is left of a campaign's pulls in the end, without what times and tries make of it."""
        return {
            "rows": {key: self.lake.read_lines(key) for key in self.aws.objects("LAKE_BUCKET", "outcomes/")},
            "aside": {
                key: self.lake.read_lines(key) for key in self.aws.objects("LAKE_BUCKET", "set-aside/")
            },
            "manifests": {
                key: _steady(json.loads(body))
                for key, body in self.aws.objects("LAKE_BUCKET", "manifests/").items()
            },
            "jobs": {
                job.job_id: (job.status, job.generation, job.position.page, job.result.get("records"))
                for job in self.job_list(campaign_id)
            },
            "due": {item["sk"]: item.get("due_kind") for item in self.items(campaign_id)},
            "events": {event["event_id"]: event["event_type"] for event in self.facts()},
        }

    def items(self, campaign_id: str) -> list[Item]:
        """The items of a campaign's jobs as they are stored."""
        return list(self.table.query(f"{TENANT}#job#{campaign_id}"))

    def _event(self, event_type: EventType, data: Mapping[str, Any], request_id: str = "") -> Event:
        moment = format_time(self.clock.now())
        event_id = request_id or f"request-{next(self._requests)}"
        return Event(event_id, event_type.value, moment, f"correlation-{event_id}", TENANT, data)


def _steady(manifest: dict[str, Any]) -> dict[str, Any]:
    for name in ("initiated_at", "completed_at"):
        del manifest["audit"][name]
    for name in ("extraction_latency_seconds", "download_success_rate"):
        del manifest["metrics"][name]
    del manifest["duplicates_dropped"]
    return manifest


def hours_ago(clock: FakeClock, hours: float) -> datetime:
    """A moment in whole seconds before the clock's present."""
    return (clock.now() - timedelta(hours=hours)).replace(microsecond=0)


def fresh_aws() -> AwsWorld:
    """Empty moto, and make the stack's resources in it."""
    moto_api_backend.reset()
    return AwsWorld()


def evening() -> datetime:
    """Eight in the evening two days ago."""
    return datetime.now(UTC).replace(hour=20, minute=0, second=0, microsecond=0) - timedelta(days=2)


def make_pulls(
    aws: AwsWorld,
    tenant: Tenant,
    clock: FakeClock,
    *campaigns: dict[str, Any],
    settings: dict[str, Any] | None = None,
    **world: Any,
) -> PullWorld:
    """Give a tenant a world, and wire the pull to it."""
    tenant.reset()
    tenant.clear_faults()
    placed = [
        {**campaign, "from": _at(clock, campaign["from"]), "to": _at(clock, campaign["to"])}
        for campaign in campaigns
    ]
    tenant.use_world({"quotas": {"outbound": None}, "campaigns": placed, **world})
    return PullWorld(aws, tenant, clock, settings)


def _at(clock: FakeClock, hours: float) -> str:
    return (clock.now() + timedelta(hours=hours)).isoformat()
