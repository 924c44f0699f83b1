"""What a test wants to know of the campaigns that a tenant has, and how they are to do."""

from collections.abc import Mapping
from typing import Any

from sandbox.clients.control import Control


class CampaignControl(Control):
    """Shows campaigns as the tenant has them, and lets their metrics follow a script."""

    def created_campaigns(self, name: str = "") -> list[dict[str, Any]]:
        """Return what was created since the tenant began, oldest first; of one name where it is given."""
        campaigns: list[dict[str, Any]] = self._call("GET", "/campaigns/created")["campaigns"]
        return [one for one in campaigns if name in ("", one["name"])]

    def follow_script(self, campaign_id: str, *stages: str | Mapping[str, Any], speed: float = 1.0) -> None:
        """Let a campaign's metrics follow stages from now on.

        A stage is one of `STAGES` by its name, or its fields, such as `{"name": "dip", "seconds": 60}`.
        """
        given = [{"name": each} if isinstance(each, str) else dict(each) for each in stages]
        self._call("PUT", f"/campaigns/{campaign_id}/metrics", {"stages": given, "speed": speed})

    def emit_metrics(self, campaign_id: str, window_minutes: int = 30) -> int:
        """Let the tenant send a campaign's metrics of now; return to how many webhooks."""
        path = f"/campaigns/{campaign_id}/metrics/emit?windowMinutes={window_minutes}"
        deliveries: int = self._call("POST", path)["deliveries"]
        return deliveries

    def announce_states(self, campaign_id: str) -> None:
        """Let the tenant send the campaign's state to its webhooks whenever that changes."""
        self._call("PUT", f"/campaigns/{campaign_id}/announced")
