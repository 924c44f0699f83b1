"""Campaigns on the platform API: `/api/v2/campaigns/{id}`.

Pausing is documented; that a campaign can be read there, and its states PAUSING and ACTIVE, are assumptions.

The documents know two hosts that pause a campaign: this path on the archive's, and
`/api/v2/omnichannel/campaigns/{id}` on the campaigns'. Which one does is decided here alone, for reading,
pausing and resuming alike: a hold must see, and take back, the pause that it asked for.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from outbound.cxone.errors import NotFound, UnexpectedAnswer
from outbound.cxone.http import Call, CxoneHttp
from outbound.cxone.ports.campaigns import CampaignStatus
from outbound.cxone.quota_places import Priority

# Whose host and token, and whose quota.
_SURFACE, _BUDGET = "archive", "campaigns"

_STATUSES = {
    "ACTIVE": CampaignStatus.ACTIVE,
    "PAUSING": CampaignStatus.PAUSING,
    "PAUSED": CampaignStatus.PAUSED,
}


class PlatformCampaigns:
    """Reads and steers campaigns."""

    def __init__(self, http: CxoneHttp) -> None:
        """Call through this session."""
        self._http = http

    def status(self, campaign_id: str) -> CampaignStatus:
        """Return a campaign's status. Raises UnexpectedAnswer where the answer has none."""
        return self._call("GET", campaign_id, "normal")

    def pause(self, campaign_id: str) -> CampaignStatus:
        """Ask for a pause and return the status then."""
        return self._call("PATCH", campaign_id, "high", {"status": "PAUSED"})

    def resume(self, campaign_id: str) -> CampaignStatus:
        """Ask a campaign to dial again and return the status then."""
        return self._call("PATCH", campaign_id, "high", {"status": "ACTIVE"})

    def _call(self, method: str, campaign_id: str, priority: Priority, body: Any = None) -> CampaignStatus:
        path = f"/api/v2/campaigns/{quote(campaign_id, safe='')}"
        answer = self._http.call(Call(_SURFACE, _BUDGET, method, path, json=body, priority=priority))
        if answer.nothing and method == "GET":
            raise NotFound(f"GET {path} answered 204: there is no such campaign")
        status = answer.body.get("status") if isinstance(answer.body, dict) else None
        if not isinstance(status, str):
            raise UnexpectedAnswer(f"{method} {path} answered with a campaign that has no text 'status'")
        return _STATUSES.get(status.upper(), CampaignStatus.OTHER)
