"""Requests and the schedule: one run at a time, refusals by field, runs that were cut off are resumed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from outbound.archive.campaign_hold import seconds_until_open
from outbound.archive.interruptions import Interruptions
from outbound.archive.runs import ArchiveRun, ArchiveRuns, RunStatus
from outbound.archive.settings import ArchiveSettings
from outbound.archive.step_result import StepOutcome
from outbound.campaigns.registration import Registrar, Registration
from outbound.clock import Deadline, parse_time
from outbound.queues import Refused
from outbound.settings import InvalidDocument, read_document
from outbound.store.holds import Holds
from worlds.archive import CAMPAIGN, DEFINITION, TENANT, ArchiveWorld, MakeWorld, retry_seconds
from worlds.aws import AwsWorld, FakeClock, sqs_event
from worlds.state_machine import Aborted

EVENTS = Path(__file__).parents[3] / "events"


def _abort_at(state: str) -> Any:
    def before(entered: str) -> None:
        if entered == state:
            raise Aborted

    return before


def _rejections(world: ArchiveWorld) -> list[tuple[str, str | None]]:
    facts = world.aws.published("archive.rejected")
    return [(fact["data"]["reason"], fact["data"]["field"]) for fact in facts]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"campaign_id": None}, "campaign_id"),
        ({"campaign_id": 7}, "campaign_id"),
        ({"campaign_id": "a/b"}, "campaign_id"),
        ({"campaign_id": "unknown"}, "campaign_id"),
        ({"statuses": "BUSY"}, "statuses"),
        ({"statuses": []}, "statuses"),
        ({"statuses": [1]}, "statuses"),
        ({"statuses": ["CONVERTED"]}, "statuses"),
        ({"retention_days": 0}, "retention_days"),
        ({"retention_days": 36_500}, "retention_days"),
        ({"retention_days": -1}, "retention_days"),
        ({"retention_days": 1.5}, "retention_days"),
        ({"retention_days": True}, "retention_days"),
        ({"retention_days": "365"}, "retention_days"),
    ],
)
def test_a_request_that_cannot_be_is_refused_by_its_field(
    make_world: MakeWorld, asked: dict[str, Any], field: str
) -> None:
    world = make_world(10)
    world.ask(**asked)
    assert _rejections(world) == [("invalid_request", field)]
    assert world.runs.current(CAMPAIGN) is None


def test_an_event_that_asks_for_something_else_is_refused(make_world: MakeWorld) -> None:
    world = make_world(10)
    with pytest.raises(Refused):
        world.requests.handle(world.event("outcomes.pull.requested"), world.settings)


def test_a_second_start_says_that_there_is_a_run_and_ends_well(make_world: MakeWorld) -> None:
    world = make_world(50)
    world.ask(request_id="one")
    world.ask(request_id="two")
    world.tick()
    assert _rejections(world) == [("already_running", None)]
    assert len(list(world.runs.of_campaign(CAMPAIGN))) == 1
    world.execute()
    assert world.last().summary["status"] == "complete"


def test_the_same_request_twice_is_one_run(make_world: MakeWorld) -> None:
    world = make_world(50)
    event = world.event("archive.requested", campaign_id=CAMPAIGN)
    world.requests.handle(event, world.settings)
    world.requests.handle(event, world.settings)
    world.execute()
    world.requests.handle(event, world.settings)
    assert _rejections(world) == []
    assert [run.attempt for run in world.runs.of_campaign(CAMPAIGN)] == [1]
    assert len(world.sfn.list_executions(stateMachineArn=_machine(world))["executions"]) == 1


def _machine(world: ArchiveWorld) -> str:
    return str(world.sfn.list_state_machines()["stateMachines"][0]["stateMachineArn"])


def test_the_schedule_archives_what_the_settings_include(make_world: MakeWorld) -> None:
    world = make_world(10)
    for settings in ({}, {"campaigns": ["*"], "except_campaigns": [CAMPAIGN]}, {"campaigns": ["another"]}):
        world.settings = ArchiveSettings.model_validate(settings)
        world.tick()
        assert world.runs.current(CAMPAIGN) is None
    world.settings = ArchiveSettings(campaigns=frozenset({CAMPAIGN}))
    world.tick()
    assert world.current().status is RunStatus.PLANNED


def test_a_campaign_that_another_start_is_busy_with_holds_up_no_other(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(10)
    registrar = Registrar(world.registry, world.outbox, TENANT, world.clock)
    # The registry lists campaigns by their ids: this one comes before the other.
    registrar.register(Registration(campaign_id="autumn", name="autumn"))
    real = ArchiveRuns.plan

    def plan(runs: ArchiveRuns, run: ArchiveRun, now: datetime) -> bool:
        return run.campaign_id != "autumn" and real(runs, run, now)

    monkeypatch.setattr(ArchiveRuns, "plan", plan)
    assert retry_seconds(world.tick) > 0
    assert world.current().status is RunStatus.PLANNED


def test_a_run_that_was_planned_and_not_started_is_started(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(50)
    monkeypatch.setattr(world.requests._planner._executions, "start", _dies)
    with pytest.raises(KeyboardInterrupt):
        world.ask(request_id="one")
    monkeypatch.undo()
    world.start_afresh()
    world.ask(request_id="one")
    assert world.current().attempt == 1
    world.execute()
    assert world.last().summary["status"] == "complete"


def _dies(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.slow
@pytest.mark.parametrize("state", [name for name in DEFINITION["States"] if name not in ("Done",)])
def test_an_execution_that_is_aborted_at_any_state_is_resumed(make_world: MakeWorld, state: str) -> None:
    world = make_world(250)
    world.ask()
    aborted = world.execute(_abort_at(state))
    assert world.dials(), "no campaign stays paused"
    assert world.holds.of_campaign(CAMPAIGN) == []
    if aborted.status == "ABORTED" and state != "Finish answered":
        (said,) = world.aws.published("archive.interrupted")
        assert (said["data"]["status"], said["data"]["attempt"]) == ("ABORTED", 1)
        assert world.current().status is RunStatus.INTERRUPTED
        world.clock.advance(hours=1)
        world.tick()
        assert world.current().attempt == 2
        world.execute()
    (run,) = world.runs.of_campaign(CAMPAIGN)
    assert (run.summary["status"], run.summary["archived"]) == ("complete", 250)
    assert set(world.tenant.attempts(CAMPAIGN).archived.values()) == {1}
    assert sum(world.copied_ids().values()) == 250
    assert world.dials()


def test_batches_that_are_done_are_not_done_again(make_world: MakeWorld) -> None:
    world = make_world(900)
    world.ask()
    world.execute(_abort_at("Check"))
    sent, listed = len(world.tenant.archivings(CAMPAIGN)), world.tenant.stats().count(_LIST)
    world.tick()
    world.execute()
    assert len(world.tenant.archivings(CAMPAIGN)) == sent
    assert world.tenant.stats().count(_LIST) == listed


_LIST = f"GET /api/v2/campaigns/{CAMPAIGN}/attempts"


def test_a_late_step_of_an_aborted_execution_changes_nothing(make_world: MakeWorld) -> None:
    world = make_world(50)
    world.ask()
    run = world.current()
    world.execute(_abort_at("Send"))
    world.tick()
    before = world.current()
    about = {"campaign_id": run.campaign_id, "run_id": run.run_id, "attempt": 1}
    for step in ("collect", "hold", "send", "check", "release", "finish"):
        assert world.step({"step": step, "run": about})["outcome"] == StepOutcome.SUPERSEDED
    assert world.current() == before


def test_a_step_that_outlives_its_execution_does_not_take_the_run_back(make_world: MakeWorld) -> None:
    world = make_world(50)
    world.ask()
    run = world.current()
    world.execute(_abort_at("Send"))
    about = {"campaign_id": run.campaign_id, "run_id": run.run_id, "attempt": run.attempt}
    for step in ("hold", "send", "finish"):
        assert world.step({"step": step, "run": about})["outcome"] == StepOutcome.SUPERSEDED
    assert world.current().status is RunStatus.INTERRUPTED
    assert world.dials()


@pytest.mark.slow
def test_a_run_that_is_cut_off_again_and_again_ends(make_world: MakeWorld) -> None:
    world = make_world(50)
    world.ask()
    for _ in range(20):
        world.execute(_abort_at("Send"))
        world.clock.advance(hours=1)
        world.tick()
    world.execute()
    assert world.last().summary["reason"] == "too_many_executions"
    assert world.runs.current(CAMPAIGN) is None
    assert world.dials()


def test_a_step_that_fails_for_good_lets_the_campaign_dial(make_world: MakeWorld) -> None:
    world = make_world(50)
    world.ask()

    def break_storage(state: str) -> None:
        if state == "Send":
            for key in world.aws.objects("LAKE_BUCKET", "archiving/"):
                world.aws.s3.delete_object(Bucket="outbound-lake", Key=key)

    ended = world.execute(break_storage)
    assert ended.status == "FAILED"
    assert ended.entered[-3:] == ["Undo", "Undo answered", "Cut off"]
    assert world.dials()
    assert world.current().status is RunStatus.INTERRUPTED


def test_a_run_that_is_to_stop_for_a_person_stops_before_anything_leaves(make_world: MakeWorld) -> None:
    world = make_world(100, odd={"not_anonymised": 0.02}, settings={"not_anonymised": "stop"})
    world.archive()
    summary = world.last().summary
    assert (summary["status"], summary["reason"], summary["archived"]) == ("stopped", "not_anonymised", 0)
    assert summary["collected"] == summary["failed"] + summary["quarantined"]
    assert world.tenant.archivings(CAMPAIGN) == []
    assert world.tenant.campaign_status(CAMPAIGN).changes == []


@pytest.mark.parametrize(
    "message",
    ["{", "[]", "{}", '{"source": "aws.states"}', '{"source": "aws.states", "detail": {"status": "FAILED"}}'],
)
def test_a_message_that_is_not_understood_is_refused(make_world: MakeWorld, message: str) -> None:
    world = make_world(10)
    interruptions = Interruptions.of(world.runtime, Deadline(world.clock, 110))
    with pytest.raises(Refused):
        interruptions.handle(sqs_event("end-archive", message)["Records"][0])


def _ended(world: ArchiveWorld) -> dict[str, Any]:
    """What AWS says of the current run's execution, were it aborted."""
    detail = {"status": "ABORTED", "input": json.dumps({"run": world.about(world.current())})}
    return {"source": "aws.states", "detail": detail}


