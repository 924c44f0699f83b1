"""The line of an archived attempt, as cold storage and Athena have it."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from outbound.archive.runs import ArchiveRun
from outbound.cxone.ports.attempts import Archivable, Attempt
from outbound.store.objects import line_of


def row_of(run: ArchiveRun, archivable: Archivable, attempt: Attempt) -> dict[str, Any]:
    """Return the row of an attempt; the same run makes the same row of it whenever it does."""
    return {
        "attempt_id": archivable.attempt_id,
        "campaign_id": run.campaign_id,
        "contact_id": archivable.contact_id,
        "outcome_code": archivable.outcome_code,
        "disposition": archivable.disposition,
        "call_duration_seconds": archivable.duration_seconds,
        "retention_days": archivable.retention_days,
        "run_id": run.run_id,
        # As CXone had it; a text, because a table has one type for a column and records are what they are.
        "record": orjson.dumps(attempt.source, option=orjson.OPT_SORT_KEYS).decode(),
    }


def lines_of(rows: list[dict[str, Any]]) -> list[bytes]:
    """Return rows as lines of JSON, each with its end."""
    return [line_of(row) for row in rows]


def archivable_of(row: dict[str, Any]) -> Archivable:
    """Read an attempt back from its row."""
    return Archivable(
        row["attempt_id"],
        row["contact_id"],
        row["outcome_code"],
        row["disposition"],
        row["call_duration_seconds"],
        row["retention_days"],
    )


def short_hash(attempt_id: str) -> int:
    """Return a short substitute for an id where hundreds of thousands of them are to be remembered.

    Of half a million ids two have the same with a probability of 1 in 100 million.
    """
    return int.from_bytes(hashlib.blake2b(attempt_id.encode(), digest_size=8).digest(), "big")
