"""Memory: a file of many rows holds what a file of few rows holds, and a line is not held for its length."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from outbound.clock import Deadline
from outbound.dispositions.files.completion import rows_behind
from outbound.dispositions.files.ledger import DispositionFile
from outbound.dispositions.files.reader import Pace, RowReader
from outbound.dispositions.files.rows import rows_of
from outbound.dispositions.settings import DispositionSettings
from outbound.files.content import LONGEST_LINE, Place, content_of, lines_of
from outbound.files.ledger import FileState
from outbound.files.names import RowFormat
from worlds.aws import FakeClock
from worlds.disposition_files import HEADER

_MB = 1024 * 1024
_ROW = "renewals,contact-{:012},INTERESTED,agent-1,called back after lunch,,".format
_WIDTH = len(_ROW(0)) + 1
_COLUMNS = tuple(HEADER.split(","))


def _block(first: int, size: int) -> bytes:
    """Return a part of an endless file of rows, made when it is asked for."""
    start, end = first // _WIDTH, (first + size) // _WIDTH + 1
    text = "".join(_ROW(number) + "\n" for number in range(start, end)).encode()
    return text[first - start * _WIDTH :][:size]


class ForgetfulFiles:
    """Notes places and keeps nothing of them."""

    def save(self, file: DispositionFile, now: Any) -> DispositionFile:
        return file


class CountingQueue:
    def __init__(self) -> None:
        self.rows = 0

    def send(self, batch: list[str]) -> None:
        self.rows += len(batch)


@contextmanager
def _traced() -> Iterator[Callable[[], int]]:
    gc.collect()
    tracemalloc.start()
    try:
        yield lambda: tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _read(rows: int) -> int:
    """Read a file of so many rows; return the most bytes that were held at any moment."""
    clock, queue = FakeClock(), CountingQueue()
    reader = RowReader(ForgetfulFiles(), None, queue, "acme", clock, Pace(500, 1))  # type: ignore[arg-type]
    file = DispositionFile("f", "a.csv", "e", "", rows * _WIDTH, clock.now(), columns=_COLUMNS)
    with _traced() as most:
        read = reader.read(file, _block, DispositionSettings(), Deadline(clock, 3600))
        held = most()
    assert (read.state, read.place.row, queue.rows) == (FileState.WAITING, rows, rows)
    return held


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outbound.files.content.BLOCK", 64 * 1024)
    # What is made once is made before it is counted.
    _read(1000)
    few = _read(3000)
    assert _read(15_000) < 1.15 * few


@pytest.mark.slow
@pytest.mark.parametrize("line", [b"x" * _MB, b'"' * _MB, b'"' + b"\n" * 1000 + b"x" * _MB])
@pytest.mark.parametrize("kind", list(RowFormat))
def test_a_line_without_end_and_a_quote_without_end_are_not_held(kind: RowFormat, line: bytes) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(30):
            yield line

    with _traced() as most:
        for _ in rows_of(kind, _COLUMNS, lines_of(pieces(), 0), Place()):
            pass
        assert most() < 16 * LONGEST_LINE


@pytest.mark.slow
def test_a_bomb_of_gzip_is_not_held() -> None:
    import zlib

    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = b"".join(packer.compress(b"0" * _MB) for _ in range(200)) + packer.flush()
    with _traced() as most:
        size = sum(
            len(piece)
            for piece in content_of(lambda first, n: packed[first : first + n], len(packed), True, 0)
        )
        assert most() < 8 * _MB
    assert size == 200 * _MB


class ManyRows:
    """A ledger of a file whose rows are made when they are read."""

    def requests_of(self, correlation_id: str, after: str) -> Iterator[dict[str, Any]]:
        return ({"sk": f"f-{number:09}", "status": "applied"} for number in range(1, 100_001))


@pytest.mark.slow
def test_answering_holds_one_row_at_a_time() -> None:
    clock = FakeClock()
    file = DispositionFile("f", "a.csv", "e", "", 1, clock.now(), place=Place(100_000, 100_000, 1))
    with _traced() as most:
        assert sum(1 for _ in rows_behind(ManyRows(), file, 0)) == 100_000  # type: ignore[arg-type]
        assert most() < _MB
