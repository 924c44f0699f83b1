"""What was refused is written down once, and `outbound problems` says what it concerns and what to type."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from outbound.cli.__main__ import parser
from outbound.cli.output import Output
from outbound.cli.problems import _EXPLAINED
from outbound.cli.stack import Stack
from outbound.clock import format_time
from outbound.deliveries.settings import PACKAGED
from outbound.events import Event
from outbound.problems.log import KEPT_DAYS, ProblemLog
from outbound.problems.recorder import PROBLEM_TYPES, ProblemRecorder
from outbound.queues import Refused
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock, sqs_event

EVENTS = Path(__file__).parents[3] / "events" / "record_problems"
TENANT = ENVIRONMENT["TENANT"]


class World:
    """The log of problems, its recorder, and the operator's command."""

    def __init__(self, aws: AwsWorld, clock: FakeClock, capsys: pytest.CaptureFixture[str]) -> None:
        self.aws, self.clock, self._capsys = aws, clock, capsys
        self.log = ProblemLog(aws.table(), TENANT, clock)
        self.recorder = ProblemRecorder(self.log)
        dead = aws.sqs.create_queue(QueueName="outbound-plan-dead")["QueueUrl"]
        self.dead_url = dead
        outputs = {
            "Tenant": TENANT,
            "StateTable": ENVIRONMENT["STATE_TABLE"],
            "PlanPullsQueueUrl": aws.queue_urls["plan-pulls"],
            "PlanPullsDeadLettersUrl": dead,
        }
        self.stack = Stack("outbound-bridge", outputs, clock)

    def happens(self, event_type: str, event_id: str = "e1", minutes: float = 0, **data: Any) -> None:
        moment = self.clock.now() + timedelta(minutes=minutes)
        event = Event(event_id, event_type, format_time(moment), "correlation-1", TENANT, data)
        detail = json.loads(event.to_json())
        (record,) = sqs_event("record-problems", json.dumps({"detail": detail}))["Records"]
        self.recorder.take(record)

    def shown(self, *arguments: str) -> Any:
        return json.loads(self._run(arguments, as_json=True))

    def read(self, *arguments: str) -> str:
        return self._run(arguments, as_json=False)

    def _run(self, arguments: tuple[str, ...], as_json: bool) -> str:
        chosen = parser().parse_args(["problems", *arguments])
        chosen.run(self.stack, chosen, Output(as_json=as_json))
        return self._capsys.readouterr().out


@pytest.fixture
def world(aws: AwsWorld, clock: FakeClock, capsys: pytest.CaptureFixture[str]) -> World:
    return World(aws, clock, capsys)


def test_a_rejected_disposition_is_listed_with_whom_it_concerns_why_and_what_to_type(world: World) -> None:
    world.happens(
        "disposition.rejected",
        request_id="r-1",
        campaign_id="spring",
        contact_id="c-17",
        reason="invalid_request",
        field="agent_id",
        message="is not an active agent",
    )

    assert world.shown() == [
        {
            "occurred_at": "2026-03-10T12:00:00Z",
            "problem": "disposition.rejected",
            "concerns": "contact c-17 of campaign spring",
            "why": "invalid_request agent_id: is not an active agent",
            "do": ["outbound dispositions show correlation-1 r-1"],
            "correlation_id": "correlation-1",
            "event_id": "e1",
        }
    ]


@pytest.mark.parametrize("event_type", sorted(PROBLEM_TYPES))
def test_every_type_of_problem_says_what_to_type(world: World, event_type: str) -> None:
    refused = ("disposition.file_finished", "consent.file_finished", "campaign.transition_refused")
    ended = dict.fromkeys(refused, "refused")
    status = {**ended, "archive.finished": "failed"}.get(event_type, "ABORTED")
    window = {"start": "2026-03-10T06:00:00Z", "end": "2026-03-10T12:00:00Z"}
    about = {"destination": "crm", "file": "dispositions/inbox/a.csv", "window": window, "new_violations": 2}
    world.happens(event_type, campaign_id="spring", status=status, **about)

    (row,) = world.shown()

    assert event_type in _EXPLAINED
    for command in row["do"]:
        assert parser().parse_args(shlex.split(command)[1:]).run
    assert row["do"]
    assert "{" not in row["concerns"] + row["why"]


