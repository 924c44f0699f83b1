"""Calls as the lake has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from outbound.calling.attempts import RecordedAttempt
from outbound.compliance.numbers import Number, area_code, read_number


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was made. `contact_id` is empty where its record names none."""

    call_id: str
    contact_id: str
    started_at: datetime
    number: Number | None = None
    conversation: bool = False

    def attempt(self, campaign_id: str, subject: str) -> RecordedAttempt:
        """Return the call as caps count it."""
        return RecordedAttempt(self.call_id, self.started_at, campaign_id, subject, self.conversation)


def calls_of(lines: Iterable[bytes], number_column: str) -> Iterator[Call]:
    """Return the calls of a part's lines.

    Args:
        lines: Rows of `outcomes/` as JSON.
        number_column: The column that holds the called number or its area code, where outcomes carry one.
    """
    for line in lines:
        row: dict[str, Any] = orjson.loads(line)
        yield Call(
            row["id"],
            row["contact_id"] or "",
            datetime.fromisoformat(row["start_time"]),
            _number(row.get(number_column)),
            # A call that reached an agent was a conversation, for all that a cap may ask.
            bool(row["agent_id"]),
        )


def _number(value: object) -> Number | None:
    if isinstance(value, str) and len(value) == 3 and value.isascii() and value.isdigit():
        return Number(f"1{value}", area_code(value))
    return read_number(value)
