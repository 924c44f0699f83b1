"""Samples: the same history in whatever order they come, as far back as it goes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outbound.campaign_records.samples import CLOSE, Samples
from outbound.steering.health import Sample, Source, merged
from outbound.store.table import Table
from worlds.aws import AwsWorld

_NUMBERS = count()
NOW = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)


@pytest.fixture
def table(aws: AwsWorld) -> Table:
    """The state table, empty."""
    found: Table = aws.table()
    return found


def _sample(age: float, late: float = 0, source: Source = Source.POLL, calls: int | None = None) -> Sample:
    end = NOW - timedelta(minutes=age)
    return Sample(end - timedelta(minutes=30), end, end + timedelta(seconds=late), source, calls=calls)


_SAMPLES = st.lists(
    st.builds(
        _sample,
        age=st.sampled_from([0.2, 0.4, 1, 2, 120]),
        late=st.sampled_from([0.0, 5.0]),
        source=st.sampled_from(Source),
        calls=st.sampled_from([None, 0, 100]),
    ),
    max_size=6,
)


def test_a_sample_is_read_as_it_was_written(table: Table) -> None:
    samples, end = Samples(table, "whole"), NOW - timedelta(seconds=30.5)
    whole = Sample(end - timedelta(minutes=30), end, end, Source.WEBHOOK, 100, 20, 0.2, 50, 1, 0.02, 12, 7)
    assert samples.add("cmp_1", whole)
    assert samples.history("cmp_1", NOW) == (whole,)
    assert samples.history("cmp_2", NOW) == ()


def test_the_same_measurement_is_no_news(table: Table) -> None:
    samples = Samples(table, "news")
    assert samples.add("cmp_1", _sample(1))
    assert not samples.add("cmp_1", _sample(1))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_samples=_SAMPLES, seed=st.integers(0, 10**9))
def test_a_history_is_the_same_in_whatever_order_samples_come(
    table: Table, given_samples: Sequence[Sample], seed: int
) -> None:
    one, other = Samples(table, f"one{(number := next(_NUMBERS))}"), Samples(table, f"other{number}")
    for sample in given_samples:
        one.add("cmp_1", sample)
    for sample in Random(seed).sample(given_samples, len(given_samples)):
        other.add("cmp_1", sample)
    assert one.history("cmp_1", NOW) == other.history("cmp_1", NOW)
    minutes = {(each.end.replace(second=0), each.source) for each in merged(given_samples, NOW)}
    found = one.history("cmp_1", NOW, CLOSE)
    assert {(each.end.replace(second=0), each.source) for each in found} == minutes


def test_the_newest_measurement_of_a_minute_stays(table: Table) -> None:
    samples = Samples(table, "newest")
    for late in (5, 9, 2):
        samples.add("cmp_1", _sample(1, late, calls=late))
    (kept,) = samples.history("cmp_1", NOW)
    assert kept.calls == 9


def test_what_a_newer_measurement_does_not_say_is_not_said_any_more(table: Table) -> None:
    samples = Samples(table, "unsaid")
    samples.add("cmp_1", _sample(1, 1, calls=100))
    samples.add("cmp_1", _sample(1, 2))
    (kept,) = samples.history("cmp_1", NOW)
    assert kept.calls is None


def test_a_history_goes_as_far_back_as_it_is_asked_for(table: Table) -> None:
    samples = Samples(table, "back")
    for age in (1, 239, 241, 2879, 2881):
        samples.add("cmp_1", _sample(age))
    ages = [round((NOW - each.end) / timedelta(minutes=1)) for each in samples.history("cmp_1", NOW)]
    assert ages == [2879, 241, 239, 1]
    assert next(each.end for each in samples.history("cmp_1", NOW, CLOSE)) == NOW - timedelta(minutes=239)


def test_items_end_by_themselves(table: Table) -> None:
    samples = Samples(table, "ttl")
    samples.add("cmp_1", _sample(1))
    (item,) = table.query("ttl#metrics#cmp_1")
    assert timedelta(days=2) < datetime.fromtimestamp(item["ttl"], UTC) - NOW < timedelta(days=3)
