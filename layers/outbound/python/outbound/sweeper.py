"""Finishes what was left undone: whatever stands in the due index when its time has come.

The sweeper knows no capability. A duty says which kind of item it discharges and how; the function that
sweeps puts the duties together. An item is taken by moving its time forward: two sweepers discharge it
once, a sweep that is cut off leaves it for a later one, and one that always fails does not stay at the head.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from outbound.clock import Clock, Deadline
from outbound.events import PublishFailed
from outbound.logs import logger
from outbound.metrics import FunctionMetric, measure
from outbound.settings import ConfigurationError
from outbound.store.table import Item, Key, Table

# A minute's worth of work for one sweep at some 20 ms an item; the next one goes on.
_MOST_AT_ONCE = 1000
# Time to write down the item in hand.
_MARGIN_SECONDS = 5.0
# What one item can do wrong: AWS refuses, or its contents are not what they should be.
_FAILURES = (
    BotoCoreError,
    ClientError,
    PublishFailed,
    ConfigurationError,
    LookupError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Duty:
    """What is to be done for the due items of a kind.

    `discharge` gets the item as it is now. What is still due after it comes up again after `again_seconds`.
    `table` is where the items stand, unless in the sweeper's own.
    """

    kind: str
    again_seconds: int
    discharge: Callable[[Item], object]
    table: Table | None = None


class Sweeper:
    """Discharges what is due."""

    def __init__(self, table: Table, duties: Sequence[Duty], clock: Clock) -> None:
        """Discharge these duties."""
        self._table = table
        self._duties = duties
        self._clock = clock

    def sweep(self, deadline: Deadline) -> dict[str, int]:
        """Discharge what is due, oldest first, until the deadline is near; give how many items of each kind.

        Each kind has an equal share of the time left, so that a flood of one does not hold up the others.
        """
        swept: dict[str, int] = {}
        for number, duty in enumerate(self._duties):
            share = max(0.0, deadline.left() - _MARGIN_SECONDS) / (len(self._duties) - number)
            done = self._discharge_all(duty, Deadline(self._clock, share))
            swept[duty.kind] = swept.get(duty.kind, 0) + done
        measure(FunctionMetric.SWEPT, sum(swept.values()))
        return swept

    def _discharge_all(self, duty: Duty, deadline: Deadline) -> int:
        done = 0
        now = int(self._clock.now().timestamp())
        for item in self._table_of(duty).due(duty.kind, now, _MOST_AT_ONCE):
            if deadline.left() <= 0:
                logger.warning(
                    "more is due than a sweep has time for", extra={"kind": duty.kind, "done": done}
                )
                break
            done += self._discharge(duty, item)
        return done

    def _discharge(self, duty: Duty, item: Item) -> bool:
        try:
            taken = self._take(duty, item)
            if taken is None:
                return False
            duty.discharge(taken)
        except _FAILURES:
            extra = {"kind": duty.kind, "pk": item["pk"], "sk": item["sk"]}
            logger.exception("an item could not be swept; it comes up again", extra=extra)
            # Nothing else would ring: the sweep itself goes on and ends well.
            measure(FunctionMetric.MESSAGES_FAILED)
            return False
        return True

    def _take(self, duty: Duty, item: Item) -> Item | None:
        """Return the item as it is now, taken for this sweep; None where it is no longer due."""
        written = self._table_of(duty).update(
            Key(item["pk"], item["sk"]),
            "SET #due_at = :again",
            {
                ":again": int(self._clock.now().timestamp()) + duty.again_seconds,
                ":kind": duty.kind,
                ":seen": item["due_at"],
            },
            "#due_kind = :kind AND #due_at = :seen",
        )
        return written.item if written.done else None

    def _table_of(self, duty: Duty) -> Table:
        return duty.table or self._table
