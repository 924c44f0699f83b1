"""Metrics of the dialer: whole hours, each once, as CXone reports them last; odd ones are set aside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from outbound.clock import format_time
from outbound.cxone.errors import Forbidden, InvalidRequest, RateLimited, Unavailable
from outbound.cxone.platform.dialer_reports import _hour as as_reported
from outbound.cxone.ports.dialer_reports import Period, ReportedHour
from outbound.dialer.reports.settings import DialerReportSettings
from outbound.dialer.reports.watermarks import AUDIT, metrics_of
from sandbox.running import Tenant
from worlds.aws import AwsWorld, FakeClock
from worlds.dialer_reports import AUTUMN, SPRING, DialerReportWorld, whole_hour

REPORT = metrics_of(SPRING)


def row(hour: datetime, **changed: Any) -> dict[str, Any]:
    usual = {
        "campaignId": SPRING,
        "hour": format_time(hour),
        "efficiency": 0.7,
        "abandonmentRate": 0.02,
        "answerRate": 0.3,
        "averageWaitTime": 12.5,
        "answeredCalls": 100,
        "abandonedCalls": 2,
    }
    return {**usual, **changed}


class Rows:
    """Answers with rows that a test gives, and remembers which periods were asked for."""

    def __init__(self, *rows: Any) -> None:
        self.rows = list(rows)
        self.asked: list[Period] = []

    def hours(self, campaign_id: str, period: Period) -> Sequence[ReportedHour]:
        self.asked.append(period)
        return [as_reported(each) for each in self.rows]

    def audit_pages(self, period: Period, page_size: int) -> Any:
        return iter(())


def answered_by(world: DialerReportWorld, rows: Rows) -> Rows:
    world.runtime.put_between("dialer_reports", lambda _: rows)
    return rows


def test_a_first_report_goes_back_some_days_and_ends_with_the_last_whole_hour(
    world: DialerReportWorld,
) -> None:
    world.settings = DialerReportSettings(days_back=2)
    assert world.collect() == {"collected": 2, "failed": 0, "left": 0}
    hours = [each["hour"] for each in world.rows("dialer_metrics")]
    last = whole_hour()
    assert hours == [format_time(last - timedelta(hours=back)) for back in range(48, 0, -1)]
    assert {each["campaign_id"] for each in world.rows("dialer_metrics")} == {SPRING}
    assert world.mark(REPORT).until == last
    days = {key.split("/")[1] for key in world.keys("dialer_metrics")}
    assert days == {f"dt={each[:10]}" for each in hours}


def test_a_row_has_what_cxone_says(world: DialerReportWorld, tenant: Tenant) -> None:
    tenant.set_abandonment(**{SPRING: 0.05})
    world.settings = DialerReportSettings(days_back=1)
    world.collect()
    for each in world.rows("dialer_metrics"):
        assert (each["abandonment_rate"], each["answer_rate"], each["efficiency"]) == (0.05, 0.3, 0.65)
        assert each["abandoned_calls"] == int(each["answered_calls"] * 0.05)


def test_the_next_hour_is_added_and_counted_once(
    world: DialerReportWorld, clock: FakeClock, measured: dict[str, list[float]]
) -> None:
    clock.time = whole_hour(4) + timedelta(minutes=10)
    world.settings = DialerReportSettings(days_back=1)
    world.collect()
    before = world.rows("dialer_metrics")
    assert len(before) == 24
    assert measured["DialerHoursCollected"] == [24]
    world.later(minutes=20)
    assert world.rows("dialer_metrics") == before
    assert measured["DialerHoursCollected"] == [24]
    world.later(minutes=40)
    after = world.rows("dialer_metrics")
    assert after[:-1] == before
    assert after[-1]["hour"] == format_time(whole_hour(4))
    assert measured["DialerHoursCollected"] == [24, 1]
    assert measured["DialerAbandonmentReported"] == [pytest.approx(0.0)] * 25


def test_what_an_outage_left_out_is_made_up_for(world: DialerReportWorld, clock: FakeClock) -> None:
    clock.time = whole_hour(9 * 24)
    world.settings = DialerReportSettings(days_back=1)
    world.collect()
    clock.time = whole_hour() + timedelta(minutes=1)
    world.collect()
    assert len(world.rows("dialer_metrics")) == 10 * 24
    assert world.mark(REPORT).until == whole_hour()


def test_the_last_hours_are_read_again_and_corrected(world: DialerReportWorld, clock: FakeClock) -> None:
    hour = whole_hour(3)
    clock.time = hour + timedelta(hours=1)
    rows = answered_by(world, Rows(row(hour)))
    world.collect()
    rows.rows = [row(hour, abandonmentRate=0.04), row(hour + timedelta(hours=1))]
    world.later(hours=1)
    assert rows.asked[-1].start <= hour
    assert [each["abandonment_rate"] for each in world.rows("dialer_metrics")] == [0.04, 0.02]


def test_an_answer_that_leaves_an_hour_out_takes_nothing_away(
    world: DialerReportWorld, clock: FakeClock
) -> None:
    hour = whole_hour(3)
    clock.time = hour + timedelta(hours=1)
    rows = answered_by(world, Rows(row(hour)))
    world.collect()
    rows.rows = []
    world.later(hours=1)
    assert [each["hour"] for each in world.rows("dialer_metrics")] == [format_time(hour)]


def test_an_hour_that_is_not_over_is_not_a_row(world: DialerReportWorld, clock: FakeClock) -> None:
    hour = whole_hour(3)
    clock.time = hour + timedelta(minutes=90)
    answered_by(world, Rows(row(hour), row(hour + timedelta(hours=1)), row(hour - timedelta(days=30))))
    world.collect()
    assert [each["hour"] for each in world.rows("dialer_metrics")] == [format_time(hour)]


ODD: list[tuple[Any, str]] = [
    ("nonsense", "hour: must be a time"),
    ({"hour": "yesterday"}, "hour: must be ISO 8601"),
    ({"hour": "2026-03-01T10:30:00Z"}, "hour: is not the beginning of one"),
    ({"abandonmentRate": 1.2}, "abandonment_rate: is not from 0 to 1"),
    ({"abandonmentRate": "0.02"}, "abandonment_rate: is not a number"),
    ({"efficiency": -0.1}, "efficiency: is not from 0 to 1"),
    ({"answerRate": True}, "answer_rate: is not a number"),
    ({"averageWaitTime": 1e9}, "average_wait_seconds: is not from 0 to 86400"),
    ({"answeredCalls": 1.5}, "answered_calls: is not a count"),
    ({"abandonedCalls": 101}, "abandoned_calls: is above answered_calls"),
]


@pytest.mark.parametrize(("wrong", "reason"), ODD)
def test_an_odd_row_is_set_aside_with_its_reason_and_the_others_are_taken(
    world: DialerReportWorld,
    clock: FakeClock,
    measured: dict[str, list[float]],
    wrong: Any,
    reason: str,
) -> None:
    # Rows that are set aside are counted once a day: no midnight lies between the two times.
    hour = whole_hour(24).replace(hour=10)
    clock.time = hour + timedelta(hours=2)
    odd = row(hour) | wrong if isinstance(wrong, dict) else wrong
    answered_by(world, Rows(odd, row(hour + timedelta(hours=1))))
    world.collect()
    assert len(world.rows("dialer_metrics")) == 1
    (kept,) = world.rows("set-aside/dialer_metrics")
    assert kept["source"] == odd
    assert kept["reason"].startswith(reason)
    assert measured["DialerRowsSetAside"] == [1]
    world.later(hours=1)
    assert measured["DialerRowsSetAside"] == [1], "the same row was counted again"


def test_what_cxone_does_not_say_is_null(world: DialerReportWorld, clock: FakeClock) -> None:
    hour = whole_hour(5)
    clock.time = hour + timedelta(hours=1)
    answered_by(world, Rows({"hour": format_time(hour)}))
    world.collect()
    (found,) = world.rows("dialer_metrics")
    assert {found.pop("campaign_id"), found.pop("hour")} == {SPRING, format_time(hour)}
    assert set(found.values()) == {None}


def test_a_campaign_that_is_disabled_or_unknown_costs_no_call(
    aws: AwsWorld, clock: FakeClock, tenant: Tenant
) -> None:
    world = DialerReportWorld(aws, clock, tenant)
    world.register(AUTUMN, enabled=False)
    assert world.collect() == {"collected": 1, "failed": 0, "left": 0}
    assert list(world.marks.all()) == [AUDIT]


def test_a_refused_campaign_holds_up_no_other_and_is_left_alone_for_a_while(
    world: DialerReportWorld, measured: dict[str, list[float]]
) -> None:
    world.register("gone")
    assert world.collect() == {"collected": 2, "failed": 1, "left": 0}
    mark = world.mark(metrics_of("gone"))
    assert mark.failure.startswith("invalid_request: campaignId")
    assert measured["DialerReportsFailed"] == [1]
    world.later(minutes=10)
    assert measured["DialerReportsFailed"] == [1]
    world.later(minutes=31)
    assert measured["DialerReportsFailed"] == [1, 1]
    assert world.mark(REPORT).failure == ""


@pytest.mark.parametrize(
    "error", [Unavailable("down"), RateLimited("quota", whole_hour()), Forbidden("no", ("analytics:read",))]
)
def test_what_all_campaigns_would_meet_ends_the_tick(
    world: DialerReportWorld, error: Exception, measured: dict[str, list[float]]
) -> None:
    world.register(AUTUMN)
    asked: list[str] = []

    def refusing(campaign_id: str, period: Period) -> Sequence[ReportedHour]:
        asked.append(campaign_id)
        raise error

    world.runtime.override("dialer_reports", hours=refusing)
    answer = world.collect()
    is_passing = isinstance(error, Unavailable)
    assert len(asked) == (2 if is_passing else 1)
    failed = 1 if isinstance(error, Forbidden) else 0
    assert answer == {"collected": 1, "failed": failed, "left": 2 - failed}
    assert measured.get("DialerReportsFailed", []) == [1] * failed


def test_the_campaign_that_waits_longest_comes_first(world: DialerReportWorld, clock: FakeClock) -> None:
    clock.time = whole_hour(5)
    world.collect()
    clock.time = whole_hour(2)
    world.register(AUTUMN)
    asked: list[str] = []

    def noting(campaign_id: str, period: Period) -> Sequence[ReportedHour]:
        asked.append(campaign_id)
        return []

    world.runtime.override("dialer_reports", hours=noting)
    world.collect()
    assert asked == [AUTUMN, SPRING]
    asked.clear()
    world.later(hours=1)
    assert asked == [AUTUMN, SPRING]


def test_the_lag_is_that_of_the_oldest_report(
    world: DialerReportWorld, clock: FakeClock, measured: dict[str, list[float]]
) -> None:
    clock.time = whole_hour(30)
    world.collect()
    assert measured["DialerReportLagSeconds"] == [300.0]
    refused = InvalidRequest("no", "campaignId")

    def refusing(*_: Any) -> Sequence[ReportedHour]:
        raise refused

    world.runtime.override("dialer_reports", hours=refusing)
    clock.advance(hours=5)
    world.collect()
    assert measured["DialerReportLagSeconds"][-1] == 5 * 3600


def test_two_collectors_at_once_count_an_hour_once(
    world: DialerReportWorld, clock: FakeClock, measured: dict[str, list[float]]
) -> None:
    clock.time = whole_hour(3)
    hour = whole_hour(4)
    answered = Rows(row(hour))

    def meanwhile(campaign_id: str, period: Period) -> Sequence[ReportedHour]:
        if not answered.asked:
            answered.hours(campaign_id, period)
            world.collect()
        return [as_reported(row(hour))]

    world.runtime.override("dialer_reports", hours=meanwhile)
    world.collect()
    assert measured["DialerHoursCollected"] == [1]
    assert len(world.rows("dialer_metrics")) == 1


def test_the_share_that_cxone_reports_is_kept_for_the_dashboard(
    world: DialerReportWorld, tenant: Tenant, clock: FakeClock
) -> None:
    tenant.set_abandonment(**{SPRING: 0.05})
    world.collect()
    found = world.reported()
    assert found is not None
    assert found.source == "reported"
    assert found.newest is not None
    assert found.newest.hour == whole_hour(1)
    assert found.newest.share == 0.05
    assert found.share_since(whole_hour(5)) == pytest.approx(0.05, abs=0.004)
    assert found.hours[0].hour >= clock.now() - timedelta(days=2)
    assert world.reported(AUTUMN) is None