def _reported(world: ArchiveWorld) -> dict[str, Any]:
    """CXone's report that the campaign dials."""
    said = {"campaign_id": CAMPAIGN, "campaign": {"status": "ACTIVE"}}
    event = world.event("campaign.state_changed", **said)
    return {"detail-type": event.event_type, "detail": json.loads(event.to_json())}


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ((ArchiveRuns, "get"), _ended),
        ((Holds, "get"), lambda _: {"hold": {"campaign_id": CAMPAIGN, "owner": "archive#run"}}),
        ((Holds, "of_campaign"), _reported),
    ],
)
@pytest.mark.parametrize("bug", [KeyError, TypeError, ValueError, AttributeError])
def test_a_bug_behind_a_message_comes_back_and_is_given_up_with_its_type(
    make_world: MakeWorld,
    monkeypatch: pytest.MonkeyPatch,
    broken: tuple[type, str],
    message: Callable[[ArchiveWorld], dict[str, Any]],
    bug: type[Exception],
) -> None:
    """A message that can be read is not refused for what goes wrong behind it: a fix may come in time."""
    world = make_world(10)
    world.ask()
    sent = message(world)

    def fail(*_: object) -> None:
        raise bug("secret")

    monkeypatch.setattr(*broken, fail)
    for _ in range(4):
        assert world.end(sent) == ["m-0"]
        assert world.aws.drain("end-archive-dlq") == []
        world.clock.advance(minutes=10)
        world.aws.drain("end-archive")
    assert world.end(sent) == []
    (dead,) = world.aws.drain("end-archive-dlq")
    reason = dead["MessageAttributes"]["reason"]["StringValue"]
    assert reason.startswith(f"{bug.__name__}, 5 times")
    assert "secret" not in reason


