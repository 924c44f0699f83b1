"""Batches hold as much as one call takes, and no more."""

from __future__ import annotations

from outbound.batches import batches_of


def test_a_batch_is_bounded_by_count() -> None:
    assert [len(batch) for batch in batches_of(["x"] * 25, 10, 1000, len)] == [10, 10, 5]


def test_a_batch_is_bounded_by_bytes_and_nothing_changes_its_place() -> None:
    entries = ["a" * 200, "b" * 62, "c", "d" * 262]
    assert list(batches_of(entries, 10, 262, len)) == [entries[:2], entries[2:3], entries[3:]]


def test_what_is_larger_than_a_batch_is_one_alone() -> None:
    assert list(batches_of(["a", "b" * 9, "c"], 10, 5, len)) == [["a"], ["b" * 9], ["c"]]


def test_of_nothing_there_is_no_batch() -> None:
    assert list(batches_of([], 10, 5, len)) == []
