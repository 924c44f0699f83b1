"""Switches: one at a time, none under a hold, each ended once with its fact."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from outbound.campaign_records.switches import FailoverRecord, PersonsHold, Switches, SwitchRecord
from outbound.clock import format_time
from outbound.events import Event
from outbound.steering.failover import Direction
from outbound.steering.switch import Step, Switch
from outbound.steering.transitions import Target
from outbound.store.table import Table
from worlds.aws import AwsWorld

NOW = datetime(2026, 11, 26, 15, 0, 0, 123, tzinfo=UTC)
SWITCH = Switch(Direction.FAIL_OVER, "cmp_1", "cmp_2", NOW)
FACT = Event("id", "campaign.failed_over", "2026-11-26T15:00:00Z", "about", "acme")
HOLD = PersonsHold("ann", NOW, "numbers are moved")


@pytest.fixture
def switches(aws: AwsWorld) -> Switches:
    """Of a tenant that had no failover yet."""
    table: Table = aws.table()
    return Switches(table, "acme")


def _open(switches: Switches, before: FailoverRecord | None = None) -> SwitchRecord | None:
    evidence = {"finding": "breach", "threshold": 0.15, "windows": []}
    return switches.open("cmp_1", SWITCH, evidence, "about", before or switches.get("cmp_1"))


def test_a_switch_is_read_as_it_was_written(switches: Switches) -> None:
    opened = _open(switches)
    assert opened
    assert opened.switch == SWITCH
    assert opened.evidence["threshold"] == 0.15
    assert switches.get("cmp_1") == FailoverRecord("cmp_1", opened)
    assert list(switches.all()) == [FailoverRecord("cmp_1", opened)]
    assert opened.last.is_open


def test_of_two_that_decide_by_the_same_record_one_begins(switches: Switches) -> None:
    before = switches.get("cmp_1")
    assert _open(switches, before)
    assert _open(switches, before) is None


def test_none_begins_under_a_persons_hold(switches: Switches) -> None:
    before = switches.get("cmp_1")
    assert switches.hold("cmp_1", HOLD)
    assert not switches.hold("cmp_1", HOLD)
    assert _open(switches, before) is None
    assert switches.get("cmp_1").hold == HOLD
    released = switches.release("cmp_1", "bob", "they are moved", NOW + timedelta(hours=1))
    assert released
    said = [json.loads(fact) for fact in released["facts"]]
    assert [(one["event_type"], one["data"]["by"], one["data"]["held_at"]) for one in said] == [
        ("campaign.failover_held", "ann", format_time(NOW)),
        ("campaign.failover_released", "bob", format_time(NOW)),
    ]
    assert not switches.release("cmp_1", "bob", "they are moved", NOW)
    assert _open(switches)


def test_a_switch_ends_once_and_carries_its_fact(switches: Switches) -> None:
    opened = _open(switches)
    assert opened
    paused = switches.note_paused(opened)
    assert paused.switch.paused
    item = switches.end(paused, Step.COMPLETE, [], [FACT], NOW + timedelta(minutes=1))
    assert item
    assert item["facts"] == [FACT.to_json()]
    assert switches.end(paused, Step.FAILED, ["held"], [FACT], NOW) is None
    ended = switches.get("cmp_1").last
    assert ended
    assert (ended.ended, ended.ended_at) == (Step.COMPLETE, NOW + timedelta(minutes=1))
    assert not ended.last.is_open


def test_the_next_one_begins_anew_and_keeps_facts_that_wait(switches: Switches) -> None:
    opened = _open(switches)
    assert opened
    switches.end(opened, Step.FAILED, ["held"], [FACT], NOW)
    again = _open(switches)
    assert again
    assert (again.revision, again.ended, again.refusals, again.switch.paused) == (2, None, (), False)
    # What the first one still had to say is not lost with it.
    assert switches.end(opened, Step.COMPLETE, [], [FACT], NOW) is None


def test_each_decision_has_an_id_of_its_own(switches: Switches) -> None:
    opened = _open(switches)
    assert opened
    ids = {opened.decision_id(target, number) for target in Target for number in (0, 1)}
    assert len(ids) == 4
    assert opened.decision_id(Target.PAUSED) == switches.get("cmp_1").last.decision_id(Target.PAUSED)  # type: ignore[union-attr]