def test_a_bug_that_is_fixed_in_time_loses_no_message(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(50)
    world.ask()

    def fail(*_: object) -> None:
        raise KeyError

    with monkeypatch.context() as patched:
        patched.setattr(ArchiveRuns, "interrupt", fail)
        world.execute(_abort_at("Send"))
    assert world.current().status is RunStatus.RUNNING
    world.end(_ended(world))
    assert world.current().status is RunStatus.INTERRUPTED
    assert world.dials()


def test_a_hold_that_is_not_renewed_is_released_by_the_sweeper(make_world: MakeWorld) -> None:
    """The execution is gone, and so is the message that says so."""
    world = make_world(50)
    world.ask()
    world.execution_ended = lambda run, status: world.sfn.stop_execution(  # type: ignore[method-assign]
        executionArn=f"{_machine(world).replace(':stateMachine:', ':execution:')}:{run.execution}"
    )
    world.execute(_abort_at("Send"))
    assert not world.dials()
    world.sweep()
    assert not world.dials(), "its run may still be at work"
    world.clock.advance(minutes=20)
    world.sweep()
    assert world.dials()
    assert world.current().status is RunStatus.INTERRUPTED


def test_a_hold_of_a_run_that_is_at_work_is_left_alone(make_world: MakeWorld) -> None:
    world = make_world(50)
    world.ask()

    def wait(state: str) -> None:
        if state == "Send":
            world.clock.advance(minutes=20)
            world.sweep()
            assert not world.dials()

    world.execute(wait)
    assert world.last().summary["pauses"] == 1


def test_cxone_that_is_down_when_a_campaign_is_to_be_resumed_is_asked_again(make_world: MakeWorld) -> None:
    world = make_world(50)
    world.ask()
    world.tenant.add_fault({"status": 503}, method="PATCH", path=CAMPAIGN, nth=2, times=30)
    world.execute(_abort_at("Send"))
    assert not world.dials()
    world.tenant.clear_faults()
    world.clock.advance(minutes=20)
    world.sweep()
    assert world.dials()


@pytest.mark.parametrize(
    ("window", "now", "seconds"),
    [
        (None, "12:00", 0),
        (("22:00", "04:00"), "23:00", 0),
        (("22:00", "04:00"), "03:59", 0),
        (("22:00", "04:00"), "04:00", 18 * 3600),
        (("22:00", "04:00"), "21:00", 3600),
        (("10:00", "11:00"), "10:00", 0),
        (("10:00", "11:00"), "11:00", 23 * 3600),
        (("10:00", "11:00"), "09:30", 1800),
        (("10:00", "10:00"), "03:00", 0),
    ],
)
def test_the_window_opens(window: tuple[str, str] | None, now: str, seconds: float) -> None:
    settings = ArchiveSettings(maintenance_window=window)
    assert seconds_until_open(settings, parse_time(f"2026-03-10T{now}:00Z")) == seconds


@pytest.mark.parametrize(
    "document",
    [
        {"batch_size": 201},
        {"default_retention_days": 0},
        {"default_retention_days": 36_500},
        {"approved_outcomes": []},
        {"maintenance_window": ["22:00", "24:00"]},
        {"not_anonymised": "ignore"},
        {"page_size": 1},
        {"approved": []},
    ],
)
def test_settings_that_cannot_be_are_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        ArchiveSettings.model_validate(document)


_RENAMED = ("attempts", "readings", "rounds", "pauses", "failures")


@pytest.mark.parametrize("name", _RENAMED)
def test_a_setting_is_taken_by_its_former_name(name: str) -> None:
    document = json.dumps({f"most_{name}": 7})
    assert getattr(read_document(ArchiveSettings, document), f"max_{name}") == 7
    both = json.dumps({f"most_{name}": 7, f"max_{name}": 8})
    with pytest.raises(InvalidDocument, match=f"max_{name}"):
        read_document(ArchiveSettings, both)
    taken_out = json.dumps({f"most_{name}": None})
    assert read_document(ArchiveSettings, taken_out) == ArchiveSettings()


@pytest.mark.parametrize(
    "state", ["Collect", "Partition", "Copy", "Hold", "Send", "Check", "Release", "Finish"]
)
def test_the_workflow_knows_every_outcome_of_its_steps(state: str) -> None:
    routes = {choice["StringEquals"] for choice in DEFINITION["States"][f"{state} answered"]["Choices"]}
    assert {"more", "later", "superseded"} <= routes <= {outcome.value for outcome in StepOutcome}
    task = DEFINITION["States"][state]
    assert task["Catch"][0]["Next"] == "Undo"


def test_the_functions_answer_their_events(
    make_world: MakeWorld,
    aws: AwsWorld,
    clock: FakeClock,
    load_function: Any,
    lambda_context: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_world(30, id=CAMPAIGN)
    for name in ("plan_archives", "end_archive"):
        monkeypatch.setenv("DLQ_URL", aws.queue_urls[f"{name.replace('_', '-')}-dlq"])
        function = load_function(name)
        for case in sorted((EVENTS / name).glob("*.json")):
            assert function.handler(json.loads(case.read_text()), lambda_context) == {"batchItemFailures": []}
    function = load_function("archive_attempts")
    for case in sorted((EVENTS / "archive_attempts").glob("*.json")):
        assert function.handler(json.loads(case.read_text()), lambda_context)["outcome"] == "superseded"


def test_a_start_that_comes_second_to_another_comes_back(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(10)
    monkeypatch.setattr(ArchiveRuns, "current", lambda *_: None)
    world.ask(request_id="one")
    assert retry_seconds(lambda: world.ask(request_id="two")) > 0
