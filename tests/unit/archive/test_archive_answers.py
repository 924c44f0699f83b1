"""What CXone says too little of, or nothing: the list is read again, and only what remains is sent."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from sandbox.world import archivable_ids
from worlds.archive import CAMPAIGN, ArchiveWorld, MakeWorld
from worlds.runtime import Overridden

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
    world = make_world(300, settings={"max_failures": 4})
    world.ask()

    def go_down(state: str) -> None:
        if state == "Send":
            world.tenant.add_fault({"status": 503}, path=r"/(archive|attempts)$", times=1000)

    world.execute(go_down)
    summary = world.last().summary
    assert (summary["status"], summary["reason"]) == ("failed", "unavailable")
    assert summary["collected"] == summary["failed"] == 300
    assert world.dials()


@pytest.mark.slow
def test_an_archive_that_never_answers_ends_the_run_and_the_campaign_dials(make_world: MakeWorld) -> None:
    world = make_world(150, settings={"max_failures": 4})
    world.tenant.add_fault({"status": 503}, method="POST", path=ARCHIVE, times=1000)
    world.archive()
    summary = world.last().summary
    assert (summary["status"], summary["failed_by_reason"]) == ("incomplete", {"refused": 150})
    assert (summary["rounds"], world.dials()) == (4, True)


@pytest.mark.slow
def test_what_leaves_behind_its_answer_is_waited_for(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tenant lives in real time: the test's clock is let on only after the attempts have left."""
    world = make_world(300, archive_seconds=1.5)
    real = world.clock.advance

    def advance(**parts: float) -> None:
        time.sleep(0.8)
        real(**parts)

    monkeypatch.setattr(world.clock, "advance", advance)
    world.ask()
    ended = world.execute(seconds=45)
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


@pytest.mark.slow
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
    world = make_world(500, settings={"max_attempts": 300})
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


@pytest.mark.slow
def test_attempts_in_front_of_the_list_do_not_make_others_archived(make_world: MakeWorld) -> None:
    """No order is taken, and so many attempts are new that those of the run stand behind what a run reads."""
    world = make_world(150, settings={"max_failures": 4, "max_attempts": 150})
    world.tenant.add_fault({"status": 503}, method="POST", path=ARCHIVE, times=1000)
    world.ask()
    world.execute(_once("Check", lambda: world.tenant.change_attempts(CAMPAIGN, appear=150)))
    summary = world.last().summary
    assert (summary["status"], summary["archived"], summary["failed"]) == ("incomplete", 0, 150)
    assert summary["failed_by_reason"] == {"refused": 150}
    assert summary["audit"]["compliance_status"] == "INCOMPLETE"
    assert world.tenant.attempts(CAMPAIGN).archived == {}


@pytest.mark.slow
@pytest.mark.parametrize("change", [{"appear": 20}, {"appear": 150}, {"vanish": 20}])
def test_nothing_is_archived_for_want_of_a_reading_of_a_list_that_never_stands_still(
    make_world: MakeWorld, change: dict[str, int]
) -> None:
    """Not one order is taken; before the attempts of the run, others come and go with every page."""
    world = make_world(150, settings={"max_failures": 4, "page_size": 20})
    world.ask()

    def disturb() -> None:
        world.tenant.add_fault({"status": 503}, method="POST", path=ARCHIVE, times=1000)
        world.tenant.change_attempts(CAMPAIGN, appear=10_000)
        world.tenant.change_attempts(CAMPAIGN, reads=100_000, **change)

    world.execute(_once("Send", disturb))
    summary = world.last().summary
    assert (summary["archived"], summary["failed"]) == (0, 150)
    assert summary["failed_by_reason"].keys() <= {"refused", "unknown"}
    assert summary["status"] == "incomplete"
    assert summary["audit"]["compliance_status"] == "INCOMPLETE"
    assert world.dials()


@pytest.mark.slow
def test_a_list_that_shrinks_while_it_is_read_archives_no_more_than_cxone_did(make_world: MakeWorld) -> None:
    """The list loses its first attempts with every page, so that many which are sent have left already."""
    world = make_world(3000)
    world.tenant.change_attempts(CAMPAIGN, vanish=7, reads=1000)
    world.archive()
    summary = world.last().summary
    answered = sum(len(one.archived) for one in world.tenant.archivings(CAMPAIGN))
    assert 0 < answered < summary["collected"]
    assert summary["archived"] == answered == len(world.tenant.attempts(CAMPAIGN).archived)
    assert summary["failed"] == summary["collected"] - answered
    assert summary["failed_by_reason"].keys() <= {"gone", "unknown"}
    assert summary["audit"]["success_rate_percent"] < 100
    assert summary["audit"]["compliance_status"] == "INCOMPLETE"
    facts = [fact["data"] for fact in world.aws.published("attempts.archived")]
    assert sum(fact["archived_count"] for fact in facts) == answered
    assert sum(fact["failed_count"] for fact in facts) == summary["failed"]


