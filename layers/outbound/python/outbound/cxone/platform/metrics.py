"""Metrics of campaigns on the platform API: `GET /api/v2/omnichannel/campaigns/{id}/metrics`.

The call, `windowMinutes`, `successRate`, `activeCalls` and `lastUpdated` are documented. The counts, the
agents, and the moments of the window are assumptions: where they are missing, or are not what they should
be, they are not said.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from outbound.cxone.errors import UnexpectedAnswer
from outbound.cxone.http import Call, CxoneHttp
from outbound.cxone.ports.metrics import CampaignMetrics
from outbound.moments import NoMoment, moment_in

_SURFACE, _BUDGET = "campaigns", "campaigns"
# No campaign has more calls; JSON can spell numbers that nothing can reckon with.
_MOST = 10**9
_FIRST_YEAR = 2000


class PlatformMetrics:
    """Asks for metrics of campaigns, and reads those that are reported."""

    def __init__(self, http: CxoneHttp) -> None:
        """Call through this session."""
        self._http = http

    def of_campaign(self, campaign_id: str, window_minutes: int) -> CampaignMetrics | None:
        """Return the metrics of a campaign's last minutes, None where nothing was measured yet."""
        path = f"/api/v2/omnichannel/campaigns/{quote(campaign_id, safe='')}/metrics"
        answer = self._http.call(Call(_SURFACE, _BUDGET, "GET", path, {"windowMinutes": window_minutes}))
        if answer.nothing:
            return None
        if not isinstance(answer.body, dict):
            raise UnexpectedAnswer(f"GET {path} answered with something that is not metrics")
        return self.reported(answer.body, window_minutes)

    def reported(self, metrics: Mapping[str, Any], window_minutes: int) -> CampaignMetrics | None:
        """Return what a body of metrics says; None where it is of no time at all."""
        measured_at = _measured_at(metrics)
        start, end = _window(metrics, measured_at, timedelta(minutes=window_minutes))
        if start == end:
            return None
        return CampaignMetrics(
            start,
            end,
            measured_at,
            _share(metrics, "successRate"),
            _assumed_count(metrics, "totalCalls"),
            _assumed_count(metrics, "successfulCalls"),
            _assumed_count(metrics, "answeredCalls"),
            _assumed_count(metrics, "abandonedCalls"),
            _assumed_share(metrics, "abandonmentRate"),
            _count(metrics, "activeCalls"),
            _assumed_count(metrics, "agentsWorking"),
        )


def _measured_at(metrics: Mapping[str, Any]) -> datetime:
    """Return when it was measured: metrics whose age is not known say nothing of the present."""
    try:
        moment = moment_in(metrics.get("lastUpdated"))
    except NoMoment as wrong:
        raise UnexpectedAnswer(f"metrics: lastUpdated {wrong}") from None
    if moment.year < _FIRST_YEAR:
        raise UnexpectedAnswer(f"metrics: lastUpdated lies before the year {_FIRST_YEAR}")
    return moment


def _window(
    metrics: Mapping[str, Any], measured_at: datetime, length: timedelta
) -> tuple[datetime, datetime]:
    """Return the window that is named; else the one of the length that was asked for."""
    try:
        return moment_in(metrics.get("windowStart")), moment_in(metrics.get("windowEnd"))
    except NoMoment:
        return measured_at - length, measured_at


def _share(metrics: Mapping[str, Any], name: str) -> float | None:
    value = metrics.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnexpectedAnswer(f"metrics: {name} is not a number")
    # Nor is what is not a number (NaN), which is neither above nor below anything.
    if not 0 <= value <= 1:
        raise UnexpectedAnswer(f"metrics: {name} is not a share from 0 to 1")
    return float(value)


def _count(metrics: Mapping[str, Any], name: str) -> int | None:
    value = metrics.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST:
        raise UnexpectedAnswer(f"metrics: {name} is not a count")
    return value


def _assumed_share(metrics: Mapping[str, Any], name: str) -> float | None:
    try:
        return _share(metrics, name)
    except UnexpectedAnswer:
        return None


def _assumed_count(metrics: Mapping[str, Any], name: str) -> int | None:
    try:
        return _count(metrics, name)
    except UnexpectedAnswer:
        return None
