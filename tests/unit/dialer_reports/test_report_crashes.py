"""Collecting reports ends as undisturbed wherever it is cut off or refused once; nothing is told twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from faults import check_every_cut, check_every_refusal, fresh

from outbound.dialer.reports.metrics_report import new_mark
from outbound.dialer.reports.watermarks import AUDIT, metrics_of
from sandbox.running import Tenant
from worlds.aws import AwsWorld, FakeClock
from worlds.dialer_reports import SPRING, DialerReportWorld, other_settings, present, whole_hour

Build = Callable[[AwsWorld, FakeClock], DialerReportWorld]


@pytest.fixture
def build(tenant: Tenant) -> Build:
    """A log with a change by others and one of ours, and some hours of metrics, seen from one moment on."""
    begun = present() - timedelta(minutes=2)
    tenant.change_dialer(other_settings(), actor="console")
    tenant.change_dialer(other_settings(1.7), actor="console")
    last = tenant.dialer()["log"][-1]
    now = present() + timedelta(minutes=10)

    def made(aws: AwsWorld, clock: FakeClock) -> DialerReportWorld:
        clock.time = begun
        world = DialerReportWorld(aws, clock, tenant)
        world.collect()
        world.register(SPRING)
        world.marks.move(new_mark(metrics_of(SPRING), begun), whole_hour(20), begun)
        world.rollout("r-1", own_versions=[last["version"]])
        clock.time = now
        aws.published()
        return world

    return made


def _work(world: DialerReportWorld) -> None:
    world.collect()


def _recover(world: DialerReportWorld) -> None:
    world.clock.advance(minutes=3)
    world.start_afresh()
    world.collect()
    world.runtime.sweep()


def _state(world: DialerReportWorld) -> object:
    reported = world.reported()
    told = sorted({(each["event_id"], str(each["data"])) for each in world.aws.published()})
    # A wait moves the clock; the log is read up to the present, less the time that an entry settles.
    marks = world.marks.all()
    behind = world.clock.now() - marks[AUDIT].reached
    reached = (behind, marks[metrics_of(SPRING)].until, [mark.failure for mark in marks.values()])
    lake = {prefix: world.rows(prefix) for prefix in ("dialer_metrics", "dialer_audit", "set-aside")}
    return told, reached, lake, reported


@pytest.mark.slow
def test_it_ends_as_undisturbed_wherever_it_is_cut_off(build: Build) -> None:
    checked = check_every_cut(fresh(build), _work, _recover, _state)
    assert checked.runs > 20
    assert {"events PutEvents", "s3 PutObject", "dynamodb PutItem"} <= set(checked.calls), checked.calls


@pytest.mark.load
def test_it_ends_as_undisturbed_wherever_it_is_refused_once(build: Build) -> None:
    assert check_every_refusal(fresh(build), _work, _recover, _state).runs > 20
