"""Many items are read in few calls, and none is forgotten when DynamoDB is busy."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import Binary
from botocore.exceptions import ClientError

from outbound.store.table import Key, Table
from worlds.aws import AwsWorld


def test_items_come_by_their_keys_without_those_that_are_not_there(aws: AwsWorld) -> None:
    table = aws.table()
    keys = [Key("acme#thing", f"{number:03}") for number in range(230)]
    for key in keys[::10]:
        table.put(key, {"number": int(key.sk)})

    found = table.get_many([*keys, *keys])

    assert {key: item["number"] for key, item in found.items()} == {key: int(key.sk) for key in keys[::10]}
    assert table.get_many([]) == {}


def test_what_dynamodb_leaves_out_is_read_all_the_same(
    aws: AwsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = aws.table()
    keys = [Key("acme#thing", name) for name in "abc"]
    for key in keys:
        table.put(key, {"name": key.sk})
    whole = aws.dynamodb.batch_get_item

    def busy(RequestItems: dict[str, Any]) -> Any:  # noqa: N803 - boto3's own
        ((name, asked),) = RequestItems.items()
        answer = whole(RequestItems={name: {**asked, "Keys": asked["Keys"][:1]}})
        return {**answer, "UnprocessedKeys": {name: {**asked, "Keys": asked["Keys"][1:]}}}

    monkeypatch.setattr(aws.dynamodb, "batch_get_item", busy)

    assert {item["name"] for item in table.get_many(keys).values()} == {"a", "b", "c"}


def test_an_item_is_the_same_whether_it_is_read_alone_or_with_others(aws: AwsWorld) -> None:
    table, key = aws.table(), Key("acme#thing", "every kind")
    item = {
        "text": "\u00e9 \U0001f600",
        "whole": 10**30,
        "less": -7,
        "broken": 1.25,
        "yes": True,
        "nothing_in": {"map": {"list": [1, "a", None, 2.5, {"deep": b"\x00\xff"}]}, "empty": {}, "none": []},
        "bytes": b"\x00\x01\xff",
        "texts": {"a", "b"},
        "numbers": {Decimal(1), Decimal("2.5")},
        "many_bytes": {b"\x00", b"\xff"},
    }
    table.put(key, item)

    alone, together = table.get(key), table.get_many([key])[key]

    assert alone == together
    assert {name: together[name] for name in ("text", "whole", "less", "broken", "yes", "texts")} == {
        name: item[name] for name in ("text", "whole", "less", "broken", "yes", "texts")
    }
    assert together["numbers"] == {1, 2.5}
    assert together["bytes"] == Binary(b"\x00\x01\xff")
    assert together["nothing_in"]["map"]["list"] == [1, "a", None, 2.5, {"deep": Binary(b"\x00\xff")}]
    assert {type(together[name]) for name in ("whole", "less")} == {int}


def test_a_refusal_of_dynamodb_is_the_error_that_its_client_raises(aws: AwsWorld) -> None:
    table = Table(aws.dynamodb, "no-such-table")

    with pytest.raises(ClientError) as refused:
        table.get_many([Key("acme#thing", "a")])

    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_several_tables_of_one_client_do_not_read_an_answer_twice(aws: AwsWorld) -> None:
    tables = [aws.table(name) for name in ("STATE_TABLE", "CONSENT_TABLE", "TOKEN_TABLE")]
    key = Key("acme#thing", "a")
    for table in tables:
        table.put(key, {"name": table.name, "bytes": b"\x01"})

    found = [table.get_many([key])[key] for table in tables]

    assert [item["name"] for item in found] == [table.name for table in tables]
