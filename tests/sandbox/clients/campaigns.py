"""What a test wants to know of the campaigns that a tenant has."""

from typing import Any

from sandbox.clients.control import Control


class CampaignControl(Control):
    """Shows campaigns as the tenant has them."""

    def created_campaigns(self, name: str = "") -> list[dict[str, Any]]:
        """Return what was created since the tenant began, oldest first; of one name where it is given."""
        campaigns: list[dict[str, Any]] = self._call("GET", "/campaigns/created")["campaigns"]
        return [one for one in campaigns if name in ("", one["name"])]
