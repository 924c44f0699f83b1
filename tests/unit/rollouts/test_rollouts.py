"""A rollout through every branch of its workflow: activated, refused, undone, or a person called."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from outbound.cxone.errors import Forbidden, InvalidRequest, Unavailable
from outbound.cxone.ports.dialer import PolicyFinding, PolicyVerdict
from outbound.dialer.configuration import canonical
from sandbox.tenant.dialer_book import Plan
from worlds.rollouts import EXAMPLE, Fault, RolloutWorld, document, first_settings

MakeWorld = Callable[..., RolloutWorld]
OLD = canonical(first_settings())
NEW = canonical(EXAMPLE)


def test_settings_are_checked_snapshotted_activated_and_verified(world: RolloutWorld) -> None:
    before = world.book.version
    ended = world.roll_out()
    assert (ended.stage, world.in_force()) == ("active", NEW)
    assert world.executed[0].status == "SUCCEEDED"
    (fact,) = world.published("dialer.activated")
    assert fact["data"]["version_before"] == before
    assert fact["data"]["version"] == world.book.version
    changed = {each["field"]: (each["before"], each["after"]) for each in fact["data"]["changes"]}
    assert changed["algorithm.dial_ratio"] == (1.5, 4.0)
    assert changed["concurrency.max_agents"] == (40, 50)
    assert world.rollouts.current() is None


def test_the_snapshot_is_in_the_lake_and_in_the_ledger_before_anything_is_written(
    world: RolloutWorld,
) -> None:
    seen: list[tuple[str, dict[str, Any]]] = []

    def look(number: int, name: str) -> None:
        if name == "change":
            objects = world.aws.objects("LAKE_BUCKET", "dialer/snapshots/")
            seen.append((world.current().progress.snapshot, json.loads(next(iter(objects.values())))))

    world.dialer.before, version = look, world.book.version
    world.roll_out()
    ((snapshot, stored),) = seen
    assert snapshot == OLD
    assert (stored["versionTag"], canonical(stored["settings"])) == (version, OLD)


def test_every_step_is_a_fact_for_the_audit(world: RolloutWorld) -> None:
    ended = world.roll_out(document(requested_by="dana"))
    steps = [each["data"] for each in world.published("dialer.rollout_advanced")]
    stages = [each["stage"] for each in steps]
    assert stages == ["planned", "checked", "snapshotted", "activating", "guarding", "active"]
    assert {each["rollout_id"] for each in steps} == {ended.rollout_id}
    assert {each["requested_by"] for each in steps} == {"dana"}


def test_what_is_in_force_already_is_not_written_again(world: RolloutWorld) -> None:
    ended = world.roll_out(document(first_settings()))
    assert (ended.stage, world.types()) == ("unchanged", ["dialer.rollout_unchanged"])
    assert "change" not in world.dialer.calls


def test_the_example_of_the_document_is_refused_by_nothing_and_warned_about_its_trunks(
    world: RolloutWorld,
) -> None:
    ended = world.roll_out()
    assert ended.stage == "active"
    warnings = {each["rule"]: each["message"] for each in ended.progress.warnings}
    assert "leave 82" in warnings["trunk_capacity"]
    assert "200 calls" in warnings["trunk_capacity"]


def test_settings_beyond_the_limits_are_refused_with_every_complaint(world: RolloutWorld) -> None:
    settings = copy.deepcopy(EXAMPLE)
    settings["algorithm"] |= {
        "abandonment_rate_target": 0.05,
        "ring_timeout_sec": 14,
        "warm_line_timeout_sec": 12,
    }
    ended = world.roll_out(document(settings))
    assert (ended.stage, world.in_force()) == ("refused", OLD)
    (fact,) = world.published("dialer.rollout_refused")
    found = {(each["field"], each["rule"]): each["citation"] for each in fact["data"]["complaints"]}
    assert set(found) == {
        ("settings.algorithm.abandonment_rate_target", "abandonment_target"),
        ("settings.algorithm.ring_timeout_sec", "ring_seconds"),
        ("settings.algorithm.warm_line_timeout_sec", "ring_seconds"),
    }
    assert all("CFR" in citation for citation in found.values())
    assert "change" not in world.dialer.calls


def test_a_rule_that_is_overridden_by_its_name_is_a_warning_and_in_the_audit(world: RolloutWorld) -> None:
    settings = copy.deepcopy(EXAMPLE)
    settings["algorithm"]["ring_timeout_sec"] = 12
    override = {"rules": ["ring_seconds"], "approved_by": "legal", "reason": "a trial without consumers"}
    ended = world.roll_out(document(settings, override=override))
    assert ended.stage == "active"
    assert "ring_seconds" in {each["rule"] for each in ended.progress.warnings}
    assert world.published("dialer.rollout_advanced")[0]["data"]["override"] == override


def test_another_rule_than_the_overridden_one_still_refuses(world: RolloutWorld) -> None:
    settings = copy.deepcopy(EXAMPLE)
    settings["algorithm"] |= {"ring_timeout_sec": 12, "abandonment_rate_target": 0.04}
    override = {"rules": ["ring_seconds"], "approved_by": "legal", "reason": "a trial"}
    ended = world.roll_out(document(settings, override=override))
    assert [each["rule"] for each in ended.progress.complaints] == ["abandonment_target"]


def test_what_cxone_s_policies_refuse_is_not_activated(world: RolloutWorld) -> None:
    finding = PolicyFinding("calling_hours", "The campaign dials at night.")
    world.dialer.verdict = lambda settings: PolicyVerdict(False, (finding,))
    ended = world.roll_out()
    assert (ended.stage, ended.progress.reason, world.in_force()) == ("refused", "policies", OLD)
    assert ended.progress.complaints[0]["message"] == "The campaign dials at night."


def test_policies_that_answer_500_are_asked_again_and_refuse_in_the_end(world: RolloutWorld) -> None:
    def broken(settings: object) -> PolicyVerdict:
        raise Unavailable("POST answered 500")

    world.dialer.verdict = broken
    ended = world.roll_out()
    assert (ended.stage, ended.progress.reason, world.in_force()) == ("refused", "unavailable", OLD)
    assert world.dialer.calls.count("validate") == world.settings.watch.max_failures + 1
    assert "change" not in world.dialer.calls


def test_a_missing_role_is_named(world: RolloutWorld) -> None:
    refusal = Forbidden("PUT answered 403", ("dialer:write",), "Dialer Administrator")

    def fault(number: int, name: str) -> Fault | None:
        if name == "change":
            raise refusal
        return None

    world.dialer.fault_of = fault
    ended = world.roll_out()
    assert (ended.stage, ended.progress.reason) == ("refused", "forbidden")
    assert "dialer:write" in ended.progress.message
    assert "Dialer Administrator" in ended.progress.message


def test_what_cxone_refuses_is_a_refusal(world: RolloutWorld) -> None:
    def fault(number: int, name: str) -> Fault | None:
        if name == "change":
            raise InvalidRequest("is one of predictive, progressive", "type")
        return None

    world.dialer.fault_of = fault
    assert world.roll_out().progress.reason == "invalid_request"
    assert world.in_force() == OLD


def test_an_operation_that_takes_its_time_is_waited_for_less_and_less_often(world: RolloutWorld) -> None:
    world.plan_operations(Plan(seconds=100))
    began = world.clock.now()
    ended = world.roll_out()
    assert (ended.stage, world.in_force()) == ("active", NEW)
    # 2 + 4 + 8 + 16 + 30 + 30 + 30
    assert (world.clock.now() - began).total_seconds() == 120
    assert world.dialer.calls.count("operation") == 8


@pytest.mark.parametrize("applied", ["all", "part", "nothing"])
@pytest.mark.parametrize(
    ("ending", "reason"), [("FAILED", "operation_failed"), ("COMPLETED", "mismatch"), ("LOST", "mismatch")]
)
def test_what_does_not_end_as_asked_is_rolled_back_byte_for_byte(
    world: RolloutWorld, ending: str, reason: str, applied: str
) -> None:
    world.plan_operations(Plan(seconds=5, ending=ending, applied=applied))
    ended = world.roll_out()
    if ending != "FAILED" and applied == "all":
        assert (ended.stage, world.in_force()) == ("active", NEW)
        return
    assert (ended.stage, ended.progress.reason, world.in_force()) == ("rolled_back", reason, OLD)
    (fact,) = world.published("dialer.rolled_back")
    assert fact["data"]["reason"] == reason


def test_an_operation_without_end_is_asked_once_more_and_rolled_back(world: RolloutWorld) -> None:
    world.plan_operations(Plan(ending="STUCK"))
    ended = world.roll_out()
    assert (ended.stage, ended.progress.reason, world.in_force()) == ("rolled_back", "timed_out", OLD)
    assert ended.progress.activation.looks == 16
    assert ended.progress.operation_open
    assert "still has the operation" in ended.progress.message
    # The change that never ended may yet: the snapshot was put in force on top of it.
    assert world.dialer.calls.count("change") == 2


@pytest.mark.slow
def test_a_rollback_says_where_a_change_whose_answer_was_lost_may_come_yet(world: RolloutWorld) -> None:
    def fault(number: int, name: str) -> Fault | None:
        lost = name == "change" and world.dialer.calls.count("change") == 1
        return Fault(Unavailable("cut"), after=True) if lost else None

    world.dialer.fault_of = fault
    world.plan_operations(Plan(ending="STUCK"))
    ended = world.roll_out()
    assert (ended.stage, world.in_force()) == ("rolled_back", OLD)
    (fact,) = world.published("dialer.rolled_back")
    assert fact["data"]["operation_open"]
    assert "the answer to a change of ours was lost" in ended.progress.message


def test_an_operation_that_ends_after_it_was_given_up_is_undone_again(world: RolloutWorld) -> None:
    world.plan_operations(Plan(seconds=420))
    ended = world.roll_out()
    assert (ended.stage, world.in_force()) == ("rolled_back", OLD)
    assert not ended.progress.operation_open
    assert world.dialer.calls.count("change") == 3


def test_the_rollback_carries_the_version_of_now_and_not_the_replaced_one(world: RolloutWorld) -> None:
    world.plan_operations(Plan(seconds=1, ending="FAILED", applied="part"))
    ended = world.roll_out()
    assert ended.progress.restoration.based_on == ended.progress.activation.version
    assert ended.progress.restoration.version == world.book.version


def test_a_rollback_that_fails_is_tried_again(world: RolloutWorld) -> None:
    failed = Plan(seconds=1, ending="FAILED", applied="nothing")
    world.plan_operations(Plan(seconds=1, applied="part"), failed, failed)
    ended = world.roll_out()
    assert (ended.stage, world.in_force()) == ("rolled_back", OLD)
    assert ended.progress.restores == 3


def test_a_person_is_called_for_a_rollback_that_fails_too_often(world: RolloutWorld) -> None:
    failed = Plan(seconds=1, ending="FAILED", applied="nothing")
    world.plan_operations(Plan(seconds=1, applied="part"), *[failed] * 10)
    ended = world.roll_out()
    assert (ended.stage, ended.progress.reason) == ("failed", "rollback_failed")
    (fact,) = world.published("dialer.rollout_failed")
    assert fact["data"]["reason"] == "rollback_failed"
    assert world.rollouts.current() is None


def _on(world: RolloutWorld, call: str, nth: int, change: Callable[[], None]) -> None:
    """Let another party change the dialer before the nth call of a name."""

    def before(number: int, name: str) -> None:
        if name == call and world.dialer.calls.count(call) == nth:
            change()

    world.dialer.before = before


def test_changes_that_do_not_touch_are_merged(world: RolloutWorld) -> None:
    theirs = first_settings()
    theirs["concurrency"]["max_simultaneous_calls"] = 77
    ours = first_settings(dial_ratio=1.2)
    _on(world, "change", 1, lambda: world.book.replace(copy.deepcopy(theirs), "console"))
    ended = world.roll_out(document(ours))
    wanted = first_settings(dial_ratio=1.2)
    wanted["concurrency"]["max_simultaneous_calls"] = 77
    assert (ended.stage, world.in_force()) == ("active", canonical(wanted))
    # Undone later, it is theirs that is in force again, and not what was before them.
    assert ended.progress.snapshot == canonical(theirs)
    assert len(world.aws.objects("LAKE_BUCKET", "dialer/snapshots/")) == 2


def test_changes_that_touch_stop_the_rollout_and_both_are_shown(world: RolloutWorld) -> None:
    before, theirs = world.book.version, first_settings(dial_ratio=1.9)
    _on(world, "change", 1, lambda: world.book.replace(copy.deepcopy(theirs), "console"))
    ended = world.roll_out(document(first_settings(dial_ratio=1.2)))
    assert (ended.stage, ended.progress.reason) == ("refused", "version_conflict")
    assert world.in_force() == canonical(theirs)
    (complaint,) = ended.progress.complaints
    assert complaint["field"] == "settings.algorithm.dial_ratio"
    assert "1.2" in complaint["message"]
    assert "1.9" in complaint["message"]
    assert before in ended.progress.message
    assert world.book.version in ended.progress.message


def test_what_a_merge_makes_is_judged_again(world: RolloutWorld) -> None:
    theirs = first_settings(ring_timeout_sec=5)
    _on(world, "change", 1, lambda: world.book.replace(copy.deepcopy(theirs), "console"))
    ended = world.roll_out(document(first_settings(dial_ratio=1.2)))
    assert (ended.stage, ended.progress.reason) == ("refused", "rules")
    assert world.in_force() == canonical(theirs)


def test_what_another_party_changes_after_the_activation_is_left_and_a_person_is_called(
    world: RolloutWorld,
) -> None:
    theirs = first_settings(dial_ratio=1.9)
    world.plan_operations(Plan(seconds=1, ending="FAILED", applied="part"))
    _on(world, "operation", 2, lambda: world.book.replace(copy.deepcopy(theirs), "console"))
    ended = world.roll_out()
    assert (ended.stage, ended.progress.reason) == ("failed", "changed_by_others")
    assert world.in_force() == canonical(theirs)
    (fact,) = world.published("dialer.rollout_failed")
    assert fact["data"]["version_found"] == world.book.version
    assert fact["data"]["version"] == ended.progress.activation.version


def test_a_lost_answer_is_followed_by_a_look_and_not_by_a_second_change(world: RolloutWorld) -> None:
    def fault(number: int, name: str) -> Fault | None:
        lost = name == "change" and world.dialer.calls.count("change") == 1
        return Fault(Unavailable("cut"), after=True) if lost else None

    world.dialer.fault_of = fault
    ended = world.roll_out()
    assert (ended.stage, world.in_force()) == ("active", NEW)
    assert world.dialer.calls.count("change") == 1


def test_a_change_that_never_arrived_is_sent_again(world: RolloutWorld) -> None:
    def fault(number: int, name: str) -> Fault | None:
        lost = name == "change" and world.dialer.calls.count("change") == 1
        return Fault(Unavailable("refused")) if lost else None

    world.dialer.fault_of = fault
    ended = world.roll_out()
    assert (ended.stage, world.in_force()) == ("active", NEW)
    assert world.dialer.calls.count("change") == 2


def test_a_second_rollout_is_refused_while_one_has_the_dialer(world: RolloutWorld) -> None:
    world.ask()
    world.ask(document(first_settings(dial_ratio=1.1)))
    (fact,) = world.published("dialer.rollout_refused")
    assert (fact["data"]["reason"], fact["data"]["current"]) == ("busy", world.current().rollout_id)
    assert world.finish().stage == "active"


def test_the_same_request_is_one_rollout(world: RolloutWorld) -> None:
    world.ask(event_id="r")
    world.ask(event_id="r")
    world.finish()
    world.ask(event_id="r")
    assert world.rollouts.current() is None
    assert len(list(world.rollouts.all())) == 1


def test_an_earlier_snapshot_is_rolled_out_again_by_its_id(world: RolloutWorld) -> None:
    first = world.roll_out()
    world.clock.advance(minutes=1)
    second = world.roll_out({"restore": first.rollout_id, "reason": "as it was"})
    assert (second.stage, world.in_force()) == ("active", OLD)


def test_a_rollout_that_has_the_dialer_is_undone_by_its_own_id(world: RolloutWorld) -> None:
    world.ask(document(campaigns=["spring"]))
    guarding = world.current().rollout_id

    def before(state: str) -> None:
        if state == "Guard later" and not world.current().progress.undo:
            world.ask({"restore": guarding, "reason": "too many complaints"})

    ended = world.finish(before)
    assert (ended.stage, ended.progress.reason, world.in_force()) == ("rolled_back", "requested", OLD)
    assert world.types() == ["dialer.activated", "dialer.rolled_back"]


@pytest.mark.parametrize("restore", ["20260101T000000-0123456789abcdef", "no id at all"])
def test_an_unknown_snapshot_is_refused(world: RolloutWorld, restore: str) -> None:
    world.ask({"restore": restore, "reason": "as it was"})
    (fact,) = world.published("dialer.rollout_refused")
    assert fact["data"]["complaints"][0]["field"] == "restore"
    assert world.rollouts.current() is None


def test_fields_that_a_document_cannot_name_stay_as_they_are(world: RolloutWorld) -> None:
    there = {**first_settings(), "tenantNote": "ours", "limits": {"a": 1}}
    there["algorithm"] |= {"seed": 7, "warm_line_timeout_sec": 20}
    world.book.replace(copy.deepcopy(there), "console")
    ended = world.roll_out(document(first_settings(dial_ratio=1.1)))
    now = json.loads(world.in_force())
    assert ended.stage == "active"
    assert (now["tenantNote"], now["limits"], now["algorithm"]["seed"]) == ("ours", {"a": 1}, 7)
    # One that a document can name and does not, goes.
    assert "warm_line_timeout_sec" not in now["algorithm"]
