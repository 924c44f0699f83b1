"""The parts of pull jobs: what each page came to, kept until the job's result is made of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from outbound.store.table import Item, Key, Table

# A job is tried again until its window is out of CXone's retention (90 days), and needs all its parts then.
_PART_TTL = timedelta(days=120)


@dataclass(frozen=True, slots=True)
class Part:
    """One written page: its object (no key where no record was kept), what it holds, its analysis as JSON.

    `key` is where the object lies once its generation is the lake's. `ids` are the numbers of its calls, as
    `seen_calls` makes them.
    """

    page: int
    key: str
    sha256: str
    records: int
    size: int
    set_aside: dict[str, int]
    analysis: str
    ids: bytes = b""


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
        """Give the parts of a job's first pages, in order; those behind are of a longer pull before."""
        for item in self._table.query(self._key(job_id, 0).pk):
            if item["page"] >= pages:
                return
            yield _part(item)

    def _key(self, job_id: str, page: int) -> Key:
        return Key(f"{self._tenant}#part#{job_id}", f"{page:06}")


def _part(item: Item) -> Part:
    kept = {name: item[name] for name in Part.__slots__ if name in item}
    return Part(**kept | {"ids": bytes(item.get("ids", b""))})
