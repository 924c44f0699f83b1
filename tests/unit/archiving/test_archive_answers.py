"""What CXone says too little of, or nothing: the list is read again, and only what remains is sent."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from archive_world import CAMPAIGN, ArchiveWorld, MakeWorld

from sandbox.world import archivable_ids

ARCHIVE = "/contacts/archive$"
LIST = "/attempts$"


def _wanted(world: ArchiveWorld) -> list[str]:
    return archivable_ids(world.tenant.world, CAMPAIGN)


def _each_once(world: ArchiveWorld) -> bool:
    """Whether every archivable attempt is archived, and none was ever named again after it."""
    return world.tenant.attempts(CAMPAIGN).archived == Counter(_wanted(world))


def test_an_answer_that_is_lost_is_read_from_the_list(make_world: MakeWorld) -> None:
    world = make_world(250)
    world.tenant.add_fault({"serve_then": "cut"}, method="POST", path=ARCHIVE, nth=1)
    world.archive()
    assert _each_once(world)
    assert (world.last().summary["archived"], world.last().summary["rounds"]) == (250, 1)


def test_an_order_that_was_lost_is_sent_again(make_world: MakeWorld) -> None:
    world = make_world(250)
    world.tenant.add_fault({"status": 503}, method="POST", path=ARCHIVE, nth=1)
    world.archive()
    assert _each_once(world)
    assert world.last().summary["rounds"] == 2


@pytest.mark.parametrize("body", ["{}", "<html>", '{"archivedCount": 1, "failedCount": 1}'])
def test_an_answer_that_makes_no_sense_is_read_from_the_list(make_world: MakeWorld, body: str) -> None:
    world = make_world(100)
    world.tenant.add_fault({"body": body}, method="POST", path=ARCHIVE, nth=1)
    world.archive()
    assert _each_once(world)


def test_what_failed_is_sent_again_alone(make_world: MakeWorld) -> None:
    world = make_world(300)
    failing = _wanted(world)[10:20]
    world.tenant.fail_attempts(CAMPAIGN, failing)
    world.archive()
    assert _each_once(world)
    again = [one for one in world.tenant.archivings(CAMPAIGN) if set(one.archived) & set(failing)]
    assert {attempt for one in again for attempt in one.archived} == set(failing)
    assert world.last().summary["status"] == "complete"


def test_what_fails_to_the_end_is_named_and_left(make_world: MakeWorld) -> None:
    world = make_world(300)
    failing = _wanted(world)[:2]
    world.tenant.fail_attempts(CAMPAIGN, failing, times=None)
    world.archive()
    summary = world.last().summary
    assert (summary["status"], summary["archived"], summary["failed"]) == ("incomplete", 298, 2)
    assert summary["failed_by_reason"] == {"refused": 2}
    assert set(world.tenant.attempts(CAMPAIGN).left) == set(failing)
    left = [one for batch in world.batches.all(world.last().run_id) for one in batch.left]
    assert sorted(left) == sorted(failing)
    facts = [fact["data"] for fact in world.aws.published("attempts.archived")]
    assert sum(fact["failed_count"] for fact in facts) == 2
    assert {fact["audit"]["compliance_status"] for fact in facts} == {"VERIFIED", "INCOMPLETE"}
    assert world.dials()

    world.tenant.fail_attempts(CAMPAIGN, failing, times=0)
    world.clock.advance(hours=1)
    world.archive()
    assert world.last().summary["archived"] == 2
    assert world.copied_ids()[failing[0]] == 2, "a copy of each run that sent it"


def test_a_batch_that_cxone_finds_wrong_fails_alone(make_world: MakeWorld) -> None:
    world = make_world(800)
    refusal = {"status": 400, "body": '{"field": "items[3].contactId", "message": "no"}'}
    world.tenant.add_fault(refusal, method="POST", path=ARCHIVE, nth=2)
    world.archive()
    summary = world.last().summary
    assert summary["status"] == "incomplete"
    assert 0 < summary["failed"] <= 200
    assert summary["archived"] + summary["failed"] == 800
    assert len(world.tenant.attempts(CAMPAIGN).archived) == summary["archived"]


def test_a_quota_that_is_used_up_is_waited_for(make_world: MakeWorld) -> None:
    world = make_world(500)
    for path in (ARCHIVE, LIST):
        limited = {"status": 429, "headers": {"Retry-After": "90"}}
        world.tenant.add_fault(limited, path=path, nth=2)
    ended = world.archive()
    assert _each_once(world)
    assert [answer for _, answer in ended.answers].count("later") >= 2


def test_an_outage_is_waited_for_and_costs_no_attempt_its_tries(make_world: MakeWorld) -> None:
    world = make_world(1200)
    world.tenant.add_fault({"status": 503}, path=".*", nth=30, times=40)
    world.archive()
    assert _each_once(world)
    assert world.last().summary["status"] == "complete"


def test_an_outage_without_end_ends_the_run_and_the_campaign_dials(make_world: MakeWorld) -> None:
    world = make_world(300, settings={"most_failures": 4})
    world.ask()

    def go_down(state: str) -> None:
        if state == "Send":
            world.tenant.add_fault({"status": 503}, path=r"/(archive|attempts)$", times=1000)

    world.execute(go_down)
    summary = world.last().summary
    assert (summary["status"], summary["reason"]) == ("failed", "unavailable")
    assert summary["collected"] == summary["failed"] == 300
    assert world.dials()


def test_an_archive_that_never_answers_ends_the_run_and_the_campaign_dials(make_world: MakeWorld) -> None:
    world = make_world(150, settings={"most_failures": 4})
    world.tenant.add_fault({"status": 503}, method="POST", path=ARCHIVE, times=1000)
    world.archive()
    summary = world.last().summary
    assert (summary["status"], summary["failed_by_reason"]) == ("incomplete", {"refused": 150})
    assert (summary["rounds"], world.dials()) == (4, True)


def test_what_leaves_behind_its_answer_is_waited_for(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tenant lives in real time: the test's clock is let on only after the attempts have left."""
    world = make_world(300, archive_seconds=1.5)
    real = world.clock.advance

    def advance(**parts: float) -> None:
        import time

        time.sleep(0.8)
        real(**parts)

    monkeypatch.setattr(world.clock, "advance", advance)
    ended = world.archive()
    assert _each_once(world)
    assert ("check", "later") in ended.answers
    assert world.last().summary["rounds"] == 1


