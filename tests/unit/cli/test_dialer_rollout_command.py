"""`outbound dialer plan`, `apply`, `rollouts`, `show` and `rollback`, on the stack in moto."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from outbound.cli.stack import Stack
from outbound.cxone.errors import Unavailable
from outbound.cxone.ports.dialer import PolicyFinding, PolicyVerdict
from outbound.dialer.rollouts import Stage
from outbound.events import Event
from worlds.aws import AwsWorld, FakeClock
from worlds.command import Command
from worlds.rollouts import Between, RolloutWorld, document, first_settings

_QUICK = {"assumed": {"hours": 0.1, "replications": 2}, "trunks": {"count": 150, "used": 0.45}}


@pytest.fixture
def world(aws: AwsWorld, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> RolloutWorld:
    """A stack whose dialer the command reaches, too."""
    value = json.dumps(_QUICK)
    aws.ssm.put_parameter(Name="/outbound/config/dialer", Type="String", Value=value)
    made = RolloutWorld(aws, clock)
    made.plan_operations()
    monkeypatch.setattr(Stack, "cxone", Between(made.dialer))
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "settings.json"
    found.write_text(json.dumps(document(campaigns=["spring"])))
    return found


@pytest.fixture
def at_work(world: RolloutWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the stack work while the command sleeps."""

    def work(_: float) -> None:
        _bring(world)
        if world.rollouts.current():
            world.execute()

    monkeypatch.setattr(world.clock, "sleep", work)
    world.readings.give("spring", 100, 0)


def _bring(world: RolloutWorld) -> None:
    """Bring what the command put on the bus to the function that plans."""
    for each in world.aws.published("dialer.rollout.requested"):
        world.planner.handle(Event.from_detail(each))


def test_a_plan_shows_changes_warnings_and_both_expectations(
    world: RolloutWorld, outbound: Command, file: Path
) -> None:
    said = outbound("dialer", "plan", str(file), "--json").json
    fields = {each["field"]: (each["before"], each["after"]) for each in said["changes"]}
    assert fields["algorithm.dial_ratio"] == (1.5, 4.0)
    assert [each["rule"] for each in said["warnings"]] == ["expected_abandonment", "trunk_capacity"]
    assert said["complaints"] == []
    assert said["before"]["abandonment"].keys() == {"mean", "low", "high"}
    shown = outbound("dialer", "plan", str(file))
    assert shown.code == 0
    for words in ("algorithm.dial_ratio", "leave 82", "trunk blocking", "Assumed: answer rate 0.25"):
        assert words in " ".join(shown.out.split())
    assert "change" not in world.dialer.calls


@pytest.mark.parametrize(("ratio", "warned"), [(1.0, False), (2.0, True)])
def test_a_plan_warns_where_the_model_expects_more_abandoned_calls_than_may_be(
    world: RolloutWorld, outbound: Command, file: Path, ratio: float, warned: bool
) -> None:
    # Enough calls for an interval that is narrower than the limit.
    whole = json.dumps({**_QUICK, "assumed": {"hours": 1, "replications": 4}})
    world.aws.ssm.put_parameter(Name="/outbound/config/dialer", Type="String", Value=whole, Overwrite=True)
    file.write_text(json.dumps(document(first_settings(dial_ratio=ratio))))
    said = outbound("dialer", "plan", str(file), "--json").json
    rules = {each["rule"]: each for each in said["warnings"]}
    assert ("expected_abandonment" in rules) is warned
    if warned:
        assert "at most 3% may be" in rules["expected_abandonment"]["message"]
        assert "64.1200(a)(7)" in rules["expected_abandonment"]["citation"]


def test_a_plan_of_what_would_be_refused_ends_with_code_2(
    world: RolloutWorld, outbound: Command, file: Path
) -> None:
    wrong = document(first_settings(abandonment_rate_target=0.05))
    file.write_text(json.dumps(wrong))
    said = outbound("dialer", "plan", str(file))
    assert said.code == 2
    assert "64.1200" in said.out


