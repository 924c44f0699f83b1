"""A campaign's health as JSON: six fields first, unknown is null."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from outbound.campaign_records.health_records import Attention, FailoverView
from outbound.campaign_records.reported_abandonment import ReportedAbandonments, ReportedHourShare
from outbound.steering.situation import CampaignState
from worlds.dashboard import DashboardWorld, seen, spans, worked

FIRST = (
    "campaign_id",
    "status",
    "active_calls",
    "success_rate",
    "failover_triggered",
    "last_metric_update",
)


def _health(world: DashboardWorld, campaign_id: str = "spring-renewals", status: int = 200) -> dict[str, Any]:
    answer = world.ask(f"/dashboard/health?campaign_id={campaign_id}")
    assert answer["statusCode"] == status
    found: dict[str, Any] = json.loads(answer["body"])
    return found


def test_the_six_fields_come_first_and_say_what_was_measured(world: DashboardWorld) -> None:
    world.put(seen("spring-renewals", world.clock.now()))
    health = _health(world)
    assert tuple(health)[:6] == FIRST
    assert [health[name] for name in FIRST] == [
        "spring-renewals",
        "active",
        23,
        pytest.approx(87 / 412),
        False,
        "2026-03-10T11:59:00Z",
    ]


def test_what_it_rests_on_stands_behind_them(world: DashboardWorld) -> None:
    now = world.clock.now()
    world.put(seen("spring-renewals", now, attention=(Attention.BREACH,), held_by=("archive",)))
    world.put_overviews(worked("spring-renewals", now))
    health = _health(world)
    assert health["age_seconds"] == 20
    assert health["attention"] == ["breach"]
    assert health["state"]["held_by"] == ["archive"]
    assert (health["calls"]["calls"], health["calls"]["successes"], health["calls"]["threshold"]) == (
        412,
        87,
        0.15,
    )
    assert (health["calls"]["success_rate_low"], health["calls"]["success_rate_high"]) == (0.181, 0.246)
    assert health["abandonment"]["limit"] == 0.03
    assert health["abandonment"]["period"]["abandoned"] == 38
    assert health["abandonment"]["rolling"]["share"] == pytest.approx(61 / 4377)
    assert health["window"] == {
        "open": True,
        "changes_at": "2026-03-11T00:00:00Z",
        "time_zone": "America/New_York",
    }
    assert health["work"]["contacts"]["callable"] == 18_420
    assert health["work"]["pulls"]["pulled_until"] == "2026-03-10T11:39:00Z"


def test_a_failover_that_stands_says_so_and_one_that_was_taken_back_does_not(world: DashboardWorld) -> None:
    now = world.clock.now()
    for switched, triggered in (("fail_over", True), ("fail_back", False), ("", False)):
        world.clock.advance(seconds=1)
        view = FailoverView("autumn-renewals", switched=switched, switched_at=now if switched else None)
        world.put(seen("spring-renewals", world.clock.now(), failover=view))
        assert _health(world)["failover_triggered"] is triggered


def test_what_is_not_known_is_null_and_never_nothing(world: DashboardWorld) -> None:
    now = world.clock.now()
    fine = seen("spring-renewals", now)
    assert fine.calls is not None
    unsaid = replace(fine.calls, calls=None, successes=None, success_rate=None, calls_under_way=None)
    world.put(
        replace(
            fine,
            state=CampaignState.UNKNOWN,
            status_name="",
            calls=unsaid,
            window_open=None,
            abandonment=None,
        )
    )
    health = _health(world)
    for name in ("status", "active_calls", "success_rate"):
        assert health[name] is None, name
    assert health["calls"]["calls"] is None
    assert health["window"]["open"] is None
    assert health["abandonment"] is None
    assert health["state"]["now"] is None


def test_a_campaign_that_was_never_looked_at_has_nothing_but_nulls(world: DashboardWorld) -> None:
    world.put_overviews(worked("spring-renewals", world.clock.now()))
    health = _health(world)
    assert health["campaign_id"] == "spring-renewals"
    assert [health[name] for name in FIRST[1:]] == [None] * 5


def test_none_answered_has_no_share(world: DashboardWorld) -> None:
    now = world.clock.now()
    view = spans(now.date(), 1, 100, 1, 100)
    empty = replace(view.period, answered=0, abandoned=0)
    world.put(seen("spring-renewals", now, abandonment=replace(view, period=empty)))
    assert _health(world)["abandonment"]["period"]["share"] is None


@pytest.mark.parametrize(
    "query",
    ["", "?campaign_id=", "?campaign_id=a%20b", "?campaign_id=a&campaign_id=b", f"?campaign_id={'a' * 65}"],
)
def test_a_question_without_one_campaign_is_refused_with_what_to_write(
    world: DashboardWorld, query: str
) -> None:
    answer = world.ask(f"/dashboard/health{query}")
    assert answer["statusCode"] == 400
    assert "?campaign_id=ID" in json.loads(answer["body"])["detail"]


def test_an_unknown_campaign_is_not_found_with_what_to_type(world: DashboardWorld) -> None:
    assert "outbound campaigns list" in _health(world, "never-registered", 404)["detail"]


def test_the_age_grows(world: DashboardWorld) -> None:
    world.put(seen("spring-renewals", world.clock.now()))
    world.clock.time += timedelta(minutes=9)
    assert _health(world)["age_seconds"] == 560


def test_what_cxone_s_dialer_reports_is_labelled_and_apart_from_what_is_counted(
    world: DashboardWorld,
) -> None:
    now = world.clock.now()
    world.put(seen("spring-renewals", now))
    counted = _health(world)["abandonment"]
    assert _health(world)["reported_abandonment"] is None
    hours = [
        ReportedHourShare(now - timedelta(hours=2), 0.01, 100, 1),
        ReportedHourShare(now - timedelta(hours=1), 0.0441, 204, 9),
        ReportedHourShare(now, None),
    ]
    assert ReportedAbandonments(world.runtime.state, world.runtime.tenant).add("spring-renewals", hours, now)
    health = _health(world)
    assert health["abandonment"] == counted
    assert health["reported_abandonment"] == {
        "source": "reported",
        "hour": "2026-03-10T11:00:00Z",
        "share": 0.0441,
        "answered": 204,
        "abandoned": 9,
    }
    page = world.ask("/dashboard")["body"]
    assert "Reported by the dialer for 11:00 UTC: 4.41\N{NO-BREAK SPACE}%" in page