def test_a_fact_that_comes_again_is_one_problem(world: World) -> None:
    for _ in range(3):
        world.happens("consent.rejected", contact_id="c1", field="change", reason="is none")
    assert len(world.shown()) == 1


def test_calls_that_were_all_known_or_clean_are_not_a_problem(world: World) -> None:
    world.happens("calls.audited", campaign_id="spring", violations=3, new_violations=0)
    assert world.shown() == []


@pytest.mark.parametrize("status", ["finished", "complete", "empty"])
def test_what_ended_well_is_not_a_problem(world: World, status: str) -> None:
    world.happens("disposition.file_finished", status=status, failed=0)
    world.happens("archive.finished", status=status)
    assert world.shown() == []


def test_a_file_of_which_rows_were_rejected_is_one_problem(world: World) -> None:
    about = {"file": "dispositions/inbox/a.csv", "status": "finished", "rows": 9, "failed": 2}
    world.happens("disposition.file_finished", **about)

    (row,) = world.shown()

    assert (row["concerns"], row["why"]) == ("file dispositions/inbox/a.csv", "2 of 9 rows were rejected")
    assert row["do"] == ["outbound dispositions show correlation-1"]


def test_a_list_of_consent_with_wrong_rows_is_one_problem(world: World) -> None:
    about = {"file": "consent/inbox/a.csv", "file_id": "f1", "status": "finished", "rows": 9, "failed": 2}
    world.happens("consent.file_finished", **about)

    (row,) = world.shown()

    assert (row["concerns"], row["why"]) == ("file consent/inbox/a.csv", "2 of 9 rows are not recorded")
    assert row["do"] == ["outbound consent report f1"]


def test_the_newest_come_first_across_midnights_and_only_those_of_the_time(world: World) -> None:
    for number, minutes in enumerate((-60 * 24 * 8, -60 * 30, -60 * 13, -60, 0)):
        world.happens("consent.rejected", f"e{number}", minutes, contact_id="c1", field="f", reason="r")

    assert [row["event_id"] for row in world.shown()] == ["e4", "e3", "e2", "e1"], "seven days"
    assert [row["event_id"] for row in world.shown("--limit", "2")] == ["e4", "e3"]
    span = ("--from", "2026-03-02T00:00:00Z", "--to", "2026-03-10T11:00:00Z")
    assert [row["event_id"] for row in world.shown(*span)] == ["e2", "e1", "e0"]


def test_a_problem_is_kept_for_months_and_not_for_ever(world: World) -> None:
    world.happens("consent.rejected", contact_id="c1", field="f", reason="r")
    (item,) = world.aws.dynamodb.scan(TableName=ENVIRONMENT["STATE_TABLE"])["Items"]
    assert int(item["ttl"]["N"]) == int((world.clock.now() + timedelta(days=KEPT_DAYS)).timestamp())
    assert len(world.shown("--from", "1970-01-01T00:00:00Z")) == 1, "no end of days is asked for"


def test_dead_letters_come_first_whenever_they_died(world: World) -> None:
    world.happens("consent.rejected", contact_id="c1", field="f", reason="r")
    world.aws.sqs.send_message(QueueUrl=world.dead_url, MessageBody="{}")

    dead, _ = world.shown()

    assert (dead["problem"], dead["concerns"]) == ("dead_letters", "queue PlanPulls")
    assert dead["do"] == ["outbound queues dead PlanPulls", "outbound queues redrive PlanPulls"]


def test_personal_data_in_a_reason_is_masked(world: World) -> None:
    world.happens("disposition.rejected", contact_id="c1", message="agent bob@example.com, +49 30 1234567")
    said = json.dumps(world.shown()) + json.dumps(
        world.aws.dynamodb.scan(TableName=ENVIRONMENT["STATE_TABLE"])
    )
    assert "bob" not in said
    assert "1234567" not in said


