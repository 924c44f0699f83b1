"""Reports and the simulator on the platform API: in the document's words, all pages, answers disbelieved."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from outbound.cxone.errors import Forbidden, UnexpectedAnswer
from outbound.cxone.platform import dialer_reports
from outbound.cxone.platform.dialer_reports import PlatformDialerReports
from outbound.cxone.platform.simulator import PlatformSimulator
from outbound.cxone.ports.dialer_reports import Period
from outbound.cxone.ports.simulator import SimulatorRun
from worlds.aws import AwsWorld, FakeClock
from worlds.cxone import Access, Reply, ScriptedCxone

DAY = Period(datetime(2026, 3, 9, tzinfo=UTC), datetime(2026, 3, 10, tzinfo=UTC))
RUN = SimulatorRun(60, 5000, {"max_agents": 50}, {"dial_ratio": 4.0}, trunks=150)


@pytest.fixture
def access(aws: AwsWorld, clock: FakeClock, cxone: ScriptedCxone) -> Access:
    surface = {"base_url": cxone.url, "token": {"url": f"{cxone.url}/oauth/token", "scopes": ["audit:read"]}}
    return Access(aws, clock, cxone.url, surfaces={"dialer": surface})


@pytest.fixture
def reports(access: Access) -> PlatformDialerReports:
    return PlatformDialerReports(access.http)


def test_metrics_are_asked_for_in_the_words_of_the_document(
    reports: PlatformDialerReports, cxone: ScriptedCxone
) -> None:
    cxone.answers = [
        Reply(body={"results": [{"hour": "a", "efficiency": 0.5}], "nextPageToken": "p 2"}),
        Reply(body={"results": [{"hour": "b", "answeredCalls": 3}]}),
    ]
    hours = reports.hours("spring", DAY)
    assert [(each.hour, each.efficiency, each.answered_calls) for each in hours] == [
        ("a", 0.5, None),
        ("b", None, 3),
    ]
    first, second = cxone.asked
    assert (first.method, first.path) == ("GET", "/api/v1/analytics/dialer/metrics")
    assert first.query == {
        "campaignId": ["spring"],
        "metrics": ["efficiency", "abandonmentRate", "answerRate", "averageWaitTime"],
        "groupBy": ["hour"],
        "pageSize": ["100"],
        "startTime": ["2026-03-09T00:00:00Z"],
        "endTime": ["2026-03-10T00:00:00Z"],
    }
    assert second.query == first.query | {"pageToken": ["p 2"]}


def test_the_log_is_asked_for_in_the_words_of_the_document(
    reports: PlatformDialerReports, cxone: ScriptedCxone
) -> None:
    line = {"id": "a1", "timestamp": "t", "actor": "x", "action": "y", "versionTag": "v"}
    cxone.answers = [
        Reply(body={"logs": [line | {"details": {"operationId": "op"}}], "nextPageToken": "2"}),
        Reply(body={"logs": [line | {"details": "no"}, "odd"]}),
    ]
    first, second = reports.audit_pages(DAY, 50)
    (one,) = first
    assert one[:6] == ("a1", "t", "x", "y", "v", "op")
    assert (second[0].operation_id, second[1].entry_id, second[1].source) == (None, None, "odd")
    assert cxone.asked[0].path == "/api/v1/audit/logs"
    assert cxone.asked[0].query["entity"] == ["dialer"]
    assert cxone.asked[0].query["pageSize"] == ["50"]
    assert cxone.asked[1].query["pageToken"] == ["2"]


def test_nothing_is_an_empty_report(reports: PlatformDialerReports, cxone: ScriptedCxone) -> None:
    cxone.answers = [Reply(204, b""), Reply(204, b"")]
    assert list(reports.hours("spring", DAY)) == []
    assert list(reports.audit_pages(DAY, 50)) == []


@pytest.mark.parametrize(
    "body",
    [[], {}, {"results": None}, {"results": [], "nextPageToken": 2}, {"results": [], "nextPageToken": ""}],
)
def test_an_answer_of_another_form_is_not_a_report(
    reports: PlatformDialerReports, cxone: ScriptedCxone, body: Any
) -> None:
    cxone.answers = [Reply(body=body)]
    with pytest.raises(UnexpectedAnswer):
        reports.hours("spring", DAY)


def test_pages_that_lead_in_a_circle_end(reports: PlatformDialerReports, cxone: ScriptedCxone) -> None:
    cxone.answers = [Reply(body={"results": [], "nextPageToken": token}) for token in ("a", "b", "a")]
    with pytest.raises(UnexpectedAnswer, match="same nextPageToken"):
        reports.hours("spring", DAY)


def test_pages_without_an_end_end(
    reports: PlatformDialerReports, cxone: ScriptedCxone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialer_reports, "_MOST_PAGES", 3)
    cxone.answers = [Reply(body={"logs": [], "nextPageToken": str(number)}) for number in range(9)]
    with pytest.raises(UnexpectedAnswer, match="more than 3 pages"):
        list(reports.audit_pages(DAY, 50))
    assert len(cxone.asked) == 3


def test_a_missing_scope_is_named(reports: PlatformDialerReports, cxone: ScriptedCxone) -> None:
    cxone.answers = [Reply(403, {"message": "needs audit:read"})]
    with pytest.raises(Forbidden, match="audit:read"):
        list(reports.audit_pages(DAY, 50))


def test_the_simulator_is_asked_in_the_words_of_the_document(access: Access, cxone: ScriptedCxone) -> None:
    answer = {
        "projectedAbandonmentRate": 0.03,
        "projectedAgentUtilization": 0.9,
        "projectedWaitSeconds": 7.5,
    }
    cxone.answers = [Reply(503), Reply(body=answer)]
    found = PlatformSimulator(access.http).run(RUN)
    assert (found.abandonment, found.occupancy, found.caller_wait_seconds) == (0.03, 0.9, 7.5)
    assert found.source == answer
    first, second = cxone.asked
    assert (first.method, first.path) == ("POST", "/api/v1/dialer/simulator/run")
    assert json.loads(first.body) == {
        "durationMinutes": 60,
        "concurrency": {"max_agents": 50},
        "algorithm": {"dial_ratio": 4.0},
        "simulatedCallVolume": 5000,
        "carrierLimits": {"maxConcurrent": 150},
    }
    assert first.headers["X-Idempotency-Key"] == second.headers["X-Idempotency-Key"]


@pytest.mark.parametrize("value", [None, "0.1", True, -0.1, 1.1, [0.1]])
def test_a_projection_that_cannot_be_is_left_out(access: Access, cxone: ScriptedCxone, value: Any) -> None:
    cxone.answers = [Reply(body={"projectedAbandonmentRate": value, "projectedWaitSeconds": 3})]
    found = PlatformSimulator(access.http).run(RUN)
    assert (found.abandonment, found.occupancy, found.caller_wait_seconds) == (None, None, 3.0)


def test_an_answer_of_the_simulator_that_is_not_an_object_is_none(
    access: Access, cxone: ScriptedCxone
) -> None:
    cxone.answers = [Reply(body=[1])]
    with pytest.raises(UnexpectedAnswer):
        PlatformSimulator(access.http).run(RUN)
