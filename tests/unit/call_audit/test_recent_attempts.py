"""Calls are kept once, whatever order and however often they come, and not for ever."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outbound.calling.attempts import KEPT, RecentAttempts, RecordedAttempt
from outbound.contact_ids import ledger_id
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock

NOW = FakeClock().now()


@pytest.fixture
def attempts(aws: AwsWorld) -> RecentAttempts:
    return RecentAttempts(aws.table(), ENVIRONMENT["TENANT"])


def made(call_id: str, hours: float = 1, **more: object) -> RecordedAttempt:
    return RecordedAttempt(call_id, NOW - timedelta(hours=hours), "spring", **more)  # type: ignore[arg-type]


def test_of_a_contact_that_was_never_called_there_are_none(attempts: RecentAttempts) -> None:
    assert attempts.get_many(["c1", "c2"]) == {"c1": [], "c2": []}
    assert attempts.get_many([]) == {}


def test_calls_come_back_as_they_were_oldest_first(attempts: RecentAttempts) -> None:
    calls = [made("b", 1, subject="solar"), made("a/ü 'x\"", 3, conversation=True), made("c", 2)]
    attempts.add({"c1": calls}, NOW)
    assert attempts.get_many(["c1"])["c1"] == [calls[1], calls[2], calls[0]]


def test_both_spellings_of_a_salesforce_id_are_one_contact(attempts: RecentAttempts) -> None:
    short = "0035g00000XYZab"
    attempts.add({short: [made("a")], ledger_id(short): [made("b", 2)]}, NOW)
    assert [one.call_id for one in attempts.get_many([short])[short]] == ["b", "a"]


def test_a_call_is_recorded_once_and_stays_a_conversation(attempts: RecentAttempts) -> None:
    attempts.add({"c1": [made("a")]}, NOW)
    attempts.add({"c1": [made("a", conversation=True)]}, NOW)
    attempts.add({"c1": [made("a"), made("a")]}, NOW)
    assert attempts.get_many(["c1"])["c1"] == [made("a", conversation=True)]


def test_what_is_too_old_is_not_recorded_and_goes_as_others_come(attempts: RecentAttempts) -> None:
    attempts.add({"c1": [made("a", 24), made("old", KEPT.days * 24 + 1)]}, NOW)
    assert [one.call_id for one in attempts.get_many(["c1"])["c1"]] == ["a"]
    later = NOW + KEPT
    new = RecordedAttempt("b", later - timedelta(hours=1), "spring")
    attempts.add({"c1": [new]}, later)
    assert attempts.get_many(["c1"])["c1"] == [new]


def test_of_very_many_calls_the_newest_are_kept(attempts: RecentAttempts) -> None:
    for first in range(0, 260, 65):
        attempts.add({"c1": [made(str(number), 300 - number) for number in range(first, first + 65)]}, NOW)
    kept = attempts.get_many(["c1"])["c1"]
    assert [one.call_id for one in kept] == [str(number) for number in range(60, 260)]
    attempts.add({"c1": [made("older", 301)]}, NOW)
    assert len(attempts.get_many(["c1"])["c1"]) == 200


def test_hundreds_of_contacts_are_written_in_a_few_transactions(
    aws: AwsWorld, attempts: RecentAttempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, sizes = attempts._table, []
    transact = table.transact
    monkeypatch.setattr(table, "transact", lambda writes: sizes.append(len(writes)) or transact(writes))
    attempts.add({f"c{number}": [made(f"call-{number}")] for number in range(250)}, NOW)
    assert sizes == [100, 100, 50]
    found = attempts.get_many([f"c{number}" for number in range(250)])
    assert all(len(calls) == 1 for calls in found.values())
    attempts.add({"c1": [made("call-1")]}, NOW)
    assert sizes == [100, 100, 50], "what is known is not written again"


def test_a_transaction_that_is_cancelled_is_written_one_by_one(
    attempts: RecentAttempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = attempts._table._client

    def cancelled(**_: object) -> None:
        reasons = [{"Code": "TransactionConflict"}]
        raise client.exceptions.TransactionCanceledException(
            {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons},  # type: ignore[typeddict-unknown-key]
            "TransactWriteItems",
        )

    monkeypatch.setattr(client, "transact_write_items", cancelled)
    attempts.add({"c1": [made("a")], "c2": [made("b")]}, NOW)
    monkeypatch.undo()
    assert [len(calls) for calls in attempts.get_many(["c1", "c2"]).values()] == [1, 1]


def test_an_item_ends_by_itself(aws: AwsWorld, attempts: RecentAttempts) -> None:
    attempts.add({"c1": [made("a")]}, NOW)
    item = aws.table().get(attempts.key("c1"))
    assert item is not None
    assert datetime.fromtimestamp(item["ttl"], NOW.tzinfo) == NOW + KEPT


@given(st.lists(st.lists(st.integers(0, 12), max_size=6), max_size=6), st.randoms())
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_order_in_which_calls_are_added_makes_no_difference(
    attempts: RecentAttempts, batches: list[list[int]], random: Random
) -> None:
    calls = [[made(str(n), n * 60, conversation=n % 3 == 0) for n in batch] for batch in batches]
    ends = []
    for contact in (uuid4().hex, uuid4().hex):
        for batch in calls:
            attempts.add({contact: batch}, NOW)
        ends.append(attempts.get_many([contact])[contact])
        random.shuffle(calls)
    assert ends[0] == ends[1]