@pytest.mark.parametrize("change", [{"appear": 3}, {"vanish": 2}])
def test_a_list_that_changes_while_it_is_read_is_read_again(
    make_world: MakeWorld, change: dict[str, int]
) -> None:
    world = make_world(450)
    world.tenant.change_attempts(CAMPAIGN, reads=1, **change)
    world.archive()
    summary = world.last().summary
    assert world.last().progress.collected.reading == 1
    assert not summary["list_changed"]
    assert set(world.tenant.attempts(CAMPAIGN).left) == set()
    assert summary["collected"] == 450 + change.get("appear", 0) - change.get("vanish", 0)


def test_a_list_that_never_stands_still_is_taken_as_it_is(make_world: MakeWorld) -> None:
    world = make_world(450)
    world.tenant.change_attempts(CAMPAIGN, appear=2, reads=1000)
    world.archive()
    summary = world.last().summary
    assert summary["list_changed"]
    assert summary["status"] == "complete"
    assert summary["listed"] == summary["collected"] + summary["duplicates"]
    assert set(world.copied_ids()) == set(world.tenant.attempts(CAMPAIGN).archived)


def test_attempts_that_leave_by_themselves_after_they_were_collected_are_no_failure(
    make_world: MakeWorld,
) -> None:
    world = make_world(300)
    world.ask()

    def vanish(state: str) -> None:
        if state == "Send":
            world.tenant.change_attempts(CAMPAIGN, vanish=5)

    world.execute(before=vanish)
    assert world.last().summary["status"] == "complete"
    assert world.tenant.attempts(CAMPAIGN).left == []


def test_a_longer_list_than_a_run_may_be_is_archived_over_several_runs(make_world: MakeWorld) -> None:
    world = make_world(500, settings={"most_attempts": 300})
    statuses: list[Any] = []
    for _ in range(3):
        world.archive()
        world.clock.advance(hours=1)
        statuses.append((world.last().summary["status"], world.last().summary["list_truncated"]))
    assert statuses[0] == ("complete", True)
    assert _each_once(world)
    assert statuses[-1] == ("empty", False)


@pytest.mark.parametrize("error", [401, 403, 404])
def test_what_an_operator_has_to_mend_ends_the_run_with_its_reason(make_world: MakeWorld, error: int) -> None:
    world = make_world(100)
    world.tenant.add_fault({"status": error}, path=LIST, times=1000)
    world.archive()
    summary = world.last().summary
    reasons = {401: "unauthorised", 403: "forbidden", 404: "not_found"}
    assert (summary["status"], summary["reason"]) == ("failed", reasons[error])
    assert world.runs.current(CAMPAIGN) is None
