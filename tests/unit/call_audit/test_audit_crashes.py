"""An audit that is cut off before or after any of its outside calls ends as an undisturbed one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from faults import check_every_cut, check_every_refusal, fresh, until_quiet

from worlds.aws import AwsWorld, FakeClock
from worlds.call_audit import END, AuditWorld, call

Build = Callable[[AwsWorld, FakeClock], AuditWorld]


def _first(aws: AwsWorld, clock: FakeClock) -> AuditWorld:
    """A window of two parts: a violation in the first, one for its cap in the second, one without a zone."""
    world = AuditWorld(aws, clock)
    world.register(caps={"per_day": 1})
    world.says("granted", -6000)
    world.says("do_not_call", -30, "c2", recorded=60)
    parts = [call("a"), call("b", "c2")], [call("c", minutes=10), call("d", "c3", phone_number=None)]
    world.put(world.pulled(world.put_window(*parts)))
    world.aws.published()
    return world


def _again(aws: AwsWorld, clock: FakeClock) -> AuditWorld:
    """The same window pulled again, with one part where there were two."""
    world = _first(aws, clock)
    until_quiet(world.trigger.poll)
    world.aws.published()
    world.put(world.pulled(world.put_window([call("b", "c2"), call("e", "c2", minutes=3)], generation=2)))
    return world


def _late(aws: AwsWorld, clock: FakeClock) -> AuditWorld:
    """A refusal that comes after its call was judged."""
    world = AuditWorld(aws, clock)
    world.says("granted", -6000)
    world.judge([call("a")])
    world.aws.published()
    world.says("revoked", -30, recorded=60 * 20)
    world.deliver_requests()
    return world


def _behind(aws: AwsWorld, clock: FakeClock) -> AuditWorld:
    """A window that is pulled behind a later one, whose call was allowed without it."""
    world = AuditWorld(aws, clock)
    world.register(caps={"per_day": 1})
    world.says("granted", -6000)
    world.judge([call("late", minutes=150)], start=END, end=END + timedelta(hours=2))
    world.put(world.pulled(world.put_window([call("early")])))
    world.aws.published()
    return world


def _period(aws: AwsWorld, clock: FakeClock) -> AuditWorld:
    """A request for the windows of a day."""
    world = AuditWorld(aws, clock)
    world.says("granted", -6000)
    world.put_window([call("a"), call("b", "c2")])
    world.put(world.audit_of())
    world.aws.published()
    return world


def _work(world: AuditWorld) -> None:
    world.trigger.poll()


def _recover(world: AuditWorld) -> None:
    world.clock.advance(minutes=15)
    world.start_afresh()
    world.trigger.let_time_pass()
    until_quiet(world.trigger.poll)
    # One sweep publishes what was left, and asks for the hours that were marked.
    world.clock.advance(minutes=10)
    world.runtime.sweep()
    world.facts_seen += world.aws.published()
    world.put_requests(world.facts_seen)
    until_quiet(world.trigger.poll)
    world.facts_seen += world.aws.published()


def _state(world: AuditWorld) -> object:
    """Everything that is read later; what stays staged by a cut behind the end expires by itself."""
    results = [{**each, "judged_at": ""} for each in world.results()]
    # A request's id follows from when its hour was marked; it is made and followed in any case.
    facts = {
        ("" if each["event_type"] == "calls.audit.requested" else each["event_id"], str(each["data"]))
        for each in world.facts_seen
    }
    made = world.attempts.get_many(["c1", "c2", "c3"])
    attempts = {contact: [one.call_id for one in calls] for contact, calls in made.items()}
    return world.judgements(), results, sorted(facts), attempts, world.aws.drain("audit-calls-dlq")


@pytest.mark.parametrize("build", [_first, _again, _late, _behind, _period])
def test_it_ends_as_undisturbed_wherever_it_is_cut_off(build: Build) -> None:
    checked = check_every_cut(fresh(build), _work, _recover, _state)
    assert checked.runs >= 4, checked


@pytest.mark.parametrize("build", [_first, _late, _behind])
def test_it_ends_as_undisturbed_wherever_aws_refuses_once(build: Build) -> None:
    assert check_every_refusal(fresh(build), _work, _recover, _state).runs > 5


def _marked(aws: AwsWorld, clock: FakeClock) -> AuditWorld:
    """An hour that is due to be judged again."""
    world = _late(aws, clock)
    world.trigger.poll()
    world.clock.advance(minutes=6)
    return world


def test_a_marked_hour_is_asked_for_wherever_the_sweep_is_cut_off() -> None:
    checked = check_every_cut(fresh(_marked), lambda world: world.runtime.sweep(), _recover, _state)
    assert "events PutEvents" in checked.calls
