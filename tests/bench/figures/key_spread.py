"""How far writes are spread over partitions, of which each takes a thousand a second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import boto3

from bench.measured import Measured, Target
from bench.stage import Stage
from outbound.deliveries.ledger import DeliveryLedger
from outbound.events import Event
from outbound.store.outbox import facts_attributes
from outbound.store.table import Key, Table

NAME = "spread"

EVENTS = 20_000
# What the busiest partition takes of them: with one partition for all it would be 100 %.
DELIVERIES = Target("at most", 10, "%")
FACTS = Target("at most", 20, "%")


def measure(_: Stage) -> Iterator[Measured]:
    """Write deliveries of one destination, and unpublished facts; count where each would go."""
    partitions, index = Counter[str](), Counter[str]()

    def put_item(**request: Any) -> dict[str, Any]:
        partitions[request["Item"]["pk"]["S"]] += 1
        if "due_kind" in request["Item"]:
            index[request["Item"]["due_kind"]["S"]] += 1
        return {}

    client = boto3.client("dynamodb", region_name="us-east-1")
    client.put_item = put_item  # type: ignore[method-assign]
    table = Table(client, "state")
    now, ledger = datetime.now(UTC), DeliveryLedger(table, "main", "crm")
    for number in range(EVENTS):
        event = Event(str(UUID(int=number)), "outcomes.pulled", "2026-03-10T12:00:00Z", "c", "main", {})
        ledger.claim(ledger.new(event.event_id), event, now, now + timedelta(minutes=2))
    yield _row("deliveries of one destination", partitions, DELIVERIES)
    for number in range(EVENTS):
        event = Event(str(number), "consent.changed", "2026-03-10T12:00:00Z", "c", "main", {})
        table.put(Key("main#webhook", event.event_id), facts_attributes([event], now))
    yield _row("unpublished facts in the index", index, FACTS)


def _row(what: str, partitions: Counter[str], target: Target) -> Measured:
    busiest = 100 * max(partitions.values()) / partitions.total()
    return Measured(
        f"busiest partition, {what}",
        busiest,
        target,
        note=f"{partitions.total():,} writes over {len(partitions)} partitions",
        detail={"partitions": len(partitions), "busiest": max(partitions.values())},
    )
