"""Charts: what is known is drawn where it belongs, and what is not leaves a gap."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbound.dashboard.charts import Chart, Value, drawn, table, thinned
from outbound.dashboard.markup import joined, tag

END = datetime(2026, 3, 10, 12, tzinfo=UTC)
START = END - timedelta(hours=4)


def _values(*shares: float | None, step: int = 1) -> list[Value]:
    first = END - timedelta(minutes=step * (len(shares) - 1))
    return [Value(first + timedelta(minutes=step * number), share) for number, share in enumerate(shares)]


def _chart(values: list[Value], limit: float | None = 0.15) -> Chart:
    return Chart("k", "Success rate", "Spring", values, START, END, limit, "threshold")


def _paths(chart: Chart) -> list[str]:
    return re.findall(r'<path class="line" d="([^"]+)">', drawn(chart))


def test_a_chart_says_in_words_what_it_shows() -> None:
    svg = drawn(_chart(_values(0.1, 0.3, *[None] * 12, 0.2)))
    assert 'role="img"' in svg
    assert re.search(r'aria-labelledby="k-title k-desc"', svg)
    assert '<title id="k-title">Success rate of Spring</title>' in svg
    description = re.search(r'<desc id="k-desc">([^<]+)</desc>', svg)
    assert description
    assert " ".join(description[1].split()) == (
        "Between 10.0 % and 30.0 %; 20.0 % at 12:00 UTC. Threshold: 15.0 %. 1 gap without data."
    )


def test_the_threshold_is_drawn_where_it_is_known() -> None:
    assert 'class="threshold"' in drawn(_chart(_values(0.2, 0.2)))
    assert 'class="threshold"' not in drawn(_chart(_values(0.2, 0.2), limit=None))


@pytest.mark.parametrize(
    ("shares", "lines"),
    [
        ((0.1, 0.2, 0.3), 1),
        ((0.1, None, 0.3), 1),
        ((0.1, None, None, None, 0.3), 2),
        ((None, 0.1, *[None] * 9, 0.3, 0.2, None, None, None, None, 0.1), 3),
        ((0.1,), 1),
        ((0.0, 0.0), 1),
    ],
)
def test_what_is_not_known_for_a_while_leaves_a_gap(shares: tuple[float | None, ...], lines: int) -> None:
    assert len(_paths(_chart(_values(*shares, step=5)))) == lines


def test_what_was_not_measured_leaves_a_gap() -> None:
    values = [*_values(0.1, 0.1, 0.1)]
    early = [Value(value.at - timedelta(hours=1), value.share) for value in values]
    assert len(_paths(_chart(early + values))) == 2


def test_a_point_between_gaps_is_a_dot() -> None:
    assert _paths(_chart(_values(None, 0.2, None)))[0].endswith("h0")


def test_nothing_known_is_said_and_not_drawn_as_nothing() -> None:
    for values in ([], _values(None, None)):
        assert "<svg" not in drawn(_chart(values))
        assert "No data" in drawn(_chart(values))


shares = st.lists(st.none() | st.floats(0, 1), max_size=300)


@given(shares, st.none() | st.floats(0.001, 1))
def test_every_point_stands_within_the_chart(given_shares: list[float | None], limit: float | None) -> None:
    chart = _chart(_values(*given_shares), limit)
    for path in _paths(chart):
        for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path):
            assert 0 <= float(x) <= chart.size[0]
            assert 0 <= float(y) <= chart.size[1]


@given(shares, st.integers(1, 70))
def test_thinned_out_there_are_no_more_than_asked_for_and_the_newest_known_is_kept(
    given_shares: list[float | None], most: int
) -> None:
    values = _values(*given_shares)
    kept = thinned(values, most)
    assert len(kept) <= most
    assert [value for value in kept if value in values] == kept
    known = [value for value in values if value.share is not None]
    if known:
        assert kept[-1] == known[-1] or kept[-1].share is None or kept[-1].at >= known[-1].at
        assert known[-1] in kept


def test_the_table_has_the_numbers_the_newest_first() -> None:
    one, other = _chart(_values(0.1, None, 0.25)), _chart(_values(0.01, 0.02, 0.03))
    cells = re.findall(
        r"<t[hd][^>]*>(?:<time[^>]*>)?([^<]+)",
        table([one, other], 10, END).replace("\N{NO-BREAK SPACE}", " "),
    )
    assert cells == [
        *("UTC", "Success rate", "Success rate"),
        *("12:00", "25.0 %", "3.0 %"),
        *("11:59", "unknown", "2.0 %"),
        *("11:58", "10.0 %", "1.0 %"),
    ]


@given(st.text(), st.text())
def test_no_text_becomes_an_element_or_leaves_its_attribute(text: str, value: str) -> None:
    html = joined(tag("p", text, [text, None], title=value, data_name=value))
    assert re.findall(r"<[^>]*>", html) == [
        f'<p title="{_quoted(value)}" data-name="{_quoted(value)}">',
        "</p>",
    ]


def _quoted(value: str) -> str:
    for plain, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#x27;")):
        value = value.replace(plain, written)
    return value


def test_what_is_neither_text_nor_markup_cannot_be_shown() -> None:
    with pytest.raises(TypeError, match="datetime"):
        tag("p", END)