@pytest.mark.parametrize(
    "request_id", ["5551234567", "a1234567890b", "2026031-5551234-4567", "49-30-123-4567"]
)
def test_an_id_that_looks_like_a_number_of_a_person_is_not_masked(world: World, request_id: str) -> None:
    message = f"GET /calls answered 500 (request {request_id}): no contact +49 30 1234567"
    world.happens("outcomes.pull_failed", campaign_id="20260310", reason="unavailable", message=message)

    (row,) = world.shown()

    assert f"(request {request_id})" in row["why"]
    assert "1234567" not in row["why"].replace(request_id, "")


def test_ids_of_a_problem_stay_readable_in_its_reason(world: World) -> None:
    world.happens(
        "archive.rejected", campaign_id="20260310", reason="unknown", message="20260310 is not 555-123-4567"
    )

    assert "20260310 is not ***" in world.shown()[0]["why"]


def test_a_contact_whose_id_is_a_phone_number_is_masked_in_a_reason(world: World) -> None:
    world.happens("disposition.rejected", contact_id="15551234567", message="15551234567 is busy")

    assert "15551234567" not in world.shown()[0]["why"]


def test_a_command_with_what_a_sender_wrote_is_safe_to_type(world: World) -> None:
    evil = "x; rm -rf ~ $(id) `id` \x1b[2J"
    world.happens("outcomes.pull_failed", campaign_id=evil, reason="forbidden", message="no")

    (row,) = world.shown()
    assert shlex.split(row["do"][0]) == ["outbound", "outcomes", "gaps", evil]
    assert "\x1b" not in world.read()


def test_a_person_reads_blocks_that_fit_and_commands_that_are_whole(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    world.happens("outcomes.pull_failed", campaign_id="spring" * 20, reason="forbidden", message="word " * 60)

    lines = world.read().splitlines()

    assert len(lines) > 6
    assert [line for line in lines if len(line) >= 60 and "spring" not in line] == []
    assert f"    $ outbound outcomes gaps {'spring' * 20}" in lines
    monkeypatch.setenv("COLUMNS", "80")
    assert world.read("--from", "2026-03-11T00:00:00Z", "--to", "2026-03-12T00:00:00Z") == (
        "nothing went wrong since 2026-03-11T00:00:00Z\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "soon"), "--from"),
        (("--from", "2026-03-10T00:00:00Z", "--to", "2026-03-09T00:00:00Z"), "--to: has to be later"),
    ],
)
def test_times_that_are_none_are_refused(world: World, arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        world.shown(*arguments)


def test_another_stack_is_named_in_what_to_type(world: World) -> None:
    world.stack.stack_name = "other"
    world.happens("outcomes.pull_failed", campaign_id="spring", reason="forbidden", message="no")
    assert world.shown()[0]["do"] == ["outbound --stack other outcomes gaps spring"]


def test_a_fact_that_is_not_a_problem_is_refused(world: World) -> None:
    with pytest.raises(Refused, match="says nothing of problems"):
        world.happens("outcomes.pulled")


def test_the_crm_is_told_what_was_refused_as_packaged() -> None:
    wanted = {"consent.rejected", "webhook.rejected", "disposition.rejected", "disposition.file_finished"}
    assert wanted <= set(PACKAGED["crm"].event_types)


@pytest.mark.parametrize(
    ("case", "problems", "dead"), [("refused", 3, 0), ("ended_well", 0, 0), ("no_problem", 0, 2)]
)
def test_the_function_takes_its_events(
    world: World,
    load_function: Callable[[str], ModuleType],
    lambda_context: Any,
    monkeypatch: pytest.MonkeyPatch,
    case: str,
    problems: int,
    dead: int,
) -> None:
    monkeypatch.setenv("DLQ_URL", world.aws.queue_urls["watched"])
    world.aws.sqs.create_queue(QueueName="record-problems")
    function = load_function("record_problems")

    answer = function.handler(json.loads((EVENTS / f"{case}.json").read_text()), lambda_context)

    assert answer == {"batchItemFailures": []}
    assert len(world.shown()) == problems
    assert len(world.aws.drain("watched")) == dead
