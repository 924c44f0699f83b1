"""Which contacts segmentation has seen in which campaign, and where what it knows of them lies.

    <tenant>#segmented / <campaign>           the campaign's current segment, those before it, the run at work
    <tenant>#segment-part#<run> / part#0000   an object of a run: its key, where each bucket's member begins
    <tenant>#segment-part#<run> / ids#0000    the fingerprints of the contacts in it

Written by segmentation, in the transaction of each part; read by all that have to know a contact's campaigns
or place. A part is never changed once its run is a campaign's segment.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from outbound.clock import parse_time
from outbound.contact_ids import ledger_id
from outbound.store.buckets import bucket_of, fingerprint, lines_of_members, marks_in, members_range
from outbound.store.objects import Lake
from outbound.store.table import Item, Key, Table

# Fingerprints that are kept in memory: 32 MB of them.
_MOST_MARKS = 4_000_000


@dataclass(frozen=True, slots=True)
class Segmented:
    """A campaign's segments.

    `seen` are the runs of which the rows count, the current one first: the latest of each query. `open_run`
    is the run that is at work, since `open_since`, and has moved on at `open_at`; empty where none is.
    """

    campaign_id: str
    run_id: str = ""
    seen: tuple[Mapping[str, str], ...] = ()
    open_run: str = ""
    open_since: datetime | None = None
    open_at: datetime | None = None

    @property
    def run_ids(self) -> Sequence[str]:
        """The runs of which the rows count, the current one first."""
        return [one["run_id"] for one in self.seen]


@dataclass(frozen=True, slots=True)
class _Marks:
    """The fingerprints of one part of a run."""

    number: str
    marks: array[int]

    def has(self, mark: int) -> bool:
        """Return True if a contact with this fingerprint is in the part."""
        place = bisect_left(self.marks, mark)
        return place < len(self.marks) and self.marks[place] == mark


class SegmentIndex:
    """Reads where segmentation has seen contacts; keeps the fingerprints of some runs in memory."""

    def __init__(self, table: Table, lake: Lake, tenant: str) -> None:
        """Read the state table and the lake."""
        self._table = table
        self._lake = lake
        self._tenant = tenant
        self._known: dict[str, Sequence[_Marks]] = {}
        self._held = 0

    def campaigns(self) -> Iterator[Segmented]:
        """Return every campaign that was ever segmented, or is for the first time."""
        for item in self._table.query(campaign_key(self._tenant, "").pk):
            yield segmented_of(item)

    def campaign(self, campaign_id: str) -> Segmented:
        """Return a campaign's segments; of one that was never segmented, none."""
        return segmented_of(self._table.get(campaign_key(self._tenant, campaign_id)) or {"sk": campaign_id})

    def part_with(self, run_id: str, contact_id: str) -> str:
        """Return the number of the part of a finished run that has a contact, empty where none has."""
        mark = fingerprint(contact_id)
        return next((part.number for part in self._marks(run_id) if part.has(mark)), "")

    def rows(self, run_id: str, contact_ids: Collection[str]) -> dict[str, dict[str, Any]]:
        """Return the rows of contacts in a run, by the ids that they are asked for: one read a part.

        A contact that is not in the run is not in the answer, nor is one whose object has expired.
        """
        wanted: dict[str, list[str]] = {}
        for contact_id in contact_ids:
            if number := self.part_with(run_id, contact_id):
                wanted.setdefault(number, []).append(contact_id)
        keys = {number: part_key(self._tenant, run_id, number) for number in wanted}
        parts = self._table.get_many(keys.values())
        found: dict[str, dict[str, Any]] = {}
        for number, ids in wanted.items():
            if part := parts.get(keys[number]):
                found |= self._in_part(part, ids)
        return found

    def _in_part(self, part: Item, contact_ids: Collection[str]) -> dict[str, dict[str, Any]]:
        """Return the rows of contacts in an object, read from the first of their buckets to the last."""
        buckets = [bucket_of(fingerprint(each)) for each in contact_ids]
        members = members_range(part["offsets"], min(buckets), max(buckets))
        read = self._lake.read_range(part["key"], *members)
        rows = [orjson.loads(line) for line in lines_of_members(read)] if read else []
        by_id = {ledger_id(row["contact_id"]): row for row in rows}
        return {each: by_id[ledger_id(each)] for each in contact_ids if ledger_id(each) in by_id}

    def _marks(self, run_id: str) -> Sequence[_Marks]:
        if run_id not in self._known:
            items = self._table.query(part_key(self._tenant, run_id, "").pk, "ids#")
            found = [_Marks(item["sk"][4:], marks_in(item["marks"])) for item in items]
            self._held += sum(len(part.marks) for part in found)
            if self._held > _MOST_MARKS:
                self._known.clear()
                self._held = sum(len(part.marks) for part in found)
            self._known[run_id] = found
        return self._known[run_id]


def campaign_key(tenant: str, campaign_id: str) -> Key:
    """Return the key of what is known of a campaign's segments."""
    return Key(f"{tenant}#segmented", campaign_id)


def part_key(tenant: str, run_id: str, number: str) -> Key:
    """Return the key of a part of a run."""
    return Key(f"{tenant}#segment-part#{run_id}", f"part#{number}")


def marks_key(tenant: str, run_id: str, number: str) -> Key:
    """Return the key of the fingerprints of a part."""
    return Key(f"{tenant}#segment-part#{run_id}", f"ids#{number}")


def segmented_of(item: Item) -> Segmented:
    """Return what an item says of a campaign's segments."""
    since, at = item.get("open_since"), item.get("open_at")
    return Segmented(
        item["sk"],
        item.get("run_id", ""),
        tuple(item.get("seen", ())),
        item.get("open_run", ""),
        parse_time(since) if since else None,
        parse_time(at) if at else None,
    )
