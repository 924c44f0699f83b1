"""What a segmentation takes, beside getting the same pages of the list and doing nothing with them.

The figure is the whole time, from the request's message to the fact: pages, ledger, attempts, rules, rows,
parts, with every call of AWS. Nothing is taken out. Function, tenant, and emulator share the processors, and
DynamoDB is here a process that reads two items a contact: its processor time, which AWS would spend, is
shown beside, as are the function's own and the bare loop's. The second figure is what the same pages and the
same reads of DynamoDB take one after the other, if nothing is done with them: a segmentation does them side
by side, but its processor time is at least theirs. Each contact's grant is of its own time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import requests

from bench.handlers import handler_named
from bench.measured import Measured, Target
from bench.processes import run
from bench.rounds import rounds
from bench.stage import Stage
from sandbox.running import Tenant, running_tenant
from sandbox.world import contacts_of
from worlds.aws import ENVIRONMENT, sqs_event

if TYPE_CHECKING:
    from worlds.segments import SegmentWorld

NAME = "segment-speed"

TARGET = Target("at most", 2.5)
TOLD = Target("none")
CONTACTS = 40_000
# What CXone's description asks for, and the most that a page may have.
PAGE_SIZES = (100, 1000)
_ROUNDS, _SECONDS = 3, 30
_QUERY = "consentFlags.outbound.call==true"
_ITEMS_A_WRITE = 25


def measure(stage: Stage) -> Iterator[Measured]:
    """Segment a list, in turn with the bare loop; the fastest of each counts."""
    with _segments(stage) as segments:
        for size in PAGE_SIZES:
            yield from segments.measured(size)


class _Segments:
    """A campaign with its list, whose contacts all agreed."""

    def __init__(self, stage: Stage, tenant: Tenant, world: SegmentWorld) -> None:
        self._stage = stage
        self._tenant = tenant
        self._world = world
        self._handler = handler_named("segment_contacts")

    def measured(self, size: int) -> Iterator[Measured]:
        self._stage.configure("segments", {"page_size": size})
        turns = [
            (self._segment(), self._bare_loop(size), self._bare_loop(size, reads=True))
            for _ in rounds(_ROUNDS, _SECONDS)
        ]
        own, bare_own = (min(turn[place]["cpu_seconds"] for turn in turns) for place in (0, 1))
        whole, bare, reading = (
            min((turn[place] for turn in turns), key=lambda one: one["seconds"]) for place in range(3)
        )
        yield Measured(
            f"segmentation of {CONTACTS:,} contacts / bare loop, {size:,} a page",
            whole["seconds"] / bare["seconds"],
            TARGET,
            note=f"{_each(whole['seconds']):.0f} µs / {_each(bare['seconds']):.0f} µs a contact;"
            f" CPU {_each(own):.0f} / {_each(bare_own):.0f}, the emulator's {_each(whole['emulator']):.0f}",
            detail={
                "segment_us_per_contact": round(_each(whole["seconds"]), 1),
                "segment_cpu_us_per_contact": round(_each(own), 1),
                "emulator_cpu_us_per_contact": round(_each(whole["emulator"]), 1),
                "segment_peak_mib": round(whole["peak_kib"] / 1024, 1),
                "bare_us_per_contact": round(_each(bare["seconds"]), 1),
                "bare_cpu_us_per_contact": round(_each(bare_own), 1),
                "ratios": [round(one["seconds"] / other["seconds"], 3) for one, other, _ in turns],
            },
        )
        yield Measured(
            f"bare loop with the reads of DynamoDB / bare loop, {size:,} a page",
            reading["seconds"] / bare["seconds"],
            TOLD,
            note=f"{_each(reading['seconds']):.0f} µs a contact; CPU {_each(reading['cpu_seconds']):.0f}",
            detail={
                "reading_us_per_contact": round(_each(reading["seconds"]), 1),
                "reading_cpu_us_per_contact": round(_each(reading["cpu_seconds"]), 1),
            },
        )

    def _segment(self) -> dict[str, Any]:
        """Let the real function judge the list, in a fresh process."""
        from worlds.segments import message

        request = self._world.requested()
        environment = {**self._handler.environment, **self._stage.environment}
        event = sqs_event("segment-contacts", message(request))
        before = self._stage.emulator_cpu_seconds()
        answer: dict[str, Any] = run("pulling", self._handler.path, environment, event=event)
        answer["emulator"] = self._stage.emulator_cpu_seconds() - before
        found = self._world.run_of(request)
        if answer.pop("answer")["batchItemFailures"] or found.tally.contacts != CONTACTS:
            raise RuntimeError(f"{found.status.value} with {found.tally.contacts} of {CONTACTS} contacts")
        return answer

    def _bare_loop(self, size: int, *, reads: bool = False) -> dict[str, Any]:
        """Get the same pages in a process of its own, with their items if asked, and no more."""
        url = f"{self._tenant.url}/api/v2/omnichannel/contactlists/{self._world.list_id}/contacts"
        parameters = {"query": _QUERY, "pageSize": size, "sortBy": "contactId", "sortOrder": "asc"}
        given = {"url": url, "token": self._token(), "parameters": parameters, "reads": reads}
        environment = {**self._handler.environment, **self._stage.environment}
        answer: dict[str, Any] = run("bare_pages", self._handler.path, environment, **given)
        if answer["records"] != CONTACTS:
            raise RuntimeError(f"the bare loop found {answer['records']} of {CONTACTS} contacts")
        return answer

    def _token(self) -> str:
        client = self._tenant.world.clients[0]
        data = {"grant_type": "client_credentials", "scope": "omnichannel:contactlists:read"}
        data |= {"client_id": client.client_id, "client_secret": client.client_secret}
        answer = requests.post(f"{self._tenant.url}/api/v2/oauth/token", data=data, timeout=10)
        answer.raise_for_status()
        return str(answer.json()["access_token"])


@contextmanager
def _segments(stage: Stage) -> Iterator[_Segments]:
    aws = stage.aws
    # Only now: what is imported there reads the environment.
    from outbound.clock import SystemClock
    from worlds.segments import CAMPAIGN, LIST, SegmentWorld

    campaign = {"id": CAMPAIGN, "contacts": CONTACTS, "from": "-2d", "to": "-1h"}
    listed = {"id": LIST, "campaign_id": CAMPAIGN, "consent": 1.0}
    document = {"quotas": {"campaigns": None}, "campaigns": [campaign], "contact_lists": [listed]}
    with running_tenant(document) as tenant:
        world = SegmentWorld(aws, SystemClock(), tenant)
        world.register(purpose="telemarketing", caps={"per_day": 2, "per_week": 5})
        stage.configure("compliance", {"accept_bare_consent": True})
        _grant(world, contacts_of(tenant.world, CAMPAIGN))
        yield _Segments(stage, tenant, world)


def _grant(world: SegmentWorld, contacts: list[str]) -> None:
    """Let all contacts have agreed, as many a call as DynamoDB takes."""
    world.grant(contacts[0])
    dynamodb, table = world.aws.dynamodb, ENVIRONMENT["CONSENT_TABLE"]
    pk, sk = f"{ENVIRONMENT['TENANT']}#contact#", {"S": "call"}
    first = dynamodb.get_item(TableName=table, Key={"pk": {"S": f"{pk}{contacts[0]}"}, "sk": sk})["Item"]
    for start in range(0, len(contacts), _ITEMS_A_WRITE):
        some = contacts[start : start + _ITEMS_A_WRITE]
        puts = [
            {"PutRequest": {"Item": {**_granted(first, start + place), "pk": {"S": f"{pk}{contact}"}}}}
            for place, contact in enumerate(some)
        ]
        dynamodb.batch_write_item(RequestItems={table: puts})


def _granted(item: dict[str, Any], number: int) -> dict[str, Any]:
    """Let the grant of an item be another event, at another second."""
    moment = (
        f"2026-01-{number // 86_400 + 1:02}T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}"
    )
    told = {"occurred_at": {"S": f"{moment}Z"}, "rank": {"S": f"{moment}.000000Z#0#event-{number}#granted"}}
    return {
        name: {"M": {**value["M"], **told}} if "rank" in value.get("M", {}) else value
        for name, value in item.items()
    }


def _each(seconds: float) -> float:
    return seconds / CONTACTS * 1e6
