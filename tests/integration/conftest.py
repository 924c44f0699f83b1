"""One stack for all tests of this folder, on which the scenario was played before the first of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from rich.console import Console

from disposition_load import SMALL as DISPOSITION_LOAD
from integration.listening import Listener
from local import Stack
from outbound.cli.__main__ import main
from outbound.outcomes.job import Job
from outbound.outcomes.jobs import Jobs
from outbound.store.table import Table
from sandbox.running import Receivers, Tenant
from sandbox.world import Campaign, World, read_world
from scenario.cast import Cast, Operator, assembled, world
from scenario.playing import play
from scenario.steps import cxone_document
from scenario.verdict import Verdict

# A whole UTC day of calls, apart from those of the scenario; windows of six hours divide it.
DAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3)
CALLS_A_DAY = 60
# What the tests of this folder pull beside the scenario, each its own.
_ON_THE_SIDE = ("backfilled", "refreshed", "cut-off", "doubled", "killed", "raced", "called-anyway")

Attempt = Callable[..., tuple[int, str, str]]


@dataclass(frozen=True, slots=True)
class Session:
    """The stack with everything around it, what came of the scenario, and who heard all of it."""

    cast: Cast
    verdict: Verdict
    listener: Listener


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the stack; the first test waits for it to be built."""
    for item in items:
        if Path(__file__).parent in item.path.parents and "session" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.stack)
            item.add_marker(pytest.mark.timeout(420))


@pytest.fixture(scope="session")
def session() -> Iterator[Session]:
    """The stack after the scenario: two campaigns pulled under the quota, with a few faults."""
    scenario = read_world(world(3_000, 2, quota=True))
    day = DAY, DAY + timedelta(days=1)
    aside = [Campaign(name, *day, name, CALLS_A_DAY, agents=3) for name in _ON_THE_SIDE]
    aside += [
        Campaign(name, *day, name, contacts=DISPOSITION_LOAD.contacts, agents=3)
        for name in DISPOSITION_LOAD.campaigns
    ]
    with assembled(replace(scenario, campaigns=(*scenario.campaigns, *aside))) as cast:
        listener = Listener(cast.stack)
        verdict = play(_seeing(cast, scenario), quota=True, console=Console(quiet=True))
        cast.tenant.clear_faults()
        cast.receivers.clear_faults()
        cast.operator.configure("cxone", _with_room(cxone_document(cast.tenant.url, quota=True)))
        yield Session(cast, verdict, listener)


def _with_room(settings: dict[str, Any]) -> dict[str, Any]:
    """Leave room below the tenant's ten calls a second: others use the processors, and calls arrive late."""
    return settings | {"budgets": {**settings["budgets"], "contacts": {"calls": 8}}}


def _seeing(cast: Cast, part: World) -> Cast:
    """Give the cast as if this part of the world were all of it."""
    return replace(cast, tenant=Tenant(cast.tenant.url, part))


@pytest.fixture(scope="session")
def stack(session: Session) -> Stack:
    """The deployed stack."""
    return session.cast.stack


@pytest.fixture(scope="session")
def operator(session: Session) -> Operator:
    """Somebody with the operator's command."""
    return session.cast.operator


@pytest.fixture
def attempt(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Attempt:
    """Run `outbound` in this process, for many small refusals: `code, said, complained = attempt(...)`."""
    for name, value in operator.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture(scope="session")
def listener(session: Session) -> Listener:
    """Who heard every event since the stack is up."""
    return session.listener


@pytest.fixture
def tenant(session: Session) -> Iterator[Tenant]:
    """The CXone tenant; a test's faults end with it."""
    yield session.cast.tenant
    session.cast.tenant.clear_faults()


@pytest.fixture
def receivers(session: Session) -> Iterator[Receivers]:
    """CRM, warehouse and WFM; a test's faults end with it."""
    yield session.cast.receivers
    session.cast.receivers.clear_faults()


@pytest.fixture(scope="session")
def table(stack: Stack) -> Table:
    """The state table."""
    return Table(stack.client("dynamodb"), stack.outputs["StateTable"])


@pytest.fixture(scope="session")
def jobs_of(stack: Stack, table: Table) -> Callable[[str], list[Job]]:
    """Give a campaign's jobs in the order of their windows: `jobs_of("spring-renewals")`."""
    jobs = Jobs(table, stack.outputs["Tenant"])
    return lambda campaign_id: list(jobs.of_campaign(campaign_id))
