"""Whether a campaign dials, and the orders that pause and resume it."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class CampaignStatus(StrEnum):
    """Whether a campaign dials."""

    ACTIVE = "active"
    PAUSING = "pausing"
    """It is to be paused, and calls are still under way."""

    PAUSED = "paused"
    OTHER = "other"
    """Something that is neither: CXone has states that no document names."""


class CampaignsPort(Protocol):
    """Reads and steers campaigns. All raise the errors of `outbound.cxone.errors`."""

    def status(self, campaign_id: str) -> CampaignStatus:
        """Return a campaign's status. Raises NotFound where there is none of that id."""

    def pause(self, campaign_id: str) -> CampaignStatus:
        """Ask for a pause and return the status then: it may take its time. Asking twice asks once."""

    def resume(self, campaign_id: str) -> CampaignStatus:
        """Ask a campaign to dial again and return the status then. Asking twice asks once."""
