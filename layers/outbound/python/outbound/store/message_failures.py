"""How often a message failed in an unplanned way.

SQS counts how often a message was received, and a message that waits for its contact is received two
hundred times in good order. So failures are counted here, and only what fails costs a write.
"""

from __future__ import annotations

from datetime import timedelta

from outbound.clock import Clock
from outbound.store.table import Key, Table

# Failures further apart than this have nothing to do with each other.
_TOGETHER = timedelta(days=1)


class MessageFailures:
    """Counts the failures of messages in the state table."""

    def __init__(self, table: Table, tenant: str, clock: Clock) -> None:
        """Count in this table."""
        self._table = table
        self._tenant = tenant
        self._clock = clock

    def count(self, message_id: str, kind: str) -> int:
        """Write down one more failure of a message and return how many there are.

        `kind` is the exception's type. A day without one begins the count anew.
        """
        key = Key(f"{self._tenant}#message#{message_id}", "failures")
        now = self._clock.now()
        values = {
            ":one": 1,
            ":none": 0,
            ":kind": kind,
            ":now": int(now.timestamp()),
            ":until": int((now + _TOGETHER).timestamp()),
        }
        written = self._table.update(
            key,
            "SET #failures = if_not_exists(#failures, :none) + :one, #kind = :kind, #ttl = :until",
            values,
            "attribute_not_exists(#ttl) OR #ttl > :now",
        )
        if written.done:
            return int(written.item["failures"])
        # DynamoDB deletes what is past its time when it comes to it.
        anew = {name: values[name] for name in (":one", ":kind", ":now", ":until")}
        self._table.update(key, "SET #failures = :one, #kind = :kind, #ttl = :until", anew, "#ttl <= :now")
        return 1
