"""The ledger of deliveries: one item a destination and event, which remembers how far it has come.

Every write names the version that it follows, so of two workers that read the same state one writes and
the other learns that it is late. What waits longer than a queue can hold it is parked here, event and all,
in the due index.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil
from typing import Any

from outbound.clock import format_time
from outbound.events import Event
from outbound.store.outbox import facts_attributes
from outbound.store.table import Item, Key, Table, shard_of

DUE_DELIVERIES = "deliveries"

# The partitions of a destination.
_SHARDS = 16
# Longer than an event can come again: 14 days in a queue, 14 more in its dead-letter queue.
_REMEMBERED = timedelta(days=30)
# Unix time of the year 9999: everything that is due some day.
_SOME_DAY = 253_402_300_799


class Status(StrEnum):
    """How far a delivery has come."""

    NEW = "new"
    """Nothing is written down yet."""

    CLAIMED = "claimed"
    """A worker is sending it, until `claim_until` at the latest."""

    WAITING = "waiting"
    """Its message is invisible in the queue until `next_at`."""

    PARKED = "parked"
    """Its event lies in the ledger until `next_at`; the queue has let go of it."""

    DELIVERED = "delivered"
    """The destination took it. Never sent again."""

    DEAD = "dead"
    """It was given up and lies in the dead-letter queue."""

    DROPPED = "dropped"
    """The destination no longer wants it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A delivery as the ledger has it. Times are Unix seconds, `dead_at` Unix milliseconds."""

    key: Key
    item: Item = field(default_factory=dict)

    @property
    def status(self) -> Status:
        """How far it has come."""
        return Status(self.item.get("status", Status.NEW))

    @property
    def attempts(self) -> int:
        """How often it was sent, or was about to be; a dead one that comes again starts anew."""
        return 0 if self.status is Status.DEAD else int(self.item.get("attempts", 0))

    @property
    def parks(self) -> int:
        """How often in a row it was parked without being sent."""
        return int(self.item.get("parks", 0))

    @property
    def deaths(self) -> int:
        """How often it was given up."""
        return int(self.item.get("deaths", 0))

    def time(self, name: str) -> int:
        """Return one of its times, 0 where it has none."""
        return int(self.item.get(name, 0))


class DeliveryLedger:
    """The deliveries to one destination."""

    def __init__(self, table: Table, tenant: str, destination: str) -> None:
        """Keep the ledger of this destination."""
        self._table = table
        self._partition = ledger_partition(tenant, destination)

    def read(self, event_id: str) -> Entry:
        """Return a delivery as it is now; one that is not there is new."""
        entry = self.new(event_id)
        return Entry(entry.key, self._table.get(entry.key) or {})

    def new(self, event_id: str) -> Entry:
        """Return a delivery of which nothing is written down."""
        return Entry(delivery_key(self._partition, event_id))

    def claim(self, entry: Entry, event: Event, now: datetime, until: datetime) -> Entry | None:
        """Take a delivery to send it, and count the attempt; None where another worker was faster."""
        attempts, claim_until = entry.attempts + 1, ceil(until.timestamp())
        changes = {"status": Status.CLAIMED, "attempts": attempts, "claim_until": claim_until}
        return self._write(entry, event, now, changes)

    def delivered(self, entry: Entry, event: Event, now: datetime, status: int) -> Entry | None:
        """Write down that the destination took it, with the HTTP status that it said so by."""
        changes = {"status": Status.DELIVERED, "delivered_at": format_time(now), "last_status": status}
        return self._write(entry, event, now, changes | {"last_error": None})

    def wait(self, entry: Entry, event: Event, now: datetime, next_at: datetime, error: str) -> Entry | None:
        """Write down a failed attempt whose message stays in the queue until `next_at`."""
        changes = {"status": Status.WAITING, "next_at": ceil(next_at.timestamp()), "last_error": error}
        return self._write(entry, event, now, changes)

    def park(
        self, entry: Entry, event: Event, now: datetime, next_at: datetime, changes: Mapping[str, Any]
    ) -> Entry | None:
        """Keep the event here until it is due, so that the queue can let go of it.

        Args:
            entry: The delivery as it was read or claimed.
            event: What is to be delivered.
            now: When it is parked.
            next_at: When it is due.
            changes: Further attributes: `last_error`, `parks`, `attempts`.

        Returns:
            The parked delivery; None where another worker has written in between.
        """
        due = ceil(next_at.timestamp())
        parked = {
            "status": Status.PARKED,
            "next_at": due,
            "event": event.to_json(),
            "due_kind": DUE_DELIVERIES,
            "due_at": due,
            # What is parked is not forgotten, however long its destination is switched off.
            "ttl": None,
        }
        return self._write(entry, event, now, parked | dict(changes))

    def bury(
        self, entry: Entry, event: Event, now: datetime, status: int, reason: str, facts: Sequence[Event]
    ) -> Entry | None:
        """Write down that a delivery was given up.

        Args:
            entry: The delivery as it was read or claimed.
            event: What was to be delivered.
            now: When it was given up.
            status: The status that it was answered with, 0 where no answer came.
            reason: Why, for the operator.
            facts: What says so on the bus.

        Returns:
            The delivery with its facts; None where another worker has written in between.
        """
        changes = {
            "status": Status.DEAD,
            "deaths": entry.deaths + 1,
            "dead_at": int(now.timestamp() * 1000),
            "last_status": status or None,
            "last_error": reason,
        }
        published = facts_attributes(facts, now) if facts else {}
        return self._write(entry, event, now, changes | published)

    def drop(self, entry: Entry, event: Event, now: datetime) -> Entry | None:
        """Let go of a delivery that is no longer wanted."""
        return self._write(entry, event, now, {"status": Status.DROPPED})

    def _write(self, entry: Entry, event: Event, now: datetime, changes: Mapping[str, Any]) -> Entry | None:
        """Write the item anew over the version that was read; None where another version is there by now."""
        version = entry.time("version")
        item = {
            "event_type": event.event_type,
            "first_seen": format_time(now),
            "ttl": int((now + _REMEMBERED).timestamp()),
            **{name: entry.item[name] for name in _LASTING if name in entry.item},
            "attempts": entry.attempts,
            **changes,
            "version": version + 1,
        }
        condition = "#version = :seen" if version else "attribute_not_exists(#version)"
        written = self._table.put(entry.key, item, condition, {":seen": version} if version else {})
        return Entry(entry.key, written.item) if written.done else None


# What outlives a change of status; everything else belongs to the status that it was written with.
_LASTING = ("first_seen", "deaths", "last_status", "last_error")


def ledger_partition(tenant: str, destination: str) -> str:
    """How the partitions begin that hold the deliveries to a destination."""
    return f"{tenant}#delivery#{destination}"


def delivery_key(partition: str, event_id: str) -> Key:
    """Return the key of a delivery: in one of many partitions, for one takes a thousand writes a second."""
    return Key(f"{partition}#{shard_of(Key(partition, event_id), _SHARDS):02}", event_id)


def destination_of(item: Item) -> str:
    """Return the destination that a ledger item is about."""
    return _partition_of(item).rpartition("#")[2]


def _partition_of(item: Item) -> str:
    return str(item["pk"]).rpartition("#")[0]


def parked_deliveries(table: Table, tenant: str, destination: str) -> Iterator[Item]:
    """Return every delivery to a destination that is parked, the one due first first."""
    partition = ledger_partition(tenant, destination)
    return (
        item for item in table.due(DUE_DELIVERIES, _SOME_DAY, limit=0) if _partition_of(item) == partition
    )


def bring_forward(table: Table, item: Item, now: datetime) -> bool:
    """Make a parked delivery due now; return True if it was still parked as it was read."""
    written = table.update(
        Key(item["pk"], item["sk"]),
        "SET #next_at = :now, #due_at = :now",
        {":now": int(now.timestamp()), ":parked": Status.PARKED.value, ":seen": item["version"]},
        "#status = :parked AND #version = :seen",
    )
    return written.done
