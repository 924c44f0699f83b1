"""`outbound outcomes`: why a job waits is seen at once, and once it is fixed a command releases it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from sandbox.running import running_tenant
from sandbox.world import iso
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock
from worlds.command import Command
from worlds.outcomes import PullWorld, hours_ago

SPRING = {"id": "spring", "calls": 60, "agents": 3}


@pytest.fixture
def world(aws: AwsWorld, clock: FakeClock) -> Iterator[PullWorld]:
    campaign = {**SPRING, "from": iso(hours_ago(clock, 4)), "to": iso(hours_ago(clock, 3))}
    with running_tenant(
        {"quotas": {"outbound": None}, "retention_days": 3650, "campaigns": [campaign]}
    ) as tenant:
        world = PullWorld(aws, tenant, clock)
        world.register("spring", enabled=False)
        world.ask("spring", hours_ago(clock, 4), hours_ago(clock, 3))
        yield world


def _wrong_credentials(world: PullWorld) -> dict[str, str]:
    secret = world.aws.secrets.get_secret_value(SecretId=ENVIRONMENT["CXONE_SECRET"])["SecretString"]
    wrong = json.dumps({**json.loads(secret), "client_secret": "mistyped"})
    world.aws.secrets.put_secret_value(SecretId=ENVIRONMENT["CXONE_SECRET"], SecretString=wrong)
    world.start_afresh()
    right: dict[str, str] = json.loads(secret)
    return right


def _mended(world: PullWorld, right: dict[str, str]) -> None:
    world.aws.secrets.put_secret_value(SecretId=ENVIRONMENT["CXONE_SECRET"], SecretString=json.dumps(right))
    world.start_afresh()


def test_wrong_credentials_show_after_the_first_run(world: PullWorld, outbound: Command) -> None:
    _wrong_credentials(world)
    (body,) = world.messages()
    assert world.pull(body) is not None

    (row,) = outbound("--json", "outcomes", "jobs", "spring").json
    assert row["state"] == "waiting"
    assert "token" in row["reason"]
    assert "401" in row["reason"]
    assert "mistyped" not in row["reason"]
    gaps = outbound("--json", "outcomes", "gaps", "spring", "--since", "-4h").json
    assert row["reason"] in [gap["why"] for gap in gaps]


def test_once_mended_a_command_lets_the_waiting_jobs_go(
    world: PullWorld, outbound: Command, clock: FakeClock
) -> None:
    right = _wrong_credentials(world)
    (body,) = world.messages()
    world.pull(body)
    _mended(world, right)
    clock.advance(seconds=10)

    assert outbound("--json", "outcomes", "retry").json["retried"] == 1
    (sent,) = world.messages()
    assert world.pull(sent) is None
    (row,) = outbound("--json", "outcomes", "jobs", "spring").json
    assert (row["state"], row["reason"]) == ("completed", None)
    assert row["records"] == len(world.rows()) > 0
    assert outbound("--json", "outcomes", "retry").json["retried"] == 0


def test_a_failed_job_is_let_go_before_its_hour_is_over(
    world: PullWorld, outbound: Command, clock: FakeClock
) -> None:
    world.tenant.add_fault({"status": 403}, path="/calls")
    (body,) = world.messages()
    assert world.pull(body) is None
    (row,) = outbound("--json", "outcomes", "jobs", "spring").json
    assert row["state"] == "failed"
    world.tenant.clear_faults()

    assert world.pull(body) is None, "before its time no message has an effect"
    assert outbound("outcomes", "retry", "spring").out == "1 waiting or failed jobs are pulled now\n"
    (sent,) = world.messages()
    world.pull(sent)
    (row,) = outbound("--json", "outcomes", "jobs", "spring").json
    assert row["state"] == "completed"


def test_a_job_at_work_is_left_to_its_run(world: PullWorld, outbound: Command, clock: FakeClock) -> None:
    _wrong_credentials(world)
    (body,) = world.messages()
    world.pull(body)
    (job,) = world.job_list("spring")
    world.jobs.claim(world.jobs.key("spring", job.start, job.end), clock.now(), 180)

    (row,) = outbound("--json", "outcomes", "jobs", "spring").json
    assert row["state"] == "running"
    assert outbound("--json", "outcomes", "retry").json["retried"] == 0
    assert world.messages() == []


def test_progress_takes_the_reason_away(world: PullWorld, outbound: Command) -> None:
    right = _wrong_credentials(world)
    (body,) = world.messages()
    world.pull(body)
    _mended(world, right)
    world.clock.advance(minutes=5)
    world.tenant.add_fault({"cut": "body"}, path="/calls", nth=2, times=8)
    world.pull(body)
    (row,) = outbound("--json", "outcomes", "jobs", "spring").json
    assert "401" not in (row["reason"] or "")


def test_of_a_removed_campaign_nothing_is_tried_again_by_itself(
    world: PullWorld, outbound: Command, clock: FakeClock
) -> None:
    (body,) = world.messages()
    outbound("campaigns", "remove", "spring")
    assert world.pull(body) is None
    clock.advance(hours=3)
    world.sweep()
    assert world.messages() == []
    outbound("campaigns", "register", "spring")
    assert outbound("--json", "outcomes", "retry", "spring").json["retried"] == 1
    (sent,) = world.messages()
    assert world.pull(sent) is None
    assert world.job_list("spring")[0].status == "completed"


def test_jobs_are_listed_newest_first(world: PullWorld, outbound: Command, clock: FakeClock) -> None:
    world.ask("spring", hours_ago(clock, 3), hours_ago(clock, 2))
    rows = outbound("--json", "outcomes", "jobs", "spring").json
    assert [row["start"] for row in rows] == ["2026-03-10T09:00:00Z", "2026-03-10T08:00:00Z"]


def test_a_backfill_takes_relative_times_and_defaults(outbound: Command, world: PullWorld) -> None:
    asked = outbound("--json", "outcomes", "pull", "spring", "--from", "-2h").json
    assert (asked["start"], asked["end"]) == ("2026-03-10T10:00:00Z", "2026-03-10T12:00:00Z")
    asked = outbound("--json", "outcomes", "pull", "spring").json
    assert asked["start"] == "2026-03-09T12:00:00Z"


def test_retrying_what_is_not_registered_is_refused(outbound: Command) -> None:
    refused = outbound("outcomes", "retry", "autumn")
    assert (refused.code, refused.err) == (2, "outbound: campaign_id: autumn is not registered\n")
