"""Counts of abandoned calls: each window once, the newest pull of it, whatever order they come in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import pytest
from faults import check_every_cut, fresh
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outbound.campaign_records.abandoned_calls import AbandonedCalls, CountedWindow
from outbound.steering.abandonment import counted_in_metrics, offer_of
from outbound.steering.health import Sample, Source
from outbound.store.table import Table
from worlds.aws import AwsWorld, FakeClock

_NUMBERS = count()
NOW = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)
TODAY = NOW.date()


@pytest.fixture
def table(aws: AwsWorld) -> Table:
    """The state table, empty."""
    found: Table = aws.table()
    return found


def _window(job: str = "job", generation: int = 0, answered: int = 100, abandoned: int = 2) -> CountedWindow:
    return CountedWindow("cmp_1", job, generation, TODAY, answered, abandoned)


def _counts(calls: AbandonedCalls, since: date = TODAY) -> list[tuple[str, str, int, int]]:
    days = calls.of_campaign("cmp_1", since).days
    return [(each.day.isoformat(), each.source.value, each.answered, each.abandoned) for each in days]


def test_a_window_that_is_told_of_twice_counts_once(table: Table) -> None:
    calls = AbandonedCalls(table, "twice")
    assert calls.count_window(_window(), NOW)
    assert not calls.count_window(_window(), NOW)
    assert _counts(calls) == [("2026-11-26", "outcomes", 100, 2)]


def test_a_window_that_is_pulled_again_counts_by_the_newer_pull(table: Table) -> None:
    calls = AbandonedCalls(table, "again")
    calls.count_window(_window(), NOW)
    calls.count_window(_window("other", answered=10, abandoned=0), NOW)
    assert calls.count_window(_window(generation=2, answered=90, abandoned=5), NOW)
    assert not calls.count_window(_window(generation=1, answered=1, abandoned=1), NOW)
    assert _counts(calls) == [("2026-11-26", "outcomes", 100, 5)]


_PULLS = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 3)).flatmap(
        lambda window: st.just((*window, 20 + 7 * window[1], window[1]))
    ),
    max_size=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pulls=_PULLS, seed=st.integers(0, 10**9))
def test_the_counts_are_the_same_in_whatever_order_pulls_are_told_of(
    table: Table, pulls: list[tuple[str, int, int, int]], seed: int
) -> None:
    newest = {job: (answered, gone) for job, _, answered, gone in sorted(pulls, key=lambda each: each[1])}
    expected = sum(each[0] for each in newest.values()), sum(each[1] for each in newest.values())
    calls = AbandonedCalls(table, f"order{next(_NUMBERS)}")
    for job, generation, answered, abandoned in Random(seed).sample(pulls, len(pulls)):
        calls.count_window(_window(job, generation, answered, abandoned), NOW)
    counted = calls.of_campaign("cmp_1", TODAY).days
    assert (sum(each.answered for each in counted), sum(each.abandoned for each in counted)) == expected


def test_counts_are_those_of_the_days_that_are_asked_for_and_the_first_day_is_remembered(
    table: Table,
) -> None:
    calls = AbandonedCalls(table, "days")
    for back in (10, 40, 3):
        day = TODAY - timedelta(days=back)
        calls.count_window(CountedWindow("cmp_1", f"job-{back}", 0, day, 10, 1), NOW)
    found = calls.of_campaign("cmp_1", TODAY - timedelta(days=10))
    assert [each.day for each in found.days] == [TODAY - timedelta(days=10), TODAY - timedelta(days=3)]
    assert found.first_day == TODAY - timedelta(days=40)
    assert calls.of_campaign("cmp_2", TODAY).first_day is None


def _sample(minutes: int) -> Sample:
    end = NOW - timedelta(minutes=minutes)
    return Sample(end - timedelta(minutes=30), end, end, Source.POLL, answered=50, abandoned=1)


def test_windows_of_metrics_that_overlap_count_once(table: Table) -> None:
    calls = AbandonedCalls(table, "metrics")
    for newest in (60, 45, 30, 0):
        since = calls.counted_until("cmp_1", NOW)
        samples = [_sample(minutes) for minutes in range(newest, 121)]
        counted = counted_in_metrics("cmp_1", samples, since.moment)
        assert calls.count_metrics("cmp_1", counted, since, NOW)
    assert _counts(calls) == [("2026-11-26", "poll", 250, 5)]


def test_of_two_who_count_the_same_metrics_one_does(table: Table) -> None:
    calls = AbandonedCalls(table, "race")
    since = calls.counted_until("cmp_1", NOW)
    counted = counted_in_metrics("cmp_1", [_sample(5)], since.moment)
    assert calls.count_metrics("cmp_1", counted, since, NOW)
    assert not calls.count_metrics("cmp_1", counted, since, NOW)
    assert _counts(calls) == [("2026-11-26", "poll", 50, 1)]


def test_an_offer_keeps_the_campaigns_that_made_it(table: Table) -> None:
    calls = AbandonedCalls(table, "offers")
    renewals, upgrades = offer_of("Acme", "Renewals", "x"), offer_of("Acme", "upgrades", "x")
    calls.note_offers({"cmp_1": renewals, "cmp_2": renewals}, calls.offers(), NOW)
    calls.note_offers({"cmp_1": upgrades}, calls.offers(), NOW + timedelta(days=1))
    known = calls.offers()
    assert sorted(known.campaigns_of(offer_of("ACME", " renewals ", "y"))) == ["cmp_1", "cmp_2"]
    assert known.campaigns_of(upgrades) == ["cmp_1"]


def test_the_offers_of_a_day_are_noted_once(table: Table) -> None:
    calls, offer = AbandonedCalls(table, "once"), offer_of("", "", "cmp_1")
    calls.note_offers({"cmp_1": offer}, calls.offers(), NOW)
    before = list(table.query("once#offers"))
    calls.note_offers({"cmp_1": offer}, calls.offers(), NOW + timedelta(hours=1))
    assert list(table.query("once#offers")) == before


def test_a_count_that_is_cut_off_is_made_whole_by_the_next_try() -> None:
    class World:
        def __init__(self, aws: AwsWorld, clock: FakeClock) -> None:
            self.calls = AbandonedCalls(aws.table(), "cut")
            self.calls.count_window(_window("old"), NOW)

        def work(self) -> None:
            self.calls.count_window(_window("new", 1, 40, 3), NOW)
            self.calls.count_window(_window("old", 1, 90, 1), NOW)

        def state(self) -> Any:
            return _counts(self.calls), self.calls.of_campaign("cmp_1", TODAY).first_day

    checked = check_every_cut(fresh(World), World.work, World.work, World.state)
    assert checked.runs > 8
