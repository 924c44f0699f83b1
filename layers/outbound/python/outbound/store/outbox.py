"""Facts that are recorded with their effect and published after it: none is lost, whatever is cut off.

The conditional write that records an effect carries the fact in the same item and puts the item into
the due index. Publishing follows and takes the mark away. A run that is cut off between the two leaves
the mark; the sweeper finds it and publishes. The fact's id derives from the effect, so a fact that was
published twice is one event. An item that waits for something else after its facts are out says so in
`next_due` (`kind`, `at`), which then takes the mark's place.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from outbound.events import Bus, Event
from outbound.store.table import Item, Key, Table

DUE_FACTS = "facts"

# The writer publishes within moments; the sweeper leaves it that long before it steps in.
_GRACE_SECONDS = 30

# To be added to an update expression and to its values.
SET_FACTS = "#facts = :facts, #due_kind = :due_facts, #due_at = :due_facts_at"


def facts_values(facts: Sequence[Event], now: datetime) -> dict[str, Any]:
    """Give the values that `SET_FACTS` needs in the write that records the effect."""
    return {
        ":facts": _stored(facts),
        ":due_facts": DUE_FACTS,
        ":due_facts_at": int(now.timestamp()) + _GRACE_SECONDS,
    }


def facts_attributes(facts: Sequence[Event], now: datetime) -> dict[str, Any]:
    """Give the attributes of an item that is put whole together with its facts."""
    return {
        "facts": _stored(facts),
        "due_kind": DUE_FACTS,
        "due_at": int(now.timestamp()) + _GRACE_SECONDS,
    }


class Outbox:
    """Publishes the facts that items carry, and takes their marks away."""

    def __init__(self, table: Table, bus: Bus) -> None:
        """Publish facts of this table's items to this bus."""
        self._table = table
        self._bus = bus

    def publish(self, key: Key, item: Item) -> bool:
        """Publish what an item still carries and say whether it carried anything.

        Raises PublishFailed where the bus refuses; the mark then stays, and the sweeper tries again.
        """
        stored = item.get("facts")
        if not stored:
            return False
        self._bus.publish([Event.from_detail(fact) for fact in json.loads(stored)])
        values: dict[str, Any] = {":published": stored}
        clear = "REMOVE #facts, #due_kind, #due_at"
        if due := item.get("next_due"):
            clear = "SET #due_kind = :kind, #due_at = :at REMOVE #facts, #next_due"
            values |= {":kind": due["kind"], ":at": due["at"]}
        # Only what was published is unmarked: somebody may have recorded another effect meanwhile.
        self._table.update(key, clear, values, "#facts = :published")
        return True

    def publish_left(self, key: Key) -> None:
        """Publish what an item may still carry from an earlier write, so that another can be recorded there."""
        self.publish(key, self._table.get(key) or {})

    def sweep(self, now: datetime, limit: int) -> int:
        """Publish the facts that their writers left behind; give how many items had any.

        At most `limit` items, oldest first, so that one run has an end; the next run goes on.
        """
        left = list(self._table.due(DUE_FACTS, int(now.timestamp()), limit))
        for item in left:
            self.publish(Key(item["pk"], item["sk"]), item)
        return len(left)


def _stored(facts: Sequence[Event]) -> str:
    return json.dumps([asdict(fact) for fact in facts], separators=(",", ":"), ensure_ascii=False)
