"""`outbound outcomes`: backfills, the jobs that they become, and the gaps that are left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integration.conftest import DAY, Attempt
from integration.lake import rows_of
from integration.listening import Listener
from local import Stack
from local.stack import eventually
from outbound.clock import format_time
from outbound.outcomes.job import Job
from sandbox.running import Tenant
from sandbox.world import expected_ids
from scenario.cast import Operator

JobsOf = Callable[[str], list[Job]]

_FROM = format_time(DAY)
_MIDDAY = format_time(DAY + timedelta(hours=12))
_TO = format_time(DAY + timedelta(days=1))


def _pull(operator: Operator, campaign_id: str, start: str, end: str, *more: str) -> Any:
    return operator.run("outcomes", "pull", campaign_id, "--from", start, "--to", end, *more)


def _completed(jobs_of: JobsOf, campaign_id: str, generation: int = 1) -> list[Job]:
    """Wait until a campaign has jobs, and all of them ended well after that many pulls."""

    def ended() -> list[Job] | None:
        jobs = jobs_of(campaign_id)
        done = [job for job in jobs if job.status == "completed" and job.generation >= generation]
        return jobs if len(done) == len(jobs) else None

    return eventually(ended, seconds=45)


def _is_planned(stack: Stack, listener: Listener, request_id: str) -> None:
    """Wait until plan_pulls is done with a request."""
    eventually(lambda: any(event["event_id"] == request_id for event in listener.heard()))
    eventually(lambda: stack.queue_depth(stack.outputs["PlanPullsQueueUrl"]) == 0)


def test_a_backfill_pulls_a_window_that_nobody_had_planned(
    operator: Operator, jobs_of: JobsOf, stack: Stack, tenant: Tenant
) -> None:
    operator.run("campaigns", "register", "backfilled", "--disabled", "--start", _FROM)
    gaps = operator.run("outcomes", "gaps", "backfilled")
    assert [(gap["start"], gap["why"]) for gap in gaps] == [(_FROM, "not planned")]

    asked = _pull(operator, "backfilled", _FROM, _MIDDAY)
    assert asked["start"] == _FROM
    assert asked["refresh"] is False
    eventually(lambda: jobs_of("backfilled"))
    _completed(jobs_of, "backfilled")

    rows = operator.run("outcomes", "jobs", "backfilled", "--since", _FROM)
    assert [(row["start"], row["state"], row["origin"]) for row in rows] == [
        (format_time(DAY + timedelta(hours=6)), "completed", "request"),
        (_FROM, "completed", "request"),
    ]
    half_a_day = DAY, DAY + timedelta(hours=12)
    wanted = Counter(expected_ids(tenant.world, "backfilled", *half_a_day))
    assert Counter(row["id"] for row in rows_of(stack, "backfilled")) == wanted
    assert sum(row["records"] for row in rows) == wanted.total() > 0
    (gap, *_) = operator.run("outcomes", "gaps", "backfilled")
    assert (gap["start"], gap["why"]) == (_MIDDAY, "not planned")


def test_a_window_that_is_pulled_is_pulled_again_only_with_refresh(
    operator: Operator, jobs_of: JobsOf, listener: Listener, stack: Stack
) -> None:
    operator.run("campaigns", "register", "refreshed", "--disabled")
    _pull(operator, "refreshed", _FROM, format_time(DAY + timedelta(hours=6)))
    eventually(lambda: jobs_of("refreshed"))
    (before,) = _completed(jobs_of, "refreshed")
    parts = rows_of(stack, "refreshed")

    again = _pull(operator, "refreshed", _FROM, format_time(DAY + timedelta(hours=6)))
    _is_planned(stack, listener, again["request_id"])
    assert jobs_of("refreshed") == [before]

    _pull(operator, "refreshed", _FROM, format_time(DAY + timedelta(hours=6)), "--refresh")
    eventually(lambda: jobs_of("refreshed")[0].generation == 2)
    (after,) = _completed(jobs_of, "refreshed", generation=2)
    assert rows_of(stack, "refreshed") == parts
    assert after.result["manifest"] == before.result["manifest"]
    eventually(lambda: len(listener.heard("outcomes.pulled", campaign_id="refreshed")) == 2)


@pytest.mark.parametrize(
    ("campaign_id", "start", "end", "field"),
    [
        ("backfilled", "2026-01-31T08:00:00", _TO, "--from"),
        ("backfilled", _TO, _FROM, "start"),
        ("backfilled", _FROM, "2999-01-01T00:00:00Z", "end"),
        ("backfilled", "2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z", "start"),
        ("not registered", _FROM, _TO, "campaign_id"),
        ("not-registered", _FROM, _TO, "campaign_id"),
    ],
)
def test_a_backfill_that_cannot_be_is_refused_by_its_field(
    campaign_id: str, start: str, end: str, field: str, attempt: Attempt, listener: Listener
) -> None:
    requests = len(listener.heard("outcomes.pull.requested"))
    code, _, complained = attempt("outcomes", "pull", campaign_id, "--from", start, "--to", end)
    assert code == 2
    assert complained.startswith(f"outbound: {field}: ")
    assert len(listener.heard("outcomes.pull.requested")) == requests


def test_jobs_of_a_campaign_that_is_not_registered_are_refused(operator: Operator) -> None:
    said = operator.attempt("outcomes", "jobs", "not-registered")
    assert said.returncode == 2
    assert "outbound campaigns register not-registered" in said.stderr


def test_a_campaign_that_is_pulled_from_its_start_on_has_no_gap_before_its_last_beat(
    operator: Operator,
) -> None:
    (campaign,) = (row for row in operator.run("campaigns", "list") if row["campaign_id"] == "win-back")
    since = format_time(datetime.now(UTC) - timedelta(hours=19))
    gaps = operator.run("outcomes", "gaps", "win-back", "--since", since)
    assert [(gap["start"], gap["why"]) for gap in gaps] == [(campaign["planned_until"], "not planned")]