def test_a_plan_says_what_cxone_s_policies_say(world: RolloutWorld, outbound: Command, file: Path) -> None:
    refused, warned = PolicyFinding("dnc_compliance", "no list"), PolicyFinding("calling_hours", "late")
    world.dialer.verdict = lambda settings: PolicyVerdict(False, (refused,), (warned,))
    said = outbound("dialer", "plan", str(file), "--json")
    assert said.code == 2
    answer = json.loads(said.out)
    assert [each["message"] for each in answer["complaints"]] == ["no list"]
    assert "late" in [each["message"] for each in answer["warnings"]]

    def broken(number: int, name: str) -> None:
        if name == "validate":
            raise Unavailable("POST answered 500")

    world.dialer.before = broken
    shown = outbound("dialer", "plan", str(file))
    assert shown.code == 0
    assert "CXone's policies could not be asked: POST answered 500" in " ".join(shown.out.split())


def test_a_plan_goes_without_what_cxone_does_not_say(
    world: RolloutWorld, outbound: Command, file: Path
) -> None:
    def broken(number: int, name: str) -> None:
        raise Unavailable("GET answered 503")

    world.dialer.before = broken
    said = outbound("dialer", "plan", str(file), "--json").json
    assert said["before"] is None
    assert "503" in said["not_read"]
    assert said["after"]["abandonment"]


@pytest.mark.slow
def test_settings_are_applied_listed_shown_and_rolled_back(
    world: RolloutWorld, outbound: Command, file: Path
) -> None:
    applied = outbound("dialer", "apply", str(file), "--by", "dana", "--json").json
    _bring(world)
    world.readings.give("spring", 100, 0)
    assert world.finish().rollout_id == applied["rollout_id"]
    (row,) = outbound("dialer", "rollouts", "--json").json
    assert (row["rollout_id"], row["stage"], row["requested_by"]) == (applied["rollout_id"], "active", "dana")
    shown = outbound("dialer", "show", "--json").json
    assert "algorithm.dial_ratio: 1.5 -> 4" in shown["changes"]
    assert shown["version"] == world.book.version

    world.clock.advance(minutes=1)
    outbound("dialer", "rollback", applied["rollout_id"], "--reason", "as it was")
    _bring(world)
    assert world.finish().stage == "active"
    rows = outbound("dialer", "rollouts", "--json").json
    assert [each["reason"] for each in rows] == ["as it was", "more agents"]
    assert json.loads(world.in_force()) == json.loads(json.dumps(first_settings()))


@pytest.mark.slow
@pytest.mark.usefixtures("at_work")
def test_an_applied_rollout_and_its_rollback_can_be_waited_for(
    world: RolloutWorld, outbound: Command, file: Path
) -> None:
    applied = outbound("dialer", "apply", str(file), "--wait", "--json")
    assert applied.json["stage"] == "active"
    assert "waits in its queue" in " ".join(applied.err.split())

    world.clock.advance(minutes=1)
    first = applied.json["rollout_id"]
    undone = outbound("dialer", "rollback", first, "--reason", "as it was", "--wait", "600")
    assert undone.code == 0
    assert "its settings are in force and verified" in " ".join(undone.out.split())
    assert json.loads(world.in_force()) == json.loads(json.dumps(first_settings()))


