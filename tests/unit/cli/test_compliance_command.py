"""`outbound compliance`: may a person be called, by which rules, and were those who were called."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from outbound.calling.attempts import RecentAttempts, RecordedAttempt
from outbound.cli.__main__ import main, parser
from outbound.cli.stack import Stack
from outbound.compliance.rules import packaged_rules
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock
from worlds.call_audit import CAMPAIGN, END, NOON, START, AuditWorld, call
from worlds.command import Command, Said, command

Alone = Callable[..., Said]


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Alone:
    """Run `outbound ...` where there is no stack to be asked."""

    def none(name: str) -> Stack:
        raise AssertionError(f"the stack {name} was asked for")

    monkeypatch.setattr(Stack, "named", none)
    monkeypatch.delenv("OUTBOUND_STACK", raising=False)

    def run(*arguments: str) -> Said:
        capsys.readouterr()
        try:
            code = main(arguments)
        except SystemExit as refused:
            code = int(refused.code or 0)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run


@pytest.fixture
def world(aws: AwsWorld, clock: FakeClock) -> AuditWorld:
    world = AuditWorld(aws, clock)
    world.says("granted", -6000)
    return world


@pytest.fixture
def outbound(
    world: AuditWorld, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    return command(world.aws, world.clock, monkeypatch, capsys)


EXPLAIN = ("compliance", "explain")


def test_explain_answers_without_a_stack(alone: Alone) -> None:
    said = alone(*EXPLAIN, "--phone", "+1 850 555 0100", "--at", "2026-07-15T12:30:00Z", "--json").json
    assert said["callable"] is False
    assert said["refusals"] == ["outside_window"]
    assert (said["callable_until"], said["next_opening"]) == (None, "2026-07-15T13:00:00Z")
    assert said["zones"] == dict.fromkeys(("America/Chicago", "America/New_York"), "area code 850")
    assert said["states"] == {"FL": "area code 850"}
    assert said["rows"] == ["FL-1"]
    assert said["rules_version"] == packaged_rules().version
    assert {reason["name"] for reason in said["reasons"]} == {"outside_window"}
    assert said["reasons"][0]["citation"] == "Fla. Stat. 501.616(6)"
    assert said["consent_considered"] is False


def test_explain_says_until_when_a_person_may_be_called(alone: Alone) -> None:
    said = alone(*EXPLAIN, "--phone", "2125550100", "--at", "2026-07-15T16:00:00Z", "--json").json
    assert (said["callable"], said["refusals"], said["next_opening"]) == (True, [], None)
    assert said["callable_until"] == "2026-07-16T00:59:00Z"


def test_several_numbers_count_and_a_confirmed_zone_replaces_their_clocks(alone: Alone) -> None:
    two = (
        *EXPLAIN,
        "--phone",
        "2125550100",
        "--phone",
        "8085550100",
        "--at",
        "2026-07-15T16:00:00Z",
        "--json",
    )
    assert set(alone(*two).json["zones"]) == {"America/New_York", "Pacific/Honolulu"}
    said = alone(*two, "--zone", "America/New_York", "--confirmed").json
    assert said["zones"] == {"America/New_York": "confirmed by the person"}
    assert set(said["states"]) == {"NY", "HI"}
    assert said["callable"] is True


def test_a_person_reads_why_with_the_local_times_of_each_zone(alone: Alone) -> None:
    said = alone(*EXPLAIN, "--phone", "+18505550100", "--at", "2026-07-15T12:30:00Z")
    assert said.code == 0, "it answers a question"
    assert said.out.startswith("May not be called (telemarketing); next opening 2026-07-15T13:00:00Z.")
    unfolded = " ".join(said.out.split())
    assert "America/New_York (area code 850): Wed 2026-07-15 08:30; opens Wed 2026-07-15 09:00" in unfolded
    assert "America/Chicago (area code 850): Wed 2026-07-15 07:30; opens Wed 2026-07-15 08:00" in unfolded
    assert "Fla. Stat. 501.616(6)" in said.out
    assert "Nothing is said of consent" in said.out
    assert "not legal advice" in unfolded


def test_where_a_person_is_may_be_unknown(alone: Alone) -> None:
    said = alone(*EXPLAIN, "--phone", "8005550100", "--at", "2026-07-15T16:00:00Z")
    assert "zone_unknown" in said.out
    assert "No zone is known" in said.out
    assert alone(*EXPLAIN, "--json").json["refusals"] == ["zone_unknown"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--phone", "555"), "--phone"),
        (("--phone", "2125550100", "--phone", "x"), "--phone (number 2 of 2)"),
        (("--state", "Texas"), "--state"),
        (("--zip", "123"), "--zip"),
        (("--zone", "America/New_Yrok"), "did you mean America/New_York?"),
        (("--zone", "new york"), "did you mean America/New_York?"),
        (("--zone", "Xyzzy"), "--zone"),
        (("--confirmed",), "--confirmed"),
        (("--purpose", "fun"), "--purpose"),
        (("--at", "noon"), "--at"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(alone: Alone, arguments: tuple[str, ...], named: str) -> None:
    said = alone(*EXPLAIN, *arguments)
    assert (said.code, said.out) == (2, "")
    assert named in said.err
    assert "5550100" not in said.err


def test_relative_times_are_taken_as_elsewhere(alone: Alone) -> None:
    assert alone(*EXPLAIN, "--phone", "2125550100", "--at", "-1h").code == 0


def test_with_a_contact_its_consent_and_calls_count(world: AuditWorld, outbound: Command) -> None:
    world.register(caps={"per_day": 1})
    attempts = RecentAttempts(world.aws.table(), ENVIRONMENT["TENANT"])
    attempts.add({"c1": [RecordedAttempt("a", NOON, CAMPAIGN)]}, world.clock.now())
    person = (*EXPLAIN, "--phone", "2125550100", "--contact", "c1", "--json")
    later = (*person, "--campaign", CAMPAIGN, "--at", "2026-03-09T20:00:00Z")
    assert outbound(*person, "--at", "2026-03-09T20:00:00Z").json["callable"] is True
    assert outbound(*later).json["refusals"] == ["cap_day"]
    assert outbound(*person[:-1], "--at", "2026-03-09T20:00:00Z").out.count("and 1 recent call of") == 1
    world.says("revoked", 60)
    assert outbound(*later).json["refusals"] == ["consent_revoked", "cap_day"]
    said = outbound(*person, "--at", "2026-03-09T15:00:00Z").json
    assert (said["refusals"], said["consent_considered"]) == ([], True), "as it was known then"


def test_the_campaign_says_purpose_and_hours(world: AuditWorld, outbound: Command) -> None:
    world.register(purpose="informational", hours={"days": ["mon"], "start": "10:00", "end": "11:00"})
    asked = (
        *EXPLAIN,
        "--campaign",
        CAMPAIGN,
        "--phone",
        "2125550100",
        "--at",
        "2026-03-09T16:00:00Z",
        "--json",
    )
    said = outbound(*asked).json
    assert (said["purpose"], said["refusals"]) == ("informational", ["outside_window"])
    assert outbound(*asked, "--purpose", "debt_collection").json["purpose"] == "debt_collection"
    refused = outbound(*EXPLAIN, "--campaign", "nope")
    assert (refused.code, "--campaign" in refused.err) == (2, True)


def test_the_stack_that_is_named_gives_its_rules(aws: AwsWorld, clock: FakeClock, outbound: Command) -> None:
    change = {"state": "NY", "max_calls_24h": 1}
    aws.ssm.put_parameter(
        Name="/outbound/config/compliance",
        Type="String",
        Overwrite=True,
        Value=json.dumps({"rule_changes": [change]}),
    )
    said = outbound("compliance", "rules", "--state", "NY", "--json").json
    assert said["rules_version"] != packaged_rules().version
    assert said["rows"][0]["max_calls_24h"] == 1


@pytest.mark.parametrize(("variable", "needed"), [({"OUTBOUND_STACK": "outbound"}, True), ({}, False)])
def test_a_stack_that_the_environment_names_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: dict[str, str], needed: bool
) -> None:
    monkeypatch.delenv("OUTBOUND_STACK", raising=False)
    for name, value in variable.items():
        monkeypatch.setenv(name, value)
    for words in (["compliance", "rules"], ["compliance", "explain", "--state", "NY"]):
        chosen = parser().parse_args(words)
        assert chosen.needs_stack(chosen) is needed


def test_a_day_that_is_none_is_refused_and_closes_nothing(outbound: Command, tmp_path: Path) -> None:
    file = tmp_path / "compliance.json"
    for day, code in (("mon", 0), ("monday", 2)):
        hours = {day: ["10:00", "18:00"]}
        file.write_text(json.dumps({"rule_changes": [{"state": "NY", "hours": hours}]}))
        said = outbound("config", "put", "compliance", str(file))
        assert (said.code, "hours.monday: must be one of" in said.err) == (code, code == 2), said.err


def test_a_hold_is_shown_as_it_was_put(outbound: Command, tmp_path: Path) -> None:
    hold = {"states": ["LA"], "starts": "2026-09-01T00:00:00Z", "ends": "2026-09-08T02:00:00+02:00"}
    file = tmp_path / "compliance.json"
    file.write_text(json.dumps({"holds": [hold | {"reason": "hurricane"}]}))
    assert outbound("config", "put", "compliance", str(file)).code == 0
    (shown,) = outbound("config", "show", "compliance").json["holds"]
    assert (shown["starts"], shown["ends"]) == ("2026-09-01T00:00:00Z", "2026-09-08T00:00:00Z")


def test_rules_are_those_in_force_and_to_come_with_their_sources(alone: Alone) -> None:
    rows = alone("compliance", "rules", "--json").json["rows"]
    assert len(rows) > 50
    assert all(row["citation"] and row["mark"] and row["checked"] for row in rows)
    (row,) = alone("compliance", "rules", "--state", "ri", "--json").json["rows"]
    assert (row["hours"]["fri"], row["hours"]["sat"], row["hours"]["sun"]) == (
        "09:00-18:00",
        "10:00-17:00",
        None,
    )
    assert (row["sundays"], row["closed_on_holidays"]) == (None, True)
    text = alone("compliance", "rules", "--state", "RI").out
    assert "mon-fri 09:00-18:00, sat 10:00-17:00" in text
    assert "R.I.G.L. 5-61-3.6" in text
    assert alone("compliance", "rules", "--state", "unknown", "--json").json["rows"][0]["max_calls_24h"] == 3
    refused = alone("compliance", "rules", "--state", "XX")
    assert (refused.code, "--state" in refused.err) == (2, True)


AUDIT = ("compliance", "audit", "--from", "2026-03-09T00:00:00Z", "--to", "2026-03-10T00:00:00Z")


def test_audit_counts_calls_and_lists_violations_newest_first(world: AuditWorld, outbound: Command) -> None:
    world.says("revoked", -30)
    world.judge(
        [call("a", "c1"), call("b", "c1", minutes=30), call("x", "c1", minutes=-40)],
        [call("c", "c1", minutes=10), call("d", phone_number=None, minutes=-50)],
    )
    said = outbound(*AUDIT, "--json").json
    assert {name: said[name] for name in ("windows", "calls", "clean", "violation", "cannot_be_judged")} == {
        "windows": 1,
        "calls": 5,
        "clean": 1,
        "violation": 3,
        "cannot_be_judged": 1,
    }
    assert (said["by_violation"], said["by_reason"]) == ({"consent_revoked": 3}, {"zone_unknown": 1})
    assert [row["call_id"] for row in said["listed"]] == ["b", "c", "a"]
    first = said["listed"][0]
    assert (first["contact_id"], first["started_at"]) == ("c1", "2026-03-09T16:30:00Z")
    assert (first["rule"], first["citations"]) == (["consent_revoked"], ["89 FR 15756"])
    assert [row["call_id"] for row in outbound(*AUDIT, "--limit", "2", "--json").json["listed"]] == ["b", "c"]
    everything = outbound(*AUDIT, "--unjudged", "--json").json["listed"]
    assert [(row["call_id"], row["verdict"]) for row in everything][-1] == ("d", "cannot_be_judged")
    text = outbound(*AUDIT).out
    assert text.startswith("5 calls of 1 windows from 2026-03-09T00:00:00Z")
    assert "3 consent_revoked" in text


def test_audit_is_of_a_campaign_and_a_period(world: AuditWorld, outbound: Command) -> None:
    world.says("revoked", -600)
    world.judge([call("a")])
    world.judge([call("b")], campaign_id="autumn")
    day = timedelta(days=1)
    world.judge([{**call("c"), "start_time": "2026-03-08T16:00:00Z"}], start=START - day, end=END - day)
    assert outbound(*AUDIT, "--json").json["calls"] == 2
    assert outbound(*AUDIT, "--campaign", "autumn", "--json").json["calls"] == 1
    assert "No calls" in outbound(*AUDIT[:2], "--from", "-1h").out
    for wrong in (
        ("--to", "2026-03-01T00:00:00Z"),
        ("--campaign", "../x"),
        ("--from", "2024-01-01T00:00:00Z"),
    ):
        assert outbound(*AUDIT, *wrong).code == 2


def test_rejudge_asks_for_the_period_by_an_event(world: AuditWorld, outbound: Command) -> None:
    world.put_window([call("a", "stranger")])
    world.aws.published()
    said = outbound(*AUDIT, "--rejudge", "--campaign", CAMPAIGN, "--json").json
    assert world.deliver_requests() == 1
    world.trigger.poll()
    assert said["campaign_id"] == CAMPAIGN
    assert outbound(*AUDIT, "--json").json["by_violation"] == {"no_consent": 1}
    assert "all campaigns" in outbound(*AUDIT, "--rejudge").out
