"""Memory: a file of many rows holds what a file of few rows holds; and how many calls its rows take."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from outbound.clock import Clock, Deadline
from outbound.consent.bulk import BulkRecorder
from outbound.consent.files.names import ConsentFile
from outbound.consent.files.reader import RowReader
from outbound.consent.settings import RevocationScope
from outbound.files.content import Place
from outbound.store.consents import ConsentLedger
from outbound.store.outbox import Outbox
from outbound.store.table import Item, Key, Table
from worlds.aws import FakeClock
from worlds.consent_files import HEADER

_ROW = "contact-{:012},granted,2026-03-01T09:00:00Z,written,Acme,+15550100123,form {:012},,,web form".format
_WIDTH = len(_ROW(0, 0)) + 1
# Pydantic remembers thousands of short texts: a file of these few shows what else is held.
_TEXTS = 1000


def block(first: int, size: int) -> bytes:
    """Return a part of an endless file of rows, made when it is asked for."""
    start, end = first // _WIDTH, (first + size) // _WIDTH + 1
    text = "".join(_ROW(number % _TEXTS, number % _TEXTS) + "\n" for number in range(start, end)).encode()
    return text[first - start * _WIDTH :][:size]


class ForgetfulFiles:
    """Notes places and keeps nothing of them."""

    def save(self, file: ConsentFile, now: Any) -> ConsentFile:
        return file


class ForgetfulTable(Table):
    """Takes every write and keeps nothing; counts calls."""

    def __init__(self) -> None:
        # Without a client, for it makes no call.
        self.name = "consent"
        self.reads = self.writes = self.items = 0

    def get_many(self, keys: Iterable[Key]) -> dict[Key, Item]:
        self.reads += 1
        assert len(list(keys)) <= 100
        return {}

    def transact(self, writes: Sequence[Any]) -> bool:
        self.writes += 1
        self.items += len(writes)
        assert len(writes) <= 100
        return True


def read_rows(rows: int, clock: Clock, at_once: int = 1, together: int = 2000) -> ForgetfulTable:
    """Record a file of so many grants; return the table that they went to."""
    table = ForgetfulTable()
    outbox = Outbox(table, None)  # type: ignore[arg-type]
    ledger = ConsentLedger(table, "acme", clock)
    recorder = BulkRecorder(ledger, outbox, clock, RevocationScope, at_once)
    recorder._outbox.publish_many = lambda items: None  # type: ignore[method-assign]
    reader = RowReader(ForgetfulFiles(), recorder, "acme", clock, together)  # type: ignore[arg-type]
    file = ConsentFile("f" * 32, "a.csv", "e", "", rows * _WIDTH, clock.now().replace(year=2027))
    file = replace(file, columns=tuple(HEADER.split(",")), place=Place(0, 1, 0))
    read = reader.read(file, block, Deadline(clock, 3600))
    assert (read.place.row, dict(read.taken)) == (rows, {"granted.written": rows})
    return table


def _most_held(rows: int) -> int:
    gc.collect()
    tracemalloc.start()
    try:
        read_rows(rows, FakeClock(), together=250)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outbound.files.content.BLOCK", 64 * 1024)
    # What is made once is made before it is counted.
    _most_held(1000)
    few = _most_held(1500)
    assert _most_held(5000) < 1.15 * few


@pytest.mark.slow
def test_fifty_rows_take_one_read_and_one_write() -> None:
    table = read_rows(10_000, FakeClock())
    assert (table.reads, table.writes, table.items) == (200, 200, 20_000)
