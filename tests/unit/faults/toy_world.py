"""A world small enough to see through: one item that counts, and a bus."""

from __future__ import annotations

from dataclasses import dataclass, field

from outbound.store.table import Key, Table
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock

KEY = Key("acme#toy", "1")


@dataclass
class Toy:
    """A world with one table, and a file that is nobody's outside call."""

    aws: AwsWorld
    clock: FakeClock
    notes: list[str] = field(default_factory=list)

    @property
    def table(self) -> Table:
        return self.aws.table()

    def counted(self) -> int:
        return int((self.table.get(KEY) or {}).get("count", 0))

    def published(self) -> list[str]:
        return sorted({event["event_id"] for event in self.aws.published()})


def put_event(toy: Toy, event_id: str) -> None:
    detail = f'{{"event_id": "{event_id}", "event_type": "toy.done"}}'
    entry = {"EventBusName": ENVIRONMENT["BUS_NAME"], "Source": "outbound-bridge", "Detail": detail}
    toy.aws.events.put_events(Entries=[entry | {"DetailType": "toy.done"}])


def record_once(toy: Toy) -> None:
    toy.table.update(KEY, "SET #count = :one", {":one": 1})


def record_and_publish(toy: Toy) -> None:
    """Effect, then fact, with nothing that remembers the fact in between."""
    if not toy.counted():
        record_once(toy)
        put_event(toy, "done")


def count_up(toy: Toy) -> None:
    toy.table.update(KEY, "ADD #count :one", {":one": 1})


def nothing(toy: Toy) -> None:
    return None
