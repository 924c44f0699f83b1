"""One way to read and write DynamoDB: plain Python values in, conditional writes, outcomes as data.

Expressions are DynamoDB's own, with every attribute written as `#name`; names and types are filled in
here. A condition that does not hold is an expected outcome: the write says so and brings the item that
stood in its way, in the same call.

DynamoDB writes a partition a thousand times a second at most, and all that is due of one kind would be one
partition of the due index. So a kind is stored with one of a few numbers, which follows from the item's
key: that is added and taken away here, and no other module knows of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, Any
from zlib import crc32

from botocore.exceptions import ClientError

from outbound.store.batch_reads import read_batches_quickly
from outbound.store.values import plain_value, stored_value

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]

# A conflict lasts as long as another's write, some milliseconds; the way there and back is pause enough.
_TRANSACTION_TRIES = 4

# So many items one BatchGetItem may ask for.
_MOST_AT_ONCE = 100

# The partitions of a kind in the due index: each takes a thousand writes a second.
DUE_SHARDS = 8
_DUE_PAGE = 100

_NAME = re.compile(r"#\w+")
_DUE_KIND = re.compile(r"#due_kind\s*=\s*(:\w+)")


@dataclass(frozen=True, slots=True)
class Key:
    """The key of an item."""

    pk: str
    sk: str


@dataclass(frozen=True, slots=True)
class Written:
    """How a conditional write ended: done, with the item as it is now, or refused, with what is there."""

    done: bool
    item: Item


class Table:
    """A DynamoDB table with the keys `pk` and `sk`."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        """Use the named table."""
        self._client = client
        self.name = name
        read_batches_quickly(client)

    def get(self, key: Key) -> Item | None:
        """Return an item as it is now, or None."""
        answer = self._client.get_item(TableName=self.name, Key=_key(key), ConsistentRead=True)
        return _plain(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Iterable[Key]) -> dict[Key, Item]:
        """Return many items as they are now, by their keys, without those that are not there."""
        wanted = list(dict.fromkeys(keys))
        found: dict[Key, Item] = {}
        for start in range(0, len(wanted), _MOST_AT_ONCE):
            found |= self._batch(wanted[start : start + _MOST_AT_ONCE])
        return found

    def _batch(self, keys: Sequence[Key]) -> dict[Key, Item]:
        asked = {"Keys": [_key(key) for key in keys], "ConsistentRead": True}
        answer = self._client.batch_get_item(RequestItems={self.name: asked})  # type: ignore[dict-item]
        items = [_plain(item) for item in answer["Responses"].get(self.name, [])]
        left = answer["UnprocessedKeys"][self.name]["Keys"] if answer.get("UnprocessedKeys") else []
        # What DynamoDB had no room for is read alone: there the SDK waits and tries again.
        rest = [self.get(Key(**_plain(key))) for key in left]
        return {Key(item["pk"], item["sk"]): item for item in (*items, *rest) if item}

    def put(
        self, key: Key, item: Mapping[str, Any], condition: str = "", values: Mapping[str, Any] | None = None
    ) -> Written:
        """Write a whole item, if the condition holds.

        Args:
            key: The item's key.
            item: Its attributes; one that is None is left out.
            condition: What must hold of the item that is there, with `#name` for the attribute `name`.
            values: The values that the condition names, by `:name`.
        """
        request = self._put(key, item, condition, values or {})
        return self._write(self._client.put_item, request, _plain(request["Item"]))

    def update(self, key: Key, expression: str, values: Mapping[str, Any], condition: str = "") -> Written:
        """Change an item by an update expression, if the condition holds; make it where there is none.

        Args:
            key: The item's key.
            expression: The update, with `#name` for the attribute `name`.
            values: The values that expression and condition name, by `:name`.
            condition: What must hold of the item as it is.

        Returns:
            Whether it was written, and the item: as it is after the write, or as it is without one.
        """
        request = self._update(key, expression, values, condition)
        return self._write(self._client.update_item, request | {"ReturnValues": "ALL_NEW"}, {})

    def query(
        self, pk: str, sk_prefix: str = "", after: str = "", descending: bool = False, limit: int = 0
    ) -> Iterator[Item]:
        """Return the items of a partition in the order of their sort keys, fetched as they are consumed.

        Args:
            pk: The partition.
            sk_prefix: Only those whose sort key begins so.
            after: Only those whose sort key comes after this one.
            descending: Whether the last ones come first.
            limit: The most items to return, 0 for all.
        """
        expression, values = _sort_keys(sk_prefix, after)
        values[":pk"] = pk
        request = {
            "KeyConditionExpression": expression,
            "ScanIndexForward": not descending,
            "ConsistentRead": True,
        }
        return self._pages(request | self._bound(expression, values), limit)

    def due(self, kind: str, until: int, limit: int) -> Iterator[Item]:
        """Return the items of the due index whose time has come, oldest first.

        The index is sparse: only what still waits for something to be done stands in it.

        Args:
            kind: What is to be done, as `due_kind` of the items says.
            until: The moment by which they are due, in Unix seconds.
            limit: The most items to return, 0 for all.
        """
        shards = (self._due_in(_sharded(kind, shard), until, limit) for shard in range(DUE_SHARDS))
        oldest_first = merge(*shards, key=lambda item: (item["due_at"], item["pk"], item["sk"]))
        return islice(oldest_first, limit) if limit else oldest_first

    def _due_in(self, partition: str, until: int, limit: int) -> Iterator[Item]:
        expression = "#due_kind = :kind AND #due_at <= :until"
        request = {"KeyConditionExpression": expression, "IndexName": "due"}
        bound = self._bound(expression, {":kind": partition, ":until": until})
        return self._pages(request | bound, limit, _DUE_PAGE)

    def transact(self, writes: Sequence[Mapping[str, Any]]) -> bool:
        """Do all writes or none; return True if they were done.

        `writes` are made by `putting` and `updating`. False means that a condition did not hold. Where
        another writer keeps writing the same items at that moment, DynamoDB's own error is raised: whether
        the conditions hold is then unknown.
        """
        for tries_left in reversed(range(_TRANSACTION_TRIES)):
            try:
                self._client.transact_write_items(TransactItems=list(writes))  # type: ignore[arg-type]
            except self._client.exceptions.TransactionCanceledException as error:
                reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
                if "ConditionalCheckFailed" in reasons:
                    return False
                if "TransactionConflict" not in reasons or not tries_left:
                    raise
            else:
                return True
        raise AssertionError("the last try returns or raises")

    def putting(
        self, key: Key, item: Mapping[str, Any], condition: str = "", values: Mapping[str, Any] | None = None
    ) -> Item:
        """Make a put for `transact`."""
        return {"Put": self._put(key, item, condition, values or {})}

    def updating(self, key: Key, expression: str, values: Mapping[str, Any], condition: str = "") -> Item:
        """Make an update for `transact`."""
        return {"Update": self._update(key, expression, values, condition)}

    def _put(self, key: Key, item: Mapping[str, Any], condition: str, values: Mapping[str, Any]) -> Item:
        stored = {name: stored_value(value) for name, value in item.items() if value is not None}
        if kind := item.get("due_kind"):
            stored["due_kind"] = stored_value(_sharded(kind, shard_of(key, DUE_SHARDS)))
        request = {"TableName": self.name, "Item": {**stored, **_key(key)}}
        return request | self._conditioned(key, condition, "", values)

    def _update(self, key: Key, expression: str, values: Mapping[str, Any], condition: str) -> Item:
        request = {"TableName": self.name, "Key": _key(key), "UpdateExpression": expression}
        return request | self._conditioned(key, condition, expression, values)

    def _conditioned(self, key: Key, condition: str, expression: str, values: Mapping[str, Any]) -> Item:
        whole = f"{expression} {condition}"
        shard = shard_of(key, DUE_SHARDS)
        kinds = {name: _sharded(values[name], shard) for name in _DUE_KIND.findall(whole)}
        request = self._bound(whole, {**values, **kinds})
        return request | ({"ConditionExpression": condition} if condition else {})

    @staticmethod
    def _bound(expression: str, values: Mapping[str, Any]) -> Item:
        bound: Item = {}
        if names := {token: token[1:] for token in _NAME.findall(expression)}:
            bound["ExpressionAttributeNames"] = names
        if values:
            bound["ExpressionAttributeValues"] = {name: stored_value(value) for name, value in values.items()}
        return bound

    def _write(self, call: Any, request: Item, written: Item) -> Written:
        try:
            answer = call(**request, ReturnValuesOnConditionCheckFailure="ALL_OLD")
        except self._client.exceptions.ConditionalCheckFailedException as error:
            return Written(done=False, item=_plain(_item_in(error)))
        return Written(done=True, item=_plain(answer["Attributes"]) if "Attributes" in answer else written)

    def _pages(self, request: Any, limit: int, page_size: int = 0) -> Iterator[Item]:
        left = limit
        while True:
            if most := min((bound for bound in (left, page_size) if bound > 0), default=0):
                request["Limit"] = most
            page = self._client.query(TableName=self.name, **request)
            for item in page["Items"]:
                yield _plain(item)
            left -= len(page["Items"])
            if "LastEvaluatedKey" not in page or (limit and left <= 0):
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def shard_of(key: Key, shards: int) -> int:
    """Return the number, from 0 and below `shards`, that follows from an item's key."""
    return crc32(f"{key.pk}\0{key.sk}".encode(errors="surrogatepass")) % shards


def _sharded(kind: str, shard: int) -> str:
    return f"{kind}#{shard}"


def _sort_keys(prefix: str, after: str) -> tuple[str, Item]:
    """Return the key condition; DynamoDB takes only one on the sort key, so two are one range."""
    if prefix and after:
        # The smallest key behind `after`, and one behind all that begin with the prefix.
        low, high = max(prefix, after + "\0"), prefix + "\U0010ffff"
        return "#pk = :pk AND #sk BETWEEN :low AND :high", {":low": min(low, high), ":high": high}
    if prefix:
        return "#pk = :pk AND begins_with(#sk, :prefix)", {":prefix": prefix}
    if after:
        return "#pk = :pk AND #sk > :after", {":after": after}
    return "#pk = :pk", {}


def _item_in(error: ClientError) -> Item:
    item: Item = error.response.get("Item", {})  # type: ignore[assignment]
    return item


def _key(key: Key) -> Item:
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}


def _plain(item: Mapping[str, Any]) -> Item:
    plain = {name: plain_value(value) for name, value in item.items()}
    if "due_kind" in plain:
        plain["due_kind"] = plain["due_kind"].partition("#")[0]
    return plain
