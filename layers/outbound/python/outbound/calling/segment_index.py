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
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from outbound.clock import parse_time
from outbound.contact_ids import ledger_id
from outbound.store.buckets import BUCKETS, bucket_of, fingerprint, lines_of_members, marks_in, members_range
from outbound.store.objects import Lake
from outbound.store.table import Item, Key, Table

# Fingerprints that are kept in memory: 32 MB of them.
_MOST_MARKS = 4_000_000
# So many contacts of a part are worth to read and keep all of it, some 5 MB; so many parts are kept.
_MANY, _MOST_PARTS = 50, 8
_BEFORE_ID, _BEHIND_ID = b'{"contact_id":"', b'","campaign_id":'


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
        self._parts: OrderedDict[Key, Mapping[str, bytes]] = OrderedDict()
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
        """Return the rows of contacts in a run, by the ids that they are asked for: one read a part at most.

        Of a few contacts their buckets are read; where many are asked for, the whole part is, and kept for a
        while. A contact that is not in the run is not in the answer, nor is one whose object has expired.
        """
        wanted: dict[str, list[str]] = {}
        for contact_id in contact_ids:
            if number := self.part_with(run_id, contact_id):
                wanted.setdefault(number, []).append(contact_id)
        found: dict[str, dict[str, Any]] = {}
        for number, ids in wanted.items():
            lines = self._lines(run_id, number, ids)
            known = ((each, lines.get(ledger_id(each))) for each in ids)
            found |= {each: orjson.loads(line) for each, line in known if line}
        return found

    def _lines(self, run_id: str, number: str, contact_ids: Sequence[str]) -> Mapping[str, bytes]:
        """Return lines of a part by contact, those of some contacts among them."""
        key = part_key(self._tenant, run_id, number)
        if key in self._parts:
            self._parts.move_to_end(key)
            return self._parts[key]
        buckets = [bucket_of(fingerprint(each)) for each in contact_ids]
        whole = len(contact_ids) >= _MANY
        lines = self._read(key, *((0, BUCKETS - 1) if whole else (min(buckets), max(buckets))))
        if whole:
            self._parts[key] = lines
            if len(self._parts) > _MOST_PARTS:
                self._parts.popitem(last=False)
        return lines

    def _read(self, key: Key, first: int, last: int) -> Mapping[str, bytes]:
        part = self._table.get(key)
        if part is None:
            return {}
        members = self._lake.read_range(part["key"], *members_range(part["offsets"], first, last))
        return {_contact_of(line): line for line in lines_of_members(members)} if members else {}

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


def _contact_of(line: bytes) -> str:
    """Return whom a row is about, as ledgers know the contact: its first field alone is read."""
    written = line[len(_BEFORE_ID) : line.index(_BEHIND_ID)]
    contact_id = orjson.loads(b'"' + written + b'"') if b"\\" in written else written.decode()
    return ledger_id(contact_id)