def test_waiting_ends_when_the_guard_begins_to_watch(
    world: RolloutWorld, outbound: Command, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def guarding(_: float) -> None:
        _bring(world)
        world.rollouts.advance(world.current(), world.clock.now(), Stage.GUARDING)

    monkeypatch.setattr(world.clock, "sleep", guarding)
    assert outbound("dialer", "apply", str(file), "--wait", "--json").json["stage"] == "guarding"


@pytest.mark.usefixtures("at_work")
def test_a_rollout_that_is_refused_is_told_to_who_waits(
    world: RolloutWorld, outbound: Command, file: Path
) -> None:
    file.write_text(json.dumps(document(first_settings(abandonment_rate_target=0.05))))
    said = outbound("dialer", "apply", str(file), "--wait")
    assert said.code == 2
    assert "it is refused, and nothing was changed: settings.algorithm.abandonment_rate_target" in " ".join(
        said.out.split()
    )


def test_the_rollout_that_has_the_dialer_is_named_and_can_be_undone(
    world: RolloutWorld, outbound: Command, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = outbound("dialer", "apply", str(file), "--json").json["rollout_id"]
    _bring(world)
    second = outbound("dialer", "apply", str(file))
    assert second.code == 1
    assert f"the rollout {first} has the dialer (planned)" in " ".join(second.err.split())
    assert world.aws.published("dialer.rollout.requested") == []

    def work(_: float) -> None:
        _bring(world)
        world.execute()

    monkeypatch.setattr(world.clock, "sleep", work)
    undone = outbound("dialer", "rollback", first, "--reason", "not now", "--wait", "--json").json
    assert (undone["rollout_id"], undone["stage"], undone["why"]) == (first, "refused", "requested")


def test_a_request_that_nobody_takes_is_not_waited_for_without_end(
    world: RolloutWorld, outbound: Command, file: Path
) -> None:
    said = outbound("dialer", "apply", str(file), "--wait", "30")
    assert said.code == 1
    assert "after 30 s the request waits in its queue, or was refused" in " ".join(said.err.split())
    refused = outbound("dialer", "apply", str(file), "--wait", "soon")
    assert refused.code == 2
    assert "'soon' is not a number of seconds from 0 to 14400" in " ".join(refused.err.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show",), "there was no rollout yet"),
        (("show", "r-1"), "there is no rollout r-1: it was refused (outbound problems says why)"),
        (("rollback", "r-1", "--reason", "x"), "there is no rollout r-1"),
        (("apply", "missing.json"), "No such file"),
    ],
)
def test_what_is_not_there_is_named(
    world: RolloutWorld, outbound: Command, arguments: tuple[str, ...], words: str
) -> None:
    said = outbound("dialer", *arguments)
    assert said.code == 2
    assert words in " ".join(said.err.split())


def test_a_wrong_document_is_not_asked_for(world: RolloutWorld, outbound: Command, file: Path) -> None:
    wrong: dict[str, Any] = {"settings": {}}
    file.write_text(json.dumps(wrong))
    said = outbound("dialer", "apply", str(file))
    assert said.code == 2
    assert "reason: is missing" in " ".join(said.err.split())
    assert world.aws.published("dialer.rollout.requested") == []


def test_a_rollout_without_a_change_has_nothing_to_put_back(world: RolloutWorld, outbound: Command) -> None:
    ended = world.roll_out(document(first_settings(abandonment_rate_target=0.05)))
    said = outbound("dialer", "rollback", ended.rollout_id, "--reason", "x")
    assert said.code == 2
    assert "changed nothing" in said.err


def test_no_rollout_is_an_empty_list(world: RolloutWorld, outbound: Command) -> None:
    assert outbound("dialer", "rollouts", "--json").json == []
    assert "no rollout" in outbound("dialer", "rollouts").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--reason", ""), "reason: must have 1 or more characters"),
        (("--reason", "x" * 501), "reason: must have 500 characters at most"),
        (("--reason", "x", "--by", "d" * 129), "requested_by: must have 128 characters at most"),
    ],
)
def test_a_rollback_of_a_wrong_form_is_not_asked_for(
    world: RolloutWorld, outbound: Command, arguments: tuple[str, ...], words: str
) -> None:
    ended = world.roll_out()
    world.aws.published()
    said = outbound("dialer", "rollback", ended.rollout_id, *arguments)
    assert said.code == 2
    assert words in " ".join(said.err.split())
    assert world.aws.published("dialer.rollout.requested") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"reason": "a", "reason": "b"}', "has the field 'reason' twice"),
        ('{"settings": {"algorithm": {"dial_ratio": 1, "dial_ratio": 4}}}', "field 'dial_ratio' twice"),
        ('{"settings": ' + "9" * 5000 + "}", "a number of too many digits"),
        ('{"settings": NaN, "reason": "x"}', "settings: must be an object"),
    ],
)
def test_a_file_that_can_be_read_in_two_ways_is_refused(
    world: RolloutWorld, outbound: Command, file: Path, text: str, words: str
) -> None:
    file.write_text(text)
    said = outbound("dialer", "apply", str(file))
    assert said.code == 2
    assert words in " ".join(said.err.split())


def test_an_id_that_none_can_have_is_not_looked_for(
    world: RolloutWorld, outbound: Command, file: Path
) -> None:
    long = "9" * 3000
    assert "there is no rollout" in outbound("dialer", "show", long).err
    file.write_text(json.dumps({"restore": long, "reason": "x"}))
    said = outbound("dialer", "plan", str(file))
    assert said.code == 2
    assert "restore: must be the id of a rollout" in " ".join(said.out.split())