@pytest.mark.slow
def test_what_is_left_behind_the_gaps_of_a_shrinking_list_is_not_archived(make_world: MakeWorld) -> None:
    """CXone says that 199 attempts failed; others, before them, vanish so fast that they are never read."""
    world = make_world(2700, settings={"max_attempts": 2700, "page_size": 50})
    failing = _wanted(world)[-199:]
    world.tenant.fail_attempts(CAMPAIGN, failing, times=None)
    world.ask()

    def shrink() -> None:
        world.tenant.change_attempts(CAMPAIGN, appear=5000)
        world.tenant.change_attempts(CAMPAIGN, vanish=45, reads=100_000)

    world.execute(_once("Check", shrink))
    summary = world.last().summary
    assert (summary["collected"], summary["archived"], summary["failed"]) == (2700, 2501, 199)
    assert summary["audit"] == {
        "batch_size": 2700,
        "success_rate_percent": 92.63,
        "cold_storage_triggered": True,
        "anonymization_verified": True,
        "compliance_status": "INCOMPLETE",
    }
    assert len(world.tenant.attempts(CAMPAIGN).archived) == 2501


@pytest.mark.slow
def test_a_list_that_stands_still_again_tells_what_became_of_a_lost_answer(make_world: MakeWorld) -> None:
    world = make_world(150, settings={"page_size": 20})
    world.tenant.add_fault({"serve_then": "cut"}, method="POST", path=ARCHIVE, nth=1)
    world.ask()

    def disturb() -> None:
        world.tenant.change_attempts(CAMPAIGN, appear=60)
        world.tenant.change_attempts(CAMPAIGN, appear=20, reads=30)

    ended = world.execute(_once("Check", disturb), seconds=45)
    summary = world.last().summary
    assert ("check", "later") in ended.answers
    assert (summary["archived"], summary["rounds"], summary["status"]) == (150, 1, "complete")


def test_a_page_that_is_shorter_than_asked_for_is_not_the_end_of_the_list(make_world: MakeWorld) -> None:
    """CXone gives 40 at most, whatever it is asked for; of these it does not archive one."""
    world = make_world(150)

    def short(port: Any) -> Any:
        def page(campaign_id: str, limit: int, offset: int) -> Any:
            return port.page(campaign_id, min(40, limit), offset)

        return Overridden(port, {"page": page})

    world.runtime.put_between("attempts", short)
    failing = _wanted(world)[-1]
    world.tenant.fail_attempts(CAMPAIGN, [failing], times=None)
    world.archive()
    summary = world.last().summary
    assert (summary["collected"], summary["archived"], summary["failed"]) == (150, 149, 1)


@pytest.mark.slow
def test_an_order_that_is_carried_out_behind_its_lost_answer_is_not_sent_again(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tenant lives in real time: the test's clock is let on only after the attempts have left."""
    world = make_world(100, archive_seconds=1.5)
    world.tenant.add_fault({"serve_then": "cut"}, method="POST", path=ARCHIVE, nth=1)
    real = world.clock.sleep

    def sleep(seconds: float) -> None:
        time.sleep(0.8)
        real(seconds)

    monkeypatch.setattr(world.clock, "sleep", sleep)
    monkeypatch.setattr(world.clock, "advance", lambda **parts: sleep(timedelta(**parts).total_seconds()))
    world.archive()
    assert _each_once(world)


def test_what_cxone_did_not_archive_and_does_not_list_any_more_is_gone(make_world: MakeWorld) -> None:
    world = make_world(300)
    world.ask()
    world.execute(_once("Send", lambda: world.tenant.change_attempts(CAMPAIGN, vanish=5)))
    summary = world.last().summary
    assert (summary["status"], summary["archived"], summary["failed"]) == ("complete", 295, 5)
    assert summary["failed_by_reason"] == {"gone": 5}
    reports = world.aws.objects("LAKE_BUCKET", "reports/archive/")
    assert any(b"- gone: 5" in body for body in reports.values())


def _once(state: str, act: Callable[[], object]) -> Callable[[str], None]:
    """Make what acts once, before a state of the execution is entered."""
    done: list[str] = []

    def before(entered: str) -> None:
        if entered == state and not done:
            done.append(entered)
            act()

    return before
