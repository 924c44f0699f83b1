"""Metrics of campaigns: what CXone measured of one's calls in a window, asked for or reported by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class CampaignMetrics:
    """What was measured of a campaign from `start` on and before `end`; None is what CXone does not say.

    Rates are shares from 0 to 1. `answered_calls` counts the abandoned ones too. `active_calls` and
    `agents_working` are of the moment of measurement, not of the window.
    """

    start: datetime
    end: datetime
    measured_at: datetime
    success_rate: float | None = None
    calls: int | None = None
    successful_calls: int | None = None
    answered_calls: int | None = None
    abandoned_calls: int | None = None
    abandonment_rate: float | None = None
    active_calls: int | None = None
    agents_working: int | None = None


class MetricsPort(Protocol):
    """Asks for metrics of campaigns, and reads those that CXone reports by itself."""

    def of_campaign(self, campaign_id: str, window_minutes: int) -> CampaignMetrics | None:
        """Return the metrics of a campaign's last minutes, None where nothing was measured yet.

        Raises NotFound where there is no such campaign, UnexpectedAnswer naming the field where the answer
        cannot be, and the other errors of `outbound.cxone.errors`.
        """

    def reported(self, metrics: Mapping[str, Any], window_minutes: int) -> CampaignMetrics | None:
        """Return what a report of CXone says, read as an answer is, without a call.

        `window_minutes` is how long the window is taken to be where the report names none. Raises
        UnexpectedAnswer naming the field that cannot be.
        """
