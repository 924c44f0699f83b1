"""Campaigns and their metrics as the rules of steering see them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from outbound.steering.health import Sample, Source
from outbound.steering.situation import CampaignState, Situation

NOW = datetime(2026, 7, 15, 16, 0, tzinfo=UTC)


class Steering:
    """Makes samples and situations; moments are minutes before or after `now`."""

    now = NOW

    def at(self, minutes: float) -> datetime:
        return NOW + timedelta(minutes=minutes)

    def sample(self, end: float = 0, length: float = 30, **fields: Any) -> Sample:
        said: dict[str, Any] = {"measured_at": self.at(end), "source": Source.POLL}
        return Sample(self.at(end - length), self.at(end), **(said | fields))

    def campaign(self, campaign_id: str = "primary", **fields: Any) -> Situation:
        said: dict[str, Any] = {
            "state": CampaignState.ACTIVE,
            "window_open": True,
            "dials_since": self.at(-600),
            "list_passes": True,
        }
        return Situation(campaign_id, **(said | fields))

    def backup(self, **fields: Any) -> Situation:
        return self.campaign("backup", **({"state": CampaignState.PAUSED} | fields))
