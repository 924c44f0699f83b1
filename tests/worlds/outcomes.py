"""The outcome pull, wired as its functions wire it, on moto and a sandbox tenant; tests move its clock."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from outbound.campaigns.registration import Registrar, Registration
from outbound.clock import Deadline, format_time
from outbound.cxone.adapters import connect
from outbound.cxone.settings import BUDGETS
from outbound.events import Bus, Event, EventType
from outbound.outcomes.corrections import DUE_CORRECTIONS, Corrections
from outbound.outcomes.dispatcher import Dispatcher, job_window
from outbound.outcomes.jobs import DUE_DISPATCH, DUE_LONG_CALLS, Job, Jobs, job_of
from outbound.outcomes.long_calls import LongCalls
from outbound.outcomes.page_writer import PageWriter
from outbound.outcomes.planner import Planner
from outbound.outcomes.puller import Puller
from outbound.outcomes.reporter import Reporter
from outbound.outcomes.requests import PullRequests
from outbound.outcomes.settings import OutcomeSettings
from outbound.queues import TryLater
from outbound.store.lake import Lake
from outbound.store.outbox import DUE_FACTS, Outbox
from outbound.store.registry import Registry
from outbound.store.table import Item, Key
from outbound.sweeper import Duty, Sweeper
from sandbox.running import Tenant
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock

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
        table, clock = self.table, self.clock
        bus = Bus(self.aws.events, ENVIRONMENT["BUS_NAME"], clock)
        self.outbox = Outbox(table, bus)
        self.registry = Registry(table, TENANT)
        self.jobs = Jobs(table, TENANT)
        self.lake = Lake(self.aws.s3, ENVIRONMENT["LAKE_BUCKET"])
        self.dispatcher = Dispatcher(self.aws.sqs, self.aws.queue_urls["pull-outcomes"], self.jobs, clock)
        self.planner = Planner(table, self.registry, self.jobs, self.dispatcher, self.outbox, TENANT, clock)
        self.corrections = Corrections(table, self.jobs, bus, TENANT, clock)
        self.requests = PullRequests(self.planner, self.corrections, bus, clock)
        self.cxone = connect(clock)
        reporter = Reporter(self.jobs, self.lake, TENANT, clock)
        writer = PageWriter(self.lake)
        self.puller = Puller(
            self.cxone.outcomes, self.registry, self.jobs, writer, reporter, self.outbox, clock
        )

    def register(self, campaign_id: str, **fields: Any) -> None:
        """Register a campaign of the tenant."""
        registration = Registration(campaign_id=campaign_id, name=campaign_id, **fields)
        Registrar(self.registry, self.outbox, TENANT, self.clock).register(registration)

    def beat(self) -> None:
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

        def publish(item: Item) -> None:
            self.outbox.publish(Key(item["pk"], item["sk"]), item)

        def dispatch(item: Item) -> None:
            self.dispatcher.send([job_of(item)], self.clock.now())

        duties = [
            Duty(DUE_FACTS, 120, publish),
            Duty(DUE_DISPATCH, 120, dispatch),
            Duty(DUE_CORRECTIONS, 120, self.corrections.request),
            Duty(DUE_LONG_CALLS, 120, LongCalls(self.jobs, self.dispatcher, self.clock).pull_again),
        ]
        return Sweeper(self.table, duties, self.clock).sweep(Deadline(self.clock, 60))

    def pull(self, body: str, seconds: float = 3600) -> TryLater | None:
        """Give one message to a run; give what it said about coming back."""
        campaign_id, window = job_window(body)
        deadline = Deadline(self.clock, seconds)
        self.cxone.http.deadline = deadline
        try:
            self.puller.pull(campaign_id, window, self.settings, deadline)
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
