"""That a rollout which is to be undone is undone, or a person is called: whatever comes in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from outbound.clock import format_time
from outbound.cxone.errors import Unavailable, VersionConflict
from outbound.dialer.configuration import canonical
from outbound.dialer.guard import Counts, Reading
from outbound.dialer.own_changes import OwnChanges
from outbound.queues import TryLater
from sandbox.tenant.dialer_book import Plan
from worlds.rollouts import TENANT, Fault, RolloutWorld, document, first_settings

OLD = canonical(first_settings())


@pytest.mark.parametrize("conflict", [False, True])
def test_a_rollback_that_cxone_never_takes_ends_with_a_person_called(
    world: RolloutWorld, conflict: bool
) -> None:
    world.plan_operations(Plan(seconds=1, ending="FAILED", applied="part"))

    def fault(number: int, name: str) -> Fault | None:
        if name != "change" or world.dialer.calls.count("change") == 1:
            return None
        made = VersionConflict("PUT answered 412") if conflict else Unavailable("PUT answered 500")
        return Fault(made)

    world.dialer.fault_of = fault
    ended = world.roll_out()
    assert (ended.stage, ended.progress.reason) == ("failed", "rollback_failed")
    assert ended.attempt == 1
    assert world.dialer.calls.count("change") < 30


def test_a_rollback_that_is_asked_for_while_the_guard_looks_is_carried_out(world: RolloutWorld) -> None:
    world.plan_operations()
    asked: list[str] = []

    def read(since: datetime, now: datetime) -> Reading:
        # The guard's last look: what it comes to is that the settings stay.
        if not asked and now - since >= timedelta(minutes=15):
            asked.append(world.current().rollout_id)
            world.ask({"restore": asked[0], "campaigns": [], "reason": "complaints"})
        return Reading("spring", Counts(100, 0), now)

    world.readings.by_campaign["spring"] = read
    ended = world.roll_out(document(campaigns=["spring"], guard={"minutes": 15}))
    assert (ended.stage, ended.progress.reason) == ("rolled_back", "requested")
    assert world.in_force() == OLD


def test_a_rollback_that_is_asked_for_while_the_rollout_ends_is_not_lost(world: RolloutWorld) -> None:
    world.plan_operations()
    waiting: list[dict[str, Any]] = []

    def ask(state: str) -> None:
        if state == "Finish" and not waiting:
            waiting.append({"restore": world.current().rollout_id, "campaigns": [], "reason": "complaints"})
            with pytest.raises(TryLater):
                world.ask(waiting[0], "rollback")

    world.ask()
    world.finish(ask)
    world.ask(waiting[0], "rollback")
    assert world.finish().stage == "active"
    assert world.in_force() == OLD


def test_a_request_to_undo_that_comes_twice_undoes_once(world: RolloutWorld) -> None:
    world.plan_operations()
    world.ask(document(campaigns=["spring"]))
    rollout_id = world.current().rollout_id
    undo = {"restore": rollout_id, "campaigns": [], "reason": "complaints"}

    def ask(state: str) -> None:
        if state == "Guard later" and not world.current().progress.undo:
            world.ask(undo, "undo")

    world.finish(ask)
    later = world.roll_out()
    asked = world.in_force()
    world.ask(undo, "undo")
    assert world.rollouts.current() is None
    assert (later.stage, world.in_force()) == ("active", asked)


@pytest.mark.parametrize(
    "occurred_at", ["2031-01-01T00:00:00.000Z", "2020-01-01T00:00:00.000Z", "yesterday", ""]
)
def test_a_request_of_another_time_is_refused(world: RolloutWorld, occurred_at: str) -> None:
    event = replace(world.event(document(), "odd"), occurred_at=occurred_at)
    world.planner.handle(event)
    assert world.rollouts.current() is None
    (fact,) = world.published("dialer.rollout_refused")
    assert [each["field"] for each in fact["data"]["complaints"]] == ["occurred_at"]
    # The command's own clock may go a little wrong.
    near = format_time(world.clock.now() + timedelta(minutes=2))
    world.planner.handle(replace(world.event(document(), "near"), occurred_at=near))
    assert world.current().request_id == "near"


def test_a_rollback_whose_answer_was_lost_is_known_as_our_own_change(world: RolloutWorld) -> None:
    world.plan_operations(Plan(seconds=1, ending="FAILED", applied="part"))

    def fault(number: int, name: str) -> Fault | None:
        second = name == "change" and world.dialer.calls.count("change") == 2
        return Fault(Unavailable("the answer was lost"), after=True) if second else None

    world.dialer.fault_of = fault
    ended = world.roll_out()
    assert (ended.stage, world.in_force()) == ("rolled_back", OLD)
    known = OwnChanges(world.runtime.state, TENANT).known(world.clock.now())
    made = [each.version for each in world.book.operations()]
    assert {known.asked_by(version, "") for version in made} == {ended.rollout_id}
    (fact,) = world.published("dialer.rolled_back")
    assert fact["data"]["version"] == world.book.version


@pytest.mark.parametrize("length", [60_000, 600_000])
def test_settings_that_are_too_large_to_be_kept_are_left_alone(world: RolloutWorld, length: int) -> None:
    there = {**first_settings(), "tenantNote": "n" * length}
    world.book.replace(there, "console")
    ended = world.roll_out()
    assert world.executed[-1].status == "SUCCEEDED"
    if length < 100_000:
        assert ended.stage == "active"
    else:
        assert (ended.stage, ended.progress.reason) == ("refused", "too_large")
        assert world.in_force() == canonical(there)


def test_long_values_of_others_are_told_of_shortened(world: RolloutWorld) -> None:
    theirs = {**first_settings(), "algorithm": "a" * 50_000}

    def before(number: int, name: str) -> None:
        if name == "change" and world.dialer.calls.count("change") == 1:
            world.book.replace(theirs, "console")

    world.dialer.before = before
    ended = world.roll_out()
    assert (ended.stage, ended.progress.reason) == ("refused", "version_conflict")
    (fact,) = world.published("dialer.rollout_refused")
    assert len(str(fact)) < 20_000
    assert all("another party made it" in each["message"] for each in fact["data"]["complaints"])


def test_long_values_that_are_replaced_are_told_of_shortened(world: RolloutWorld) -> None:
    world.book.replace({**first_settings(), "algorithm": ["a" * 50_000]}, "console")
    world.roll_out()
    (fact,) = world.published("dialer.activated")
    assert len(str(fact)) < 20_000
    before = {each["field"]: each.get("before") for each in fact["data"]["changes"]}
    assert str(before["algorithm"]).startswith('["aaa')
