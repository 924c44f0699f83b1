"""The parts of pull jobs: what some pages came to, kept until the job's result is made of them.

pages   0 1 2 3 4 5 6 7 8
parts   |0    |3      |7        each is kept under its first page, and knows how many pages it has
stale       |2    |5            of an earlier pull, which gathered other pages: none begins where one ends
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from outbound.outcomes.job import Part
from outbound.store.table import Item, Key, Table

# A job is tried again until its window is out of CXone's retention (90 days), and needs all its parts then.
_PART_TTL = timedelta(days=120)


class Parts:
    """Reads the parts of one tenant's pull jobs, and makes the writes of new ones."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep parts in the state table."""
        self._table = table
        self._tenant = tenant

    def putting(self, job_id: str, part: Part, now: datetime) -> Item:
        """Make the write of a part, to go into the same transaction as the checkpoint behind it."""
        item = {name: getattr(part, name) for name in Part.__slots__}
        return self._table.putting(
            self._key(job_id, part.page), item | {"ttl": int((now + _PART_TTL).timestamp())}
        )

    def first(self, job_id: str, pages: int) -> Iterator[Part]:
        """Return the parts of a job's first pages, in order, without those that an earlier pull left."""
        next_page = 0
        for item in self._table.query(self._key(job_id, 0).pk):
            if next_page >= pages:
                return
            if item["page"] == next_page:
                part = _part(item)
                next_page = part.next_page
                yield part

    def _key(self, job_id: str, page: int) -> Key:
        return Key(f"{self._tenant}#part#{job_id}", f"{page:06}")


def _part(item: Item) -> Part:
    kept = {name: item[name] for name in Part.__slots__ if name in item}
    # A part of an earlier version is one page.
    return Part(**kept | {"ids": bytes(item.get("ids", b"")), "pages": int(item.get("pages", 1))})


def set_aside_of(parts: Iterable[Part]) -> dict[str, int]:
    """Count the records that were set aside, by reason."""
    reasons: Counter[str] = Counter()
    for part in parts:
        reasons.update(part.set_aside)
    return dict(sorted(reasons.items()))
