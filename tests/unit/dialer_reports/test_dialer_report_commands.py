"""`outbound dialer reports` and `changes`, and what `problems` says of a change by others."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from outbound.problems.recorder import build as record_problems
from sandbox.running import Tenant
from worlds.aws import AwsWorld, FakeClock, Invocation, sqs_event
from worlds.command import Command, command
from worlds.dialer_reports import SPRING, DialerReportWorld, other_settings, present


@pytest.fixture
def outbound(
    aws: AwsWorld, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    return command(aws, clock, monkeypatch, capsys)


@pytest.fixture
def changed(world: DialerReportWorld, tenant: Tenant) -> DialerReportWorld:
    """A change by another party that was collected."""
    world.clock.time = present() - timedelta(minutes=2)
    world.collect()
    tenant.change_dialer(other_settings(), actor="a.miller@example.com")
    world.clock.time = present() + timedelta(minutes=10)
    world.collect()
    return world


def test_changes_say_who_and_what(changed: DialerReportWorld, outbound: Command) -> None:
    (row,) = outbound("--json", "dialer", "changes").json
    assert (row["actor"], row["action"]) == ("a.miller@example.com", "settings.activated")
    assert "Predictive_Outbound_00" in row["details"]
    assert "a.miller@example.com" in outbound("dialer", "changes").out
    assert outbound("--json", "dialer", "changes", "--from", "now").json == []


def test_without_changes_it_says_so(world: DialerReportWorld, outbound: Command) -> None:
    said = outbound("dialer", "changes", "--from", "-1d")
    assert said.out.startswith("no other party changed the dialer's settings since")
    assert outbound("dialer", "changes", "--from", "yesterday").code == 2


def test_reports_say_how_far_each_is_and_what_failed(world: DialerReportWorld, outbound: Command) -> None:
    assert "no report was collected yet" in outbound("dialer", "reports").out
    world.register("gone")
    world.collect()
    rows = {(row["report"], row["campaign"]): row for row in outbound("--json", "dialer", "reports").json}
    assert rows.keys() == {("audit", ""), ("metrics", SPRING), ("metrics", "gone")}
    assert rows["audit", ""]["age_seconds"] == 300
    assert rows["metrics", "gone"]["until"] is None
    assert rows["metrics", "gone"]["failure"].startswith("invalid_request: campaignId")


def test_a_change_by_others_is_a_problem_with_what_to_type(
    changed: DialerReportWorld, outbound: Command
) -> None:
    (event,) = changed.aws.published("dialer.changed_by_others")
    body = json.dumps({"detail-type": event["event_type"], "detail": event})
    work = record_problems(changed.runtime)
    answer = work(sqs_event("record-problems", body), Invocation())  # type: ignore[arg-type]
    assert answer == {"batchItemFailures": []}
    problems = outbound("--json", "problems").json
    (found,) = [each for each in problems if each["problem"] == "dialer.changed_by_others"]
    assert found["why"].startswith("they were changed by another party; ***: settings.activated, version v-")
    assert found["do"] == ["outbound --stack outbound dialer changes"]
