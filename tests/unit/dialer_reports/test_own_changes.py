"""What the ledger of rollouts says of changes: known by version and operation, in doubt for a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from outbound.clock import CLOCK_TOLERANCE, format_time
from outbound.dialer.own_changes import OwnChanges
from outbound.store.table import Key, Table
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock

TENANT = ENVIRONMENT["TENANT"]


@pytest.fixture
def table(aws: AwsWorld) -> Table:
    found: Table = aws.table()
    return found


def put(table: Table, clock: FakeClock, rollout_id: str, finished_at: str = "", **progress: Any) -> None:
    item = {
        "rollout_id": rollout_id,
        "requested_at": format_time(clock.now()),
        "finished_at": finished_at,
        "progress": progress,
    }
    table.put(Key(f"{TENANT}#dialer", f"rollout#{rollout_id}"), item)


def test_changes_are_known_by_version_and_by_operation(table: Table, clock: FakeClock) -> None:
    put(table, clock, "r-1", own_versions=["v-1", "v-2"], activation={"sent": True, "version": "v-1"})
    restoration = {"sent": True, "version": "v-4", "operation_id": "op-4"}
    put(table, clock, "r-2", own_versions=["v-3"], restoration=restoration)
    known = OwnChanges(table, TENANT).known(clock.now())
    assert [known.asked_by(version, "") for version in ("v-1", "v-2", "v-3", "v-4", "v-5", "")] == [
        *("r-1", "r-1", "r-2", "r-2"),
        *("", ""),
    ]
    assert known.asked_by("another", "op-4") == "r-2"
    assert known.asked_by("", "op-5") == ""
    assert known.doubts == []


def test_a_rollout_that_asked_nothing_yet_is_not_in_doubt(table: Table, clock: FakeClock) -> None:
    put(table, clock, "r-1", activation={"sent": False, "version": ""}, in_doubt=False)
    table.put(
        Key(f"{TENANT}#dialer", "current"), {"rollout_id": "r-1"}
    )  # The lock is beside the rollouts, and not one.
    assert not OwnChanges(table, TENANT).known(clock.now()).may_be_ours(clock.now())


def test_a_doubt_covers_its_rollout_s_time(table: Table, clock: FakeClock) -> None:
    begun = clock.now()
    ended = begun + timedelta(hours=1)
    put(table, clock, "r-1", format_time(ended), in_doubt=True)
    known = OwnChanges(table, TENANT).known(begun)
    second = timedelta(seconds=1)
    covered = [
        begun - CLOCK_TOLERANCE - second,
        begun - CLOCK_TOLERANCE,
        ended + CLOCK_TOLERANCE,
        ended + CLOCK_TOLERANCE + second,
    ]
    assert [known.may_be_ours(moment) for moment in covered] == [False, True, True, False]


def test_rollouts_of_long_ago_are_not_read(table: Table, clock: FakeClock) -> None:
    put(table, clock, "r-1", own_versions=["v-1"])
    clock.advance(days=6)
    put(table, clock, "r-2", own_versions=["v-2"])
    own = OwnChanges(table, TENANT)
    assert own.known(clock.now()).versions == {"v-1": "r-1", "v-2": "r-2"}
    assert own.known(clock.now() + timedelta(days=2)).versions == {"v-2": "r-2"}
