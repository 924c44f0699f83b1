"""The analysis: counted page by page, merged to what one over all calls would have given, and bounded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbound.clock import format_time
from outbound.outcomes.analysis import MAX_AGENTS, MAX_CODES, OTHERS, Analysis
from outbound.outcomes.rows import Calls
from outbound.outcomes.settings import CATEGORIES, DEFAULT_CATEGORIES, OutcomeSettings

START = datetime(2026, 3, 10, tzinfo=UTC)
SETTINGS = OutcomeSettings()


def _row(code: str = "BUSY", minutes: int = 0, seconds: int = 30, agent: str | None = None) -> dict[str, Any]:
    return {
        "codes": code,
        "categories": DEFAULT_CATEGORIES.get(code, "neutral"),
        "started": format_time(START + timedelta(minutes=minutes)),
        "seconds": seconds,
        "agents": agent,
    }


def _analysis(*rows: dict[str, Any]) -> Analysis:
    analysis = Analysis()
    analysis.add(Calls(**{name: [row[name] for row in rows] for name in _row()}))
    return analysis


rows = st.lists(
    st.builds(
        _row,
        code=st.sampled_from([*DEFAULT_CATEGORIES, "MAYBE", "LATER"]),
        minutes=st.integers(0, 1439),
        seconds=st.integers(0, 4000),
        agent=st.sampled_from([None, "a", "b", "c"]),
    ),
    max_size=30,
)


@given(st.lists(rows, max_size=5))
def test_parts_merged_are_the_whole(parts: list[list[dict[str, Any]]]) -> None:
    merged = Analysis()
    for part in parts:
        merged.merge(_analysis(*part))
    assert merged == _analysis(*(row for part in parts for row in part))


@given(rows, rows)
def test_it_makes_no_difference_which_part_is_merged_first(
    one: list[dict[str, Any]], other: list[dict[str, Any]]
) -> None:
    forwards, backwards = _analysis(*one), _analysis(*other)
    forwards.merge(_analysis(*other))
    backwards.merge(_analysis(*one))
    assert forwards.summary(SETTINGS) == backwards.summary(SETTINGS)


@given(rows)
def test_what_is_stored_reads_back_as_it_was(some: list[dict[str, Any]]) -> None:
    analysis = _analysis(*some)
    assert Analysis.from_json(analysis.to_json()) == analysis


@given(rows)
def test_the_numbers_of_a_summary_fit_together(some: list[dict[str, Any]]) -> None:
    summary = _analysis(*some).summary(SETTINGS)
    assert summary["total_calls"] == len(some)
    assert sum(summary["category_distribution"].values()) == len(some)
    assert sum(summary["code_distribution"].values()) == len(some)
    assert sum(hour["calls"] for hour in summary["by_hour"].values()) == len(some)
    conversions = summary["category_distribution"]["success"]
    assert sum(hour["conversions"] for hour in summary["by_hour"].values()) == conversions
    assert sum(agent["calls"] for agent in summary["by_agent"].values()) <= len(some)


def test_the_five_categories_are_always_there() -> None:
    distribution = Analysis().summary(SETTINGS)["category_distribution"]
    assert distribution == dict.fromkeys(CATEGORIES, 0)
    assert list(distribution) == ["success", "warm", "cold", "neutral", "failure"]


@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("CONVERTED", "success"),
        ("APPOINTMENT_SET", "success"),
        ("INTERESTED", "warm"),
        ("CALLBACK_REQUESTED", "warm"),
        ("CALLBACK_LATER", "warm"),
        ("NOT_INTERESTED", "cold"),
        ("DO_NOT_CALL", "cold"),
        ("BUSY", "neutral"),
        ("NO_ANSWER", "neutral"),
        ("SURVEY_TAKEN", "neutral"),
        ("DISCONNECTED", "failure"),
        ("WRONG_NUMBER", "failure"),
    ],
)
def test_each_known_code_has_its_category(code: str, category: str) -> None:
    assert SETTINGS.categories[code] == category


def test_unknown_codes_are_neutral_and_named() -> None:
    summary = _analysis(_row("MAYBE"), _row("MAYBE"), _row("BUSY")).summary(SETTINGS)
    assert summary["category_distribution"]["neutral"] == 3
    assert summary["unknown_codes"] == {"MAYBE": 2}


@pytest.mark.parametrize(
    ("conversions", "calls", "trend"), [(15, 100, "negative"), (16, 100, "positive"), (0, 0, "negative")]
)
def test_the_trend_is_positive_above_the_threshold(conversions: int, calls: int, trend: str) -> None:
    some = [_row("CONVERTED")] * conversions + [_row("BUSY")] * (calls - conversions)
    assert _analysis(*some).summary(SETTINGS)["performance_trend"] == trend


def test_the_threshold_of_the_trend_is_a_setting() -> None:
    analysis = _analysis(_row("CONVERTED"), _row("BUSY"))
    assert analysis.summary(OutcomeSettings(trend_threshold_percent=50))["performance_trend"] == "negative"


def test_calls_are_counted_by_the_hour_in_which_they_started() -> None:
    summary = _analysis(_row("CONVERTED", 59), _row("BUSY", 60), _row("BUSY", 119)).summary(SETTINGS)
    assert summary["by_hour"] == {
        "2026-03-10T00": {"calls": 1, "conversions": 1},
        "2026-03-10T01": {"calls": 2, "conversions": 0},
    }


def test_calls_are_counted_by_agent_where_there_is_one() -> None:
    summary = _analysis(_row("CONVERTED", agent="a"), _row(agent="a"), _row(agent=None)).summary(SETTINGS)
    assert summary["by_agent"] == {"a": {"calls": 2, "conversions": 1}}
    assert summary["agents"] == 1


def test_the_average_duration_is_over_all_calls() -> None:
    summary = _analysis(_row(seconds=10), _row(seconds=25), _row(seconds=0)).summary(SETTINGS)
    assert summary["average_duration_seconds"] == 11.67


@pytest.mark.parametrize("whole", [True, False])
def test_agents_and_codes_beyond_the_bounds_share_an_entry_and_no_call_is_lost(whole: bool) -> None:
    many = [_row(f"CODE_{n}", agent=f"agent-{n}") for n in range(3000)]
    analysis = Analysis()
    for first in range(0, 3000, 3000 if whole else 100):
        analysis.merge(_analysis(*many[first : first + (3000 if whole else 100)]))
    assert (len(analysis.codes), len(analysis.agents)) == (MAX_CODES + 1, MAX_AGENTS + 1)
    assert analysis.codes[OTHERS] == 3000 - MAX_CODES
    assert analysis.agents[OTHERS][0] == 3000 - MAX_AGENTS
    assert analysis.codes.total() == sum(pair[0] for pair in analysis.agents.values()) == 3000


@pytest.mark.parametrize("character", ["x", "ü", "\U0001f600", "\x01", '"'])
def test_a_parts_analysis_fits_into_an_item_whatever_its_ids_and_codes(character: str) -> None:
    many = [_row(f"{n}".ljust(64, character), agent=f"{n}".ljust(256, character)) for n in range(5000)]
    many += [_row(f"{n}".ljust(20, character), agent=f"{n}".ljust(20, character)) for n in range(5000)]
    analysis = _analysis(*many)
    assert len(analysis.to_json().encode()) < 250 * 1024
    assert len(orjson.dumps(analysis.summary(SETTINGS))) < 200 * 1024
    assert analysis.codes.total() == 10_000


def test_a_summary_is_plain_json() -> None:
    summary = _analysis(_row("CONVERTED", agent="a")).summary(SETTINGS)
    assert orjson.loads(orjson.dumps(summary)) == summary
