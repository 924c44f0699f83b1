"""The restorer: archived attempts read back from cold storage, every copy checked against its manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from outbound.archive.cold_storage import ColdStorage, CopyDiffers
from outbound.archive.rows import short_hash
from outbound.clock import parse_time


@dataclass(frozen=True, slots=True)
class RestoreQuery:
    """What is restored: of a campaign, of a contact where it is named, of runs planned in [since, until)."""

    campaign_id: str
    contact_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


class Restorer:
    """Reads archived attempts; `parts` and `expired` count the copies that were read, and are gone."""

    def __init__(self, storage: ColdStorage) -> None:
        """Read from this storage."""
        self._storage = storage
        self.parts = 0
        self.expired = 0

    def attempts(self, query: RestoreQuery) -> Iterator[dict[str, Any]]:
        """Yield each attempt once, in the order in which they were archived; `record` is as CXone had it.

        Raises CopyDiffers, before any attempt of the copy, where one is not what its manifest says.
        """
        seen: set[int] = set()
        for manifest in self._storage.manifests(query.campaign_id):
            if not _in_time(manifest, query):
                continue
            for part in manifest["parts"]:
                for row in self._rows(part):
                    known = short_hash(row["attempt_id"])
                    if query.contact_id in ("", row["contact_id"]) and known not in seen:
                        seen.add(known)
                        yield {**row, "record": orjson.loads(row["record"])}

    def _rows(self, part: dict[str, Any]) -> Iterator[dict[str, Any]]:
        lines = self._storage.lines_if_kept(part["key"])
        if lines is None:
            self.expired += 1
            return
        if hashlib.sha256(b"".join(lines)).hexdigest() != part["sha256"]:
            raise CopyDiffers(f"{part['key']} is not what its manifest says: an earlier version of it may be")
        self.parts += 1
        for line in lines:
            yield orjson.loads(line)


def _in_time(manifest: dict[str, Any], query: RestoreQuery) -> bool:
    planned = parse_time(manifest["planned_at"])
    late_enough = query.since is None or planned >= query.since
    return late_enough and (query.until is None or planned < query.until)
