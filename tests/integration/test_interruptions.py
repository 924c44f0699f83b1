"""Pulls that are cut off, by the other side or by their own function's death, go on where they stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from integration.conftest import DAY
from integration.lake import rows_of
from local import Emulator, Stack
from local.stack import eventually
from outbound.clock import format_time
from outbound.outcomes.job import Job
from outbound.store.table import Key, Table
from sandbox.running import Tenant
from sandbox.world import expected_ids
from scenario.cast import Operator
from scenario.chaos import kill
from scenario.steps import CALLS

JobsOf = Callable[[str], list[Job]]

_END = DAY + timedelta(hours=6)
_LONGER_THAN_A_PART = 21


def _start(operator: Operator, campaign_id: str) -> None:
    """Ask for a pull that takes a handful of pages."""
    operator.run("campaigns", "register", campaign_id, "--disabled", "--page-size", "4")
    operator.run("outcomes", "pull", campaign_id, "--from", format_time(DAY), "--to", format_time(_END))


def _check_whole(stack: Stack, tenant: Tenant, job: Job) -> None:
    """Check that every call is there once, and that no page was read that was read before."""
    wanted = Counter(expected_ids(tenant.world, job.campaign_id, DAY, _END))
    assert Counter(row["id"] for row in rows_of(stack, job.campaign_id)) == wanted
    asked = [request for request in tenant.requests() if f"campaignId={job.campaign_id}" in request.query]
    pages = [request.query for request in asked if request.status == 200]
    assert len(pages) == len(set(pages)) == job.position.page > 2


def _kill_function(emulator: Emulator, name: str) -> None:
    """Kill the processes in which the emulator runs a function, as nothing can be prepared for."""
    found = emulator.function_processes(name)
    assert found
    for pid in found:
        kill(pid)


def _let_its_lease_run_out(table: Table, job: Job) -> None:
    """Let the time pass after which a run counts as dead and its job's message as lost."""
    key = Key(f"main#job#{job.campaign_id}", f"{job.start:%Y%m%dT%H%M%SZ}-{job.end:%Y%m%dT%H%M%SZ}")
    table.update(key, "SET #lease_until = :past, #due_at = :past", {":past": 1}, "attribute_exists(#pk)")


def test_a_run_that_is_killed_is_gone_on_with_at_its_checkpoint(
    stack: Stack, operator: Operator, tenant: Tenant, table: Table, jobs_of: JobsOf
) -> None:
    # A part is written when it is as old as it may become, and checked off with its two pages.
    tenant.add_fault({"delay": _LONGER_THAN_A_PART}, path=CALLS, query={"campaignId": "killed"}, nth=2)
    tenant.add_fault({"delay": 15, "cut": "before"}, path=CALLS, query={"campaignId": "killed"}, nth=3)
    _start(operator, "killed")
    eventually(lambda: jobs_of("killed")[0].position.page == 2, seconds=60)
    _kill_function(stack.emulator, "pull_outcomes")
    (killed,) = jobs_of("killed")
    assert (killed.status, killed.position.page) == ("running", 2)

    _let_its_lease_run_out(table, killed)
    assert stack.invoke("sweep", {})["dispatch"] >= 1
    eventually(lambda: jobs_of("killed")[0].status == "completed", seconds=30)
    (job,) = jobs_of("killed")
    assert job.fence == killed.fence + 1
    _check_whole(stack, tenant, job)


def test_a_run_that_is_cut_off_by_the_other_side_loses_nothing(
    stack: Stack, operator: Operator, tenant: Tenant, jobs_of: JobsOf
) -> None:
    tenant.add_fault({"cut": "body"}, path=CALLS, query={"campaignId": "cut-off"}, nth=2)
    tenant.add_fault({"cut": "before"}, path=CALLS, query={"campaignId": "cut-off"}, nth=3)
    _start(operator, "cut-off")
    eventually(lambda: [job.status for job in jobs_of("cut-off")] == ["completed"], seconds=45)
    assert [fault["hit"] for fault in tenant.faults()] == [1, 1]
    _check_whole(stack, tenant, jobs_of("cut-off")[0])
