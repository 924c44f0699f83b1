"""Metrics of campaigns on the platform API: what is asked, and answers disbelieved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from outbound.cxone.errors import NotFound, UnexpectedAnswer
from outbound.cxone.platform.metrics import PlatformMetrics
from outbound.cxone.ports.metrics import CampaignMetrics
from worlds.aws import AwsWorld, FakeClock
from worlds.cxone import Access, Reply, ScriptedCxone

MEASURED = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
START = MEASURED - timedelta(minutes=20)
DOCUMENTED: dict[str, Any] = {
    "successRate": 0.2,
    "activeCalls": 12,
    "failoverTriggered": False,
    "lastUpdated": "2026-03-10T12:00:00.000Z",
}
WHOLE = DOCUMENTED | {
    "totalCalls": 100,
    "successfulCalls": 20,
    "answeredCalls": 50,
    "abandonedCalls": 1,
    "abandonmentRate": 0.02,
    "agentsWorking": 7,
    "windowStart": "2026-03-10T11:40:00Z",
    "windowEnd": "2026-03-10T12:00:00Z",
}


@pytest.fixture
def metrics(aws: AwsWorld, clock: FakeClock, cxone: ScriptedCxone) -> PlatformMetrics:
    surface = {"base_url": cxone.url, "token": {"url": f"{cxone.url}/oauth/token"}}
    return PlatformMetrics(Access(aws, clock, cxone.url, surfaces={"campaigns": surface}).http)


def test_metrics_are_asked_for_over_a_window(metrics: PlatformMetrics, cxone: ScriptedCxone) -> None:
    cxone.answers = [Reply(200, WHOLE)]
    found = metrics.of_campaign("cmp/1", 30)
    (asked,) = cxone.asked
    assert asked.path == "/api/v2/omnichannel/campaigns/cmp%2F1/metrics"
    assert asked.query == {"windowMinutes": ["30"]}
    assert found == CampaignMetrics(START, MEASURED, MEASURED, 0.2, 100, 20, 50, 1, 0.02, 12, 7)


def test_what_is_documented_is_enough(metrics: PlatformMetrics) -> None:
    found = metrics.reported(DOCUMENTED, 30)
    start = MEASURED - timedelta(minutes=30)
    assert found == CampaignMetrics(start, MEASURED, MEASURED, success_rate=0.2, active_calls=12)


@pytest.mark.parametrize(
    "name", ["totalCalls", "successfulCalls", "answeredCalls", "abandonedCalls", "agentsWorking"]
)
@pytest.mark.parametrize("value", ["100", -1, 1.5, True, []])
def test_a_count_that_is_only_assumed_and_cannot_be_is_not_said(
    metrics: PlatformMetrics, name: str, value: Any
) -> None:
    found, whole = metrics.reported(WHOLE | {name: value}, 30), metrics.reported(WHOLE, 30)
    assert found is not None
    assert whole is not None
    unlike = [each for each in CampaignMetrics.__slots__ if getattr(found, each) != getattr(whole, each)]
    assert len(unlike) == 1
    assert getattr(found, unlike[0]) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("successRate", 1.2),
        ("successRate", -0.1),
        ("successRate", "0.2"),
        ("successRate", True),
        ("activeCalls", -1),
        ("activeCalls", 1.5),
        ("lastUpdated", None),
        ("lastUpdated", ""),
        ("lastUpdated", "2026-03-10T12:00:00"),
        ("lastUpdated", 12),
    ],
)
def test_a_documented_field_that_cannot_be_is_named_and_its_value_is_not(
    metrics: PlatformMetrics, field: str, value: Any
) -> None:
    with pytest.raises(UnexpectedAnswer) as raised:
        metrics.reported(WHOLE | {field: value}, 30)
    assert field in str(raised.value)


def test_a_window_without_length_is_nothing_measured(metrics: PlatformMetrics) -> None:
    assert metrics.reported(WHOLE | {"windowStart": WHOLE["windowEnd"]}, 30) is None


def test_an_answer_of_nothing_is_nothing_measured(metrics: PlatformMetrics, cxone: ScriptedCxone) -> None:
    cxone.answers = [Reply(204)]
    assert metrics.of_campaign("cmp_1", 30) is None


def test_no_such_campaign_and_no_metrics_are_told_apart(
    metrics: PlatformMetrics, cxone: ScriptedCxone
) -> None:
    cxone.answers = [Reply(404, {}), Reply(200, [])]
    with pytest.raises(NotFound):
        metrics.of_campaign("cmp_1", 30)
    with pytest.raises(UnexpectedAnswer):
        metrics.of_campaign("cmp_1", 30)
