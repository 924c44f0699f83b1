"""Pulls of whole windows by the real function, and the bare loop over the same pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import requests

from bench.handlers import handler_named
from bench.machine import Others
from bench.processes import run
from bench.stage import Stage
from sandbox.running import Tenant
from sandbox.world import iso
from worlds.aws import sqs_event

if TYPE_CHECKING:
    from worlds.outcomes import PullWorld

# Six hours of yesterday: the longest window that is one job, clear of midnight.
START = datetime.now(UTC).replace(hour=6, minute=0, second=0, microsecond=0) - timedelta(days=1)
END = START + timedelta(hours=6)


@dataclass(frozen=True)
class Pull:
    """What one pull took: wall time, CPU time of its process, and the most memory that was resident.

    `others` is the share of the machine that went to other processes meanwhile.
    """

    seconds: float
    cpu_seconds: float
    peak_kib: int
    others: float
    profile: dict[str, dict[str, float]] = field(default_factory=dict)


class Pulls:
    """Pulls from one tenant."""

    def __init__(self, stage: Stage, tenant: Tenant, world: PullWorld) -> None:
        self._environment = stage.environment
        self._tenant = tenant
        self._world = world
        self._handler = handler_named("pull_outcomes")

    def pull(self, campaign_id: str, page_size: int, *, profile: bool = False) -> Pull:
        """Let the real function pull a campaign that was not pulled before: one job, in a fresh process."""
        self._world.register(campaign_id, page_size=page_size)
        self._world.ask(campaign_id, START, END)
        (message,) = self._world.messages()
        environment = {**self._handler.environment, **self._environment}
        event = sqs_event("pull-outcomes", message)
        with Others() as others:
            answer = run("pulling", self._handler.path, environment, event=event, profile=profile)
        (job,) = self._world.job_list(campaign_id)
        expected = self._tenant.world.campaign(campaign_id).calls
        if answer.pop("answer")["batchItemFailures"] or job.result.get("records") != expected:
            raise RuntimeError(f"{campaign_id}: {job.status} with {job.result} instead of {expected} records")
        return Pull(others=others.share, **answer)

    def bare_loop(self, campaign_id: str, page_size: int) -> dict[str, Any]:
        """Get the same pages of a campaign in a process of its own, and do nothing with them."""
        parameters = {
            "campaignId": campaign_id,
            "startDateTime": iso(START),
            "endDateTime": iso(END),
            "limit": page_size,
        }
        answer = run(
            "bare_loop",
            self._handler.path,
            {},
            url=f"{self._tenant.url}/api/v2/outbound/calls",
            token=self._token(),
            parameters=parameters,
        )
        expected = self._tenant.world.campaign(campaign_id).calls
        if answer["records"] != expected:
            raise RuntimeError(f"{campaign_id}: the bare loop found {answer['records']} of {expected}")
        return answer

    def _token(self) -> str:
        client = self._tenant.world.clients[0]
        answer = requests.post(
            f"{self._tenant.url}/oauth/token",
            data={
                "grant_type": "client_credentials",
                "scope": "outbound:call:read outbound:campaign:read",
            },
            auth=(client.client_id, client.client_secret),
            timeout=10,
        )
        answer.raise_for_status()
        return str(answer.json()["access_token"])


@contextmanager
def pulls_from(stage: Stage, sizes: dict[str, int]) -> Iterator[Pulls]:
    """Run a tenant without quota whose campaigns have so many calls each."""
    campaigns = [
        {"id": name, "calls": calls, "from": iso(START), "to": iso(END)} for name, calls in sizes.items()
    ]
    with stage.tenant({"quotas": {"outbound": None}, "campaigns": campaigns}) as (tenant, world):
        yield Pulls(stage, tenant, world)
