"""Values come back as they went in, and what stands in the way of a write is data."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outbound.store import table as store_table
from outbound.store.table import DUE_SHARDS, Key, Table
from worlds.aws import ENVIRONMENT, AwsWorld

KEY = Key("acme#thing", "one")

_plain_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(-1e15, 1e15, allow_subnormal=False).filter(lambda number: number == 0 or abs(number) > 1e-100)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=4)
    ),
    max_leaves=10,
)


@pytest.fixture
def table(aws: AwsWorld) -> Table:
    return aws.table()


@given(value=_plain_values)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read_back(table: Table, value: Any) -> None:
    table.put(KEY, {"value": {"inside": value}})

    item = table.get(KEY)

    assert item is not None
    assert item["value"] == {"inside": value}


def test_a_whole_float_comes_back_as_the_equal_integer(table: Table) -> None:
    table.put(KEY, {"value": 2.0})

    assert table.get(KEY) == {"pk": KEY.pk, "sk": KEY.sk, "value": 2}


def test_a_put_gives_the_item_as_a_read_would(table: Table) -> None:
    written = table.put(KEY, {"number": 1.5, "list": (1, 2), "nothing": None})

    assert written.done
    assert written.item == table.get(KEY) == {"pk": KEY.pk, "sk": KEY.sk, "number": 1.5, "list": [1, 2]}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_dynamodb_cannot_hold_is_refused_aloud(table: Table, value: float) -> None:
    with pytest.raises(TypeError):
        table.put(KEY, {"value": value})


def test_a_refused_write_brings_what_stood_in_its_way(table: Table) -> None:
    table.put(KEY, {"owner": "first"})

    put = table.put(KEY, {"owner": "second"}, "attribute_not_exists(#pk)")
    update = table.update(KEY, "SET #owner = :me", {":me": "third"}, "#owner = :me")

    assert not put.done
    assert not update.done
    assert put.item["owner"] == update.item["owner"] == "first"


def test_a_refused_write_to_nothing_brings_nothing(table: Table) -> None:
    refused = table.update(KEY, "SET #owner = :me", {":me": "me"}, "attribute_exists(#pk)")

    assert (refused.done, refused.item) == (False, {})
    assert table.get(KEY) is None


def test_an_update_gives_the_item_as_it_is_then(table: Table) -> None:
    table.put(KEY, {"count": 1, "other": "kept"})

    written = table.update(KEY, "ADD #count :one", {":one": 1})

    assert written.item == {"pk": KEY.pk, "sk": KEY.sk, "count": 2, "other": "kept"}


def test_items_of_a_partition_come_in_order_and_page_by_page(table: Table) -> None:
    for number in range(30):
        table.put(Key("acme#many", f"{number:03}"), {"blob": "x" * 60_000})

    assert [item["sk"] for item in table.query("acme#many")] == [f"{number:03}" for number in range(30)]
    assert [item["sk"] for item in table.query("acme#many", descending=True, limit=3)] == [
        "029",
        "028",
        "027",
    ]


@pytest.mark.parametrize(
    ("prefix", "after", "found"),
    [
        ("", "", ["a1", "a2", "a3", "b1"]),
        ("a", "", ["a1", "a2", "a3"]),
        ("", "a2", ["a3", "b1"]),
        ("a", "a1", ["a2", "a3"]),
        ("a", "A", ["a1", "a2", "a3"]),
        ("a", "b", []),
        ("b", "a3", ["b1"]),
    ],
)
def test_a_query_takes_prefix_and_start_together(
    table: Table, prefix: str, after: str, found: list[str]
) -> None:
    for sk in ("b1", "a2", "a1", "a3"):
        table.put(Key("acme#some", sk), {})

    assert [item["sk"] for item in table.query("acme#some", prefix, after)] == found


def test_the_due_index_gives_what_is_due_oldest_first(table: Table) -> None:
    for sk, kind, at in (
        ("late", "work", 30),
        ("early", "work", 10),
        ("other", "rest", 5),
        ("due", "work", 20),
    ):
        table.put(Key("acme#due", sk), {"due_kind": kind, "due_at": at})
    table.put(Key("acme#due", "done"), {})

    assert [item["sk"] for item in table.due("work", 20, limit=10)] == ["early", "due"]
    assert [item["sk"] for item in table.due("work", 99, limit=1)] == ["early"]


def test_a_transaction_is_done_whole_or_not_at_all(table: Table) -> None:
    table.put(KEY, {"count": 1})
    new = Key("acme#thing", "two")
    raised = table.updating(KEY, "SET #count = :two", {":two": 2, ":one": 1}, "#count = :one")
    once = table.putting(new, {"made": True}, "attribute_not_exists(#pk)")

    assert table.transact([raised, once])
    assert not table.transact([raised, once])
    assert (table.get(KEY) or {})["count"] == 2
    assert (table.get(new) or {})["made"] is True


def _cancelled(client: Any, *codes: str) -> Stubber:
    stubber = Stubber(client)
    for code in codes:
        reasons = {"CancellationReasons": [{"Code": "None"}, {"Code": code}]}
        stubber.add_client_error(
            "transact_write_items", "TransactionCanceledException", modeled_fields=reasons
        )
    return stubber


def test_a_conflict_is_tried_again_and_is_no_refusal(aws: AwsWorld, table: Table) -> None:
    with _cancelled(aws.dynamodb, "TransactionConflict") as stubber:
        stubber.add_response("transact_write_items", {})
        assert table.transact([table.putting(KEY, {})])


def test_a_conflict_that_lasts_is_an_error_and_no_refusal(aws: AwsWorld, table: Table) -> None:
    with _cancelled(aws.dynamodb, *["TransactionConflict"] * 4), pytest.raises(ClientError):
        table.transact([table.putting(KEY, {})])


@pytest.mark.parametrize("code", ["ThrottlingError", "ProvisionedThroughputExceeded", "ValidationError"])
def test_a_real_error_of_a_transaction_is_not_taken_for_a_refusal(
    aws: AwsWorld, table: Table, code: str
) -> None:
    with _cancelled(aws.dynamodb, code), pytest.raises(ClientError):
        table.transact([table.putting(KEY, {})])


def test_a_real_error_of_a_write_is_not_taken_for_a_refusal(aws: AwsWorld) -> None:
    with pytest.raises(ClientError):
        Table(aws.dynamodb, "no-such-table").put(KEY, {})


def _stored(aws: AwsWorld, attribute: str) -> Counter[str]:
    items = aws.dynamodb.scan(TableName=ENVIRONMENT["STATE_TABLE"])["Items"]
    return Counter(item[attribute]["S"] for item in items if attribute in item)


def test_what_is_due_of_one_kind_is_spread_over_partitions_and_read_from_all(
    aws: AwsWorld, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_table, "DUE_SHARDS", DUE_SHARDS)
    for number in range(200):
        table.put(Key("acme#due", f"item-{number:03}"), {"due_kind": "work", "due_at": 200 - number})

    partitions = _stored(aws, "due_kind")
    assert len(partitions) == DUE_SHARDS
    assert max(partitions.values()) < 2 * 200 / DUE_SHARDS
    due = list(table.due("work", 1000, limit=0))
    assert [item["due_at"] for item in due] == list(range(1, 201)), "oldest first, each once"
    assert {item["due_kind"] for item in due} == {"work"}
    assert [item["due_at"] for item in table.due("work", 150, limit=120)] == list(range(1, 121))


def test_the_partition_of_a_due_item_stays_the_same_however_it_is_written(
    aws: AwsWorld, table: Table
) -> None:
    key, values = Key("acme#due", "one"), {":kind": "work", ":at": 1}
    mark = "SET #due_kind = :kind, #due_at = :at"
    table.update(key, mark, values)
    (marked,) = _stored(aws, "due_kind")
    table.put(key, {"due_kind": "work", "due_at": 2}, "#due_kind = :kind", {":kind": "work"})
    assert table.transact([table.updating(key, mark, values, "#due_kind = :kind")])
    assert table.transact([table.putting(key, {"due_kind": "work", "due_at": 3})])

    assert set(_stored(aws, "due_kind")) == {marked}
    refused = table.update(key, "SET #due_at = :at", {":at": 9, ":kind": "rest"}, "#due_kind = :kind")
    assert (refused.done, refused.item["due_kind"]) == (False, "work")
