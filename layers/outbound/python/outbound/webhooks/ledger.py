"""Webhooks that were believed: the raw deliveries in the lake, and the ledger of what became of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from outbound.clock import format_time
from outbound.events import Event
from outbound.store.outbox import SET_FACTS, facts_attributes, facts_values
from outbound.store.table import Item, Key, Table, Written

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "webhooks"

# A message can lie for 14 days in its queue and, sent there on the last of them, 14 in the dead-letter
# queue. That long after a kept copy is gone its delivery may still come; the ledger remembers it longer.
_STILL_COMING = timedelta(days=28)
_REMEMBERED = timedelta(days=30)
_THERE_ALREADY = "PreconditionFailed"


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a delivery lies in the lake."""

    key: str
    provider: str
    delivery_id: str
    kept_at: datetime


class RawWebhooks:
    """The deliveries as they were received, one object each, by day and provider."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        """Keep them in this bucket."""
        self._client = client
        self._bucket = bucket

    def keep(self, key: str, text: str) -> bool:
        """Keep a delivery; return True if it was new. The first copy stays as it is."""
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=text.encode(),
                IfNoneMatch="*",
                ContentType="application/json",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != _THERE_ALREADY:
                raise
            return False
        return True

    def read(self, key: str) -> str | None:
        """Return a kept delivery, or None where its time was up."""
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read().decode()
        except self._client.exceptions.NoSuchKey:
            return None

    def between(self, first: date, last: date, provider: str = "") -> Iterator[Kept]:
        """Return where the deliveries of these days lie, both days included, by day and provider."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=f"{PREFIX}/", StartAfter=f"{PREFIX}/dt={first:%Y-%m-%d}"
        )
        for found in (found for page in pages for found in page.get("Contents", [])):
            _, day, of, name = found["Key"].split("/", 3)
            if day > f"dt={last:%Y-%m-%d}":
                return
            if provider in ("", of):
                yield Kept(found["Key"], of, name.removesuffix(".json"), found["LastModified"])


def raw_key(received_at: datetime, provider: str, delivery_id: str) -> str:
    """The key of a delivery: that of its arrival's UTC day."""
    day = received_at.astimezone(UTC)
    return f"{PREFIX}/dt={day:%Y-%m-%d}/{provider}/{delivery_id}.json"


class WebhookLedger:
    """What became of each delivery: written once, with all the events that it led to."""

    def __init__(self, table: Table, tenant: str, retention: timedelta) -> None:
        """Remember deliveries longer than their copies are kept (`retention`) and can still come."""
        self._table = table
        self._pk = f"{tenant}#webhook"
        self._retention = retention

    def key(self, delivery_id: str, run: str = "") -> Key:
        """The key of a delivery, or of an operator's run that sent it again."""
        return Key(self._pk, f"{delivery_id}#replay#{run}" if run else delivery_id)

    def read(self, delivery_id: str, run: str = "") -> Item | None:
        """Return what is written about a delivery, or None."""
        return self._table.get(self.key(delivery_id, run))

    def is_too_old(self, received_at: datetime, now: datetime) -> bool:
        """Return True if the ledger may have forgotten a delivery: a second one looks like the first."""
        return now - received_at > self._retention + _STILL_COMING

    def record_part(self, key: Key, part: str, events: Sequence[Event], now: datetime) -> tuple[Key, Written]:
        """Write down a part of a large delivery's events, unless it is written down already."""
        place = Key(key.pk, f"{key.sk}#part#{part}")
        return place, self._record(place, {}, events, now, now)

    def record(
        self,
        key: Key,
        about: Mapping[str, Any],
        events: Sequence[Event],
        received_at: datetime,
        now: datetime,
    ) -> Written:
        """Write down what became of a delivery, with its events, unless it is written down already.

        Args:
            key: The key of the delivery, or of the operator's run that sent it again.
            about: What became of it.
            events: What it led to, to be published from the item.
            received_at: When it was received: it is remembered from then on, or from `now` if that is later.
            now: The time.
        """
        return self._record(key, about, events, received_at, now)

    def record_again(
        self,
        key: Key,
        about: Mapping[str, Any],
        events: Sequence[Event],
        known: Item,
        now: datetime,
    ) -> Written:
        """Write down what became of a delivery that came again, if what is known of it still holds.

        It is remembered for as long as one that came for the first time.

        Args:
            key: The key of the delivery.
            about: What became of it this time.
            events: What it led to, to be published from the item.
            known: The item as it was read: another digest in the table is another worker's.
            now: The time.
        """
        values: dict[str, Any] = {f":{name}": value for name, value in about.items()}
        values[":routed_at"] = format_time(now)
        values[":ttl"] = max(known["ttl"], int((now + self._retention + _REMEMBERED).timestamp()))
        values[":seen"] = known.get("digest", "")
        expression = "SET " + ", ".join(f"#{name[1:]} = {name}" for name in values if name != ":seen")
        if events:
            expression, values = f"{expression}, {SET_FACTS}", values | facts_values(events, now)
        condition = "#digest = :seen" if values[":seen"] else "attribute_not_exists(#digest)"
        if not values[":seen"]:
            del values[":seen"]
        return self._table.update(key, expression, values, condition)

    def _record(
        self, key: Key, about: Mapping[str, Any], events: Sequence[Event], since: datetime, now: datetime
    ) -> Written:
        item = {
            **about,
            "routed_at": format_time(now),
            "ttl": int((max(since, now) + self._retention + _REMEMBERED).timestamp()),
            **(facts_attributes(events, now) if events else {}),
        }
        return self._table.put(key, item, "attribute_not_exists(#pk)")
