"""`outbound failover` and `outbound campaigns health`: what an operator sees and holds."""

from __future__ import annotations

import pytest

from worlds.aws import AwsWorld, FakeClock
from worlds.command import Command
from worlds.monitoring import BACKUP, FAILING, HEALTHY, PRIMARY, MonitoringWorld


@pytest.fixture
def world(aws: AwsWorld, clock: FakeClock) -> MonitoringWorld:
    return MonitoringWorld(aws, clock)


def _words(text: str) -> str:
    return " ".join(text.split())


def test_a_failover_is_shown_with_what_it_was_decided_on(world: MonitoringWorld, outbound: Command) -> None:
    world.minutes(1, primary=FAILING)
    (row,) = outbound("--json", "failover", "show").json
    assert (row["campaign_id"], row["backup_campaign_id"], row["last"], row["end"]) == (
        PRIMARY,
        BACKUP,
        "fail_over",
        "complete",
    )
    shown = outbound("--json", "failover", "show", PRIMARY).json
    assert shown["evidence"]["windows"][0]["calls"] == 300
    assert outbound("failover", "show", PRIMARY).code == 0


def test_why_there_is_none_is_shown(world: MonitoringWorld, outbound: Command) -> None:
    world.cxone.states[BACKUP] = "stopped"
    world.minutes(1, primary=FAILING)
    shown = outbound("--json", "failover", "show", PRIMARY).json
    assert (shown["reasons"], shown["last"]) == (["ended"], None)


def test_an_operator_holds_the_failover_and_releases_it(world: MonitoringWorld, outbound: Command) -> None:
    held = outbound("failover", "hold", PRIMARY, "--reason", "numbers are moved", "--by", "lead")
    assert "outbound failover release primary" in _words(held.out)
    assert outbound("--json", "failover", "hold", PRIMARY, "--reason", "again").json["changed"] is False
    world.minutes(2, primary=FAILING)
    assert not world.cxone.changes
    hold = outbound("--json", "failover", "show", PRIMARY).json["hold"]
    assert (hold["by"], hold["reason"]) == ("lead", "numbers are moved")
    said = "the numbers are moved"
    assert outbound("failover", "release", PRIMARY, "--reason", said, "--by", "lead").code == 0
    assert outbound("--json", "failover", "release", PRIMARY, "--reason", said).json["changed"] is False
    (held,), (released,) = world.facts("campaign.failover_held"), world.facts("campaign.failover_released")
    assert (held["by"], held["reason"]) == ("lead", "numbers are moved")
    assert (released["by"], released["reason"], released["held_at"]) == ("lead", said, held["held_at"])
    world.minutes(1, primary=FAILING)
    assert world.cxone.states == {PRIMARY: "paused", BACKUP: "active"}


@pytest.mark.parametrize("campaign_id", [BACKUP, "stranger", "no id"])
def test_what_has_no_backup_cannot_be_held(
    world: MonitoringWorld, outbound: Command, campaign_id: str
) -> None:
    said = outbound("failover", "hold", campaign_id, "--reason", "numbers are moved")
    assert said.code != 0
    assert campaign_id in said.err


@pytest.mark.parametrize(
    ("option", "text"),
    [("--reason", ""), ("--reason", "  "), ("--reason", "x" * 257), ("--by", " "), ("--by", "x" * 129)],
)
def test_a_hold_has_a_reason_and_says_who_asked(
    world: MonitoringWorld, outbound: Command, option: str, text: str
) -> None:
    given = {"--reason": "no agents", "--by": "lead", option: text}
    said = outbound("failover", "hold", PRIMARY, *(word for pair in given.items() for word in pair))
    assert said.code != 0
    assert option in said.err
    assert world.failover().hold is None


def test_health_shows_those_first_that_need_a_person(world: MonitoringWorld, outbound: Command) -> None:
    world.register("aaa", subject="upgrades")
    world.cxone.states["aaa"] = "active"
    world.take(world.pulled(CONVERTED=480, ABANDONED=20))
    world.minutes(1, primary=HEALTHY, aaa=HEALTHY, backup=HEALTHY)
    rows = outbound("--json", "campaigns", "health").json
    assert [row["campaign_id"] for row in rows] == [BACKUP, PRIMARY, "aaa"]
    assert rows[0]["abandoned_period"] == "20/500 = 4.00% since 2026-03-10"
    assert [row["attention"] for row in rows] == [["abandonment_over"], ["abandonment_over"], []]
    assert outbound("campaigns", "health").code == 0


def test_health_of_one_campaign_has_all_that_is_known(world: MonitoringWorld, outbound: Command) -> None:
    world.minutes(1, primary=HEALTHY)
    shown = outbound("--json", "campaigns", "health", PRIMARY).json
    assert (shown["state"], shown["window_open"], shown["calls"]["calls"]) == ("active", True, 300)
    said = outbound("campaigns", "health", PRIMARY)
    assert "3% of answered calls (47 CFR 64.1200(a)(7)" in _words(said.out)
    assert "30.00%" in said.out
    lines = said.out.splitlines()
    assert "state: active" in lines, "a name and its value stand on one line, however narrow the terminal is"
    assert "attention: -" in lines


def test_a_campaign_that_was_not_looked_at_says_so(world: MonitoringWorld, outbound: Command) -> None:
    said = outbound("campaigns", "health", PRIMARY)
    assert said.code != 0
    assert "was not looked at yet" in _words(said.err)


def test_a_threshold_of_its_own_is_registered(world: MonitoringWorld, outbound: Command) -> None:
    assert outbound("campaigns", "register", PRIMARY, "--failover-threshold", "0.12").code == 0
    campaign = world.runtime.registry.get(PRIMARY)
    assert campaign
    assert campaign.calling["failover_threshold"] == 0.12
    assert outbound("campaigns", "register", PRIMARY, "--failover-threshold", "").code == 0
    campaign = world.runtime.registry.get(PRIMARY)
    assert campaign
    assert "failover_threshold" not in campaign.calling
    said = outbound("campaigns", "register", PRIMARY, "--failover-threshold", "1.5")
    assert said.code != 0
    assert "failover_threshold" in said.err
