"""How what goes to AWS is divided into batches: by count and by bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def batches_of(
    entries: Iterable[T], max_entries: int, max_bytes: int, size_of: Callable[[T], int]
) -> Iterator[list[T]]:
    """Return entries in their order, in batches that one call takes.

    Args:
        entries: What is to be sent; read as it is needed.
        max_entries: How many one call takes.
        max_bytes: How many bytes all entries of one call may have. An entry that is larger is a batch alone.
        size_of: Returns for how many bytes an entry counts.
    """
    batch: list[T] = []
    size = 0
    for entry in entries:
        entry_size = size_of(entry)
        if batch and (len(batch) == max_entries or size + entry_size > max_bytes):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += entry_size
    if batch:
        yield batch
