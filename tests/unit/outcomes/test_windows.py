"""Windows of time: cut and subtracted, they partition the time exactly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from outbound.outcomes.windows import Window, cut, uncovered

ORIGIN = datetime(2026, 3, 10, tzinfo=UTC)
seconds = st.integers(0, 5 * 86_400)


@st.composite
def windows(draw: st.DrawFn, least: int = 0) -> Window:
    start, length = draw(seconds), draw(st.integers(least, 4 * 86_400))
    return Window(ORIGIN + timedelta(seconds=start), ORIGIN + timedelta(seconds=start + length))


def _seams(pieces: list[Window]) -> list[datetime]:
    return [moment for piece in pieces for moment in (piece.start, piece.end)]


@given(windows(), st.integers(360, 86_400))
def test_a_window_is_cut_into_pieces_that_cover_it_once(window: Window, longest: int) -> None:
    pieces = list(cut(window, timedelta(seconds=longest)))
    if window.start == window.end:
        assert pieces == []
        return
    assert pieces[0].start == window.start
    assert pieces[-1].end == window.end
    assert all(one.end == other.start for one, other in pairwise(pieces))


@given(windows(), st.integers(360, 86_400))
def test_no_piece_crosses_a_utc_midnight_or_is_too_long_or_empty(window: Window, longest: int) -> None:
    for piece in cut(window, timedelta(seconds=longest)):
        assert piece.start < piece.end
        assert piece.end - piece.start <= timedelta(seconds=longest)
        assert piece.start.date() == (piece.end - timedelta(microseconds=1)).date()


@given(windows(), st.lists(windows(least=1), max_size=6))
def test_what_is_uncovered_and_what_is_covered_partition_a_window(
    window: Window, covered: list[Window]
) -> None:
    gaps = list(uncovered(window, covered))
    seams = sorted({window.start, window.end, *_seams(covered), *_seams(gaps)})
    for moment in (m for m in seams if window.start <= m < window.end):
        is_covered = any(one.start <= moment < one.end for one in covered)
        assert is_covered != any(gap.start <= moment < gap.end for gap in gaps)
    assert all(gap.start < gap.end for gap in gaps)
    assert all(one.end < other.start for one, other in pairwise(gaps))


@given(windows(), st.lists(windows(), max_size=6), st.integers(360, 86_400))
def test_planning_twice_plans_nothing_the_second_time(
    window: Window, covered: list[Window], longest: int
) -> None:
    pieces = [p for gap in uncovered(window, covered) for p in cut(gap, timedelta(seconds=longest))]
    assert list(uncovered(window, [*covered, *pieces])) == []
