"""What CXone reports as abandoned: by the hour, of two days; a share of several hours by counts alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from outbound.campaign_records.reported_abandonment import (
    ReportedAbandonment,
    ReportedAbandonments,
    ReportedHourShare,
)
from outbound.store.table import Written
from worlds.aws import AwsWorld

NOW = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)


def hour(
    back: int, share: float | None = 0.02, answered: int | None = 100, abandoned: int | None = 2
) -> ReportedHourShare:
    moment = NOW.replace(minute=0) - timedelta(hours=back)
    return ReportedHourShare(moment, share, answered, abandoned)


@pytest.fixture
def reported(aws: AwsWorld) -> ReportedAbandonments:
    return ReportedAbandonments(aws.table(), "acme")


def test_hours_are_laid_over_those_that_are_there(reported: ReportedAbandonments) -> None:
    assert reported.of_campaign("spring") is None
    assert reported.add("spring", [hour(3), hour(2)], NOW)
    assert reported.add("spring", [hour(2, 0.05), hour(1)], NOW)
    found = reported.of_campaign("spring")
    assert found is not None
    assert [each.share for each in found.hours] == [0.02, 0.05, 0.02]
    assert list(reported.all()) == [found]


def test_hours_of_more_than_two_days_ago_are_forgotten(reported: ReportedAbandonments) -> None:
    reported.add("spring", [hour(60), hour(48), hour(47)], NOW)
    found = reported.of_campaign("spring")
    assert found is not None
    assert [each.hour for each in found.hours] == [hour(47).hour]


def test_of_two_that_add_at_once_one_writes_nothing(reported: ReportedAbandonments, aws: AwsWorld) -> None:
    reported.add("spring", [hour(2)], NOW)
    other = ReportedAbandonments(aws.table(), "acme")
    table = reported._table
    update = table.update

    def meanwhile(*arguments: object) -> Written:
        table.update = update  # type: ignore[method-assign]
        assert other.add("spring", [hour(1)], NOW)
        return update(*arguments)  # type: ignore[arg-type]

    table.update = meanwhile  # type: ignore[method-assign,assignment]
    assert not reported.add("spring", [hour(1, 0.09)], NOW)
    found = reported.of_campaign("spring")
    assert found is not None
    assert [each.share for each in found.hours] == [0.02, 0.02]


def test_a_share_of_several_hours_is_by_counts_alone() -> None:
    counted = ReportedAbandonment("spring", (hour(3, 0.5, 2, 1), hour(2, 0.0, 98, 0), hour(1, None, 0, 0)))
    assert counted.share_since(hour(3).hour) == pytest.approx(0.01)
    assert counted.share_since(hour(2).hour) == 0.0
    assert counted.share_since(hour(1).hour) is None, "no call was answered"
    assert counted.newest == counted.hours[1]
    uncounted = ReportedAbandonment("spring", (*counted.hours, hour(0, 0.04, None, None)))
    assert uncounted.share_since(hour(3).hour) is None
    assert ReportedAbandonment("spring", ()).newest is None
