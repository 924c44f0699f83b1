"""Runs whose steps are cut off anywhere, or refused once, end as if nothing had happened."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from faults import check_every_cut, check_every_refusal, fresh, until_quiet

from outbound.archive.runs import OPEN
from sandbox.running import Tenant
from worlds.archive import CAMPAIGN, DEFINITION, ArchiveWorld, give_world
from worlds.aws import AwsWorld, FakeClock
from worlds.state_machine import execute

# From which state to which the work is disturbed, of a campaign with so many attempts, so many of which CXone
# does not archive at first.
_STORIES: dict[str, tuple[str, str, int, int]] = {
    "collecting": ("Collect", "Hold", 6, 0),
    "pausing": ("Hold", "Send", 1, 0),
    "sending": ("Send", "Release", 2, 1),
    "ending": ("Release", "", 1, 0),
}


class _Reached(Exception):
    """A state at which the test stops."""


def _build(tenant: Tenant, story: str) -> Callable[[AwsWorld, FakeClock], ArchiveWorld]:
    state, _, count, failing = _STORIES[story]

    def build(aws: AwsWorld, clock: FakeClock) -> ArchiveWorld:
        world = give_world(aws, clock, tenant, count, {"page_size": 4})
        tenant.fail_attempts(CAMPAIGN, tenant.attempts(CAMPAIGN).left[:failing])
        world.ask(request_id="r1")
        _walk(world, until=state)
        return world

    return build


def _walk(world: ArchiveWorld, until: str) -> None:
    """Let AWS walk a run's execution up to a state; each step is a call of the function."""

    def before(state: str) -> None:
        if state == until:
            raise _Reached

    run = world.current()
    given = {"run": {"campaign_id": run.campaign_id, "run_id": run.run_id, "attempt": run.attempt}}
    try:
        execute(DEFINITION, given, world.step, world.clock, before)
    except _Reached:
        return


def _recover(world: ArchiveWorld) -> None:
    """AWS says that the execution has ended; the sweeper sweeps; the next start resumes the run."""
    for _ in range(5):
        world.clock.advance(minutes=20)
        world.start_afresh()
        run = world.last()
        if run.status not in OPEN:
            break
        world.execution_ended(run, "ABORTED")
        world.clock.advance(minutes=20)
        until_quiet(lambda: sum(world.sweep().values()))
        world.ask()
        world.execute()
    world.clock.advance(minutes=20)
    until_quiet(lambda: sum(world.sweep().values()))


def _state(world: ArchiveWorld) -> object:
    run, attempts = world.last(), world.tenant.attempts(CAMPAIGN)
    times = ("rounds", "pauses", "executions", "finished_at")
    facts = {fact["event_id"]: fact for fact in world.aws.published()}.values()
    said = [
        (fact["event_type"], fact["event_id"], fact["data"].get("archived_count"))
        for fact in facts
        if fact["event_type"] not in ("archive.interrupted", "campaign.registered")
    ]
    return (
        {name: value for name, value in run.summary.items() if name not in times},
        (attempts.archived, attempts.left),
        world.copies(),
        [(batch.status, batch.archived, batch.left) for batch in world.batches.all(run.run_id)],
        world.dials(),
        world.holds.of_campaign(CAMPAIGN),
        world.runs.current(CAMPAIGN),
        sorted(said, key=str),
    )


def _work(story: str) -> Callable[[ArchiveWorld], None]:
    return lambda world: _walk(world, until=_STORIES[story][1])


# Some minutes each; a pause that is cut off is what must not wait for the full sizes.
_LONG = {"collecting", "sending", "ending"}


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "story", [pytest.param(one, marks=[pytest.mark.load] if one in _LONG else []) for one in _STORIES]
)
def test_a_run_ends_as_undisturbed_wherever_it_is_cut_off(tenant_process: Tenant, story: str) -> None:
    checked = check_every_cut(fresh(_build(tenant_process, story)), _work(story), _recover, _state)
    assert checked.runs >= 8


# Some minutes each; what is refused is met by the retries of the workflow as well as by the called code.
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("story", [pytest.param(one, marks=pytest.mark.load) for one in _STORIES])
def test_a_run_ends_as_undisturbed_wherever_a_call_is_refused(tenant_process: Tenant, story: str) -> None:
    assert check_every_refusal(fresh(_build(tenant_process, story)), _work(story), _recover, _state).runs > 10
