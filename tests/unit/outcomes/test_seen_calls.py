"""The calls of a window that were written already."""

from __future__ import annotations

import time
from array import array
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbound.outcomes import seen_calls
from outbound.outcomes.seen_calls import SeenCalls


@given(st.lists(st.lists(st.text(min_size=1, max_size=3), max_size=30), max_size=8))
def test_each_id_is_new_once_whatever_run_it_comes_in(pages: list[list[str]]) -> None:
    seen, kept = SeenCalls(), []
    new: Counter[str] = Counter()
    for page in pages:
        numbers = seen.add(page)
        new.update(call_id for call_id, number in zip(page, numbers, strict=True) if number)
        kept.append(array("Q", filter(None, numbers)).tobytes())
        # As where another run resumes.
        seen = SeenCalls(kept)
    assert new == Counter({call_id for page in pages for call_id in page})


IDS = {
    "uuids that count up": lambda n: f"3f2504e0-4f89-11d3-9a0c-{n:012x}",
    "numbers": str,
    "padded numbers": lambda n: f"{n:020}",
    "numbers far apart": lambda n: str(n * 100_000_008),
    "suffixes": lambda n: f"{n}-call",
}


@pytest.mark.parametrize("name", IDS.values(), ids=IDS)
def test_no_id_is_taken_for_another_and_none_takes_long(name: object) -> None:
    ids = [name(number) for number in range(100_000)]  # type: ignore[operator]
    seen, started = SeenCalls(), time.process_time()
    assert all(seen.add(ids))
    assert not any(seen.add(ids))
    assert time.process_time() - started < 3


def test_beyond_a_bound_no_more_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_calls, "_MOST", 100)
    seen = SeenCalls()
    assert all(seen.add([str(number) for number in range(200)]))
    assert not any(seen.add([str(number) for number in range(100)]))
    assert all(seen.add([str(number) for number in range(100, 200)])), "taken for new"
