"""Many items are read in few calls, and none is forgotten when DynamoDB is busy."""

from __future__ import annotations

from typing import Any

import pytest

from outbound.store.table import Key
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
