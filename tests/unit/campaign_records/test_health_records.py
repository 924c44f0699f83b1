"""The health record of a campaign: kept whole, and the newest look counts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outbound.campaign_records.health_records import (
    AbandonmentView,
    Attention,
    Calls,
    FailoverView,
    HealthRecord,
    HealthRecords,
    Point,
    Span,
)
from outbound.steering.abandonment import Level
from outbound.steering.health import Source
from outbound.steering.situation import CampaignState
from outbound.store.table import Table
from worlds.aws import AwsWorld

NOW = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)
_MOMENTS = st.timedeltas(timedelta(0), timedelta(days=300)).map(lambda age: NOW - age)
_RECORDS = st.builds(
    HealthRecord,
    campaign_id=st.just("cmp_1"),
    looked_at=_MOMENTS,
    recent=st.lists(st.builds(Point, at=_MOMENTS), max_size=5).map(tuple),
    attention=st.lists(st.sampled_from(Attention), max_size=3).map(tuple),
)


@pytest.fixture
def table(aws: AwsWorld) -> Table:
    """The state table, empty."""
    found: Table = aws.table()
    return found


def _whole() -> HealthRecord:
    span = Span(date(2026, 11, 1), date(2026, 12, 1), 1000, 21)
    return HealthRecord(
        campaign_id="cmp_2",
        name="Renewals <b>",
        looked_at=NOW,
        state=CampaignState.ACTIVE,
        status_name="active",
        state_since=NOW - timedelta(hours=2),
        wanted=CampaignState.PAUSED,
        held_by=("archive#1",),
        window_open=True,
        window_changes_at=NOW + timedelta(hours=3),
        time_zone="America/New_York",
        threshold=0.15,
        calls=Calls(Source.POLL, NOW - timedelta(minutes=30), NOW, NOW, 100, 20, 0.2, 0.1425, 0.28, 12, 7),
        abandonment=AbandonmentView(Level.NEAR, span, span, 0.02),
        failover=FailoverView("cmp_3", ("cooling_down",), True, "fail_over", NOW, True),
        attention=(Attention.NOT_AS_WANTED,),
        recent=(Point(NOW, 0.2, None), Point(NOW + timedelta(minutes=5))),
    )


def test_a_record_is_read_as_it_was_written(table: Table) -> None:
    records = HealthRecords(table, "whole")
    assert records.put(_whole(), NOW)
    assert records.get("cmp_2") == _whole()
    assert list(records.all()) == [_whole()]
    assert records.get("cmp_9") is None


def test_a_campaign_that_was_removed_is_shown_no_more_once_it_is_not_looked_at(table: Table) -> None:
    records = HealthRecords(table, "removed")
    records.put(_whole(), NOW)
    for registered, later, shown in (
        (("cmp_2",), timedelta(days=1), ["cmp_2"]),
        ((), timedelta(minutes=5), ["cmp_2"]),
        ((), timedelta(minutes=6), []),
    ):
        found = records.current(registered, NOW + later)
        assert [record.campaign_id for record in found] == shown


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=st.lists(_RECORDS, min_size=1, max_size=5), number=st.integers(0, 10**9))
def test_the_newest_look_stays_in_whatever_order_they_come(
    table: Table, written: list[HealthRecord], number: int
) -> None:
    records = HealthRecords(table, f"any-{number}-{len(written)}-{hash(tuple(written))}")
    for record in written:
        records.put(record, NOW)
    found = records.get("cmp_1")
    assert found is not None
    assert found.looked_at == max(one.looked_at for one in written)
