"""The control calls about campaigns, their attempts and the archive."""

from collections.abc import Iterable
from urllib.parse import quote

from sandbox.clients.answers import Archiving, AttemptsChanged, AttemptsNow, StatusAsked, StatusNow
from sandbox.clients.control import Control


class ArchiveControl(Control):
    """Steers campaigns and their attempts, and shows what was archived."""

    def campaign_status(self, campaign_id: str) -> StatusNow:
        """Return a campaign's status, and every status that it was asked to take."""
        answer = self._call("GET", f"{_campaign(campaign_id)}/status")
        return StatusNow(answer["status"], [StatusAsked(**one) for one in answer["changes"]])

    def set_campaign_status(self, campaign_id: str, status: str) -> None:
        """Put a campaign into a status at once, as somebody else might: active, paused or ended."""
        self._call("PUT", f"{_campaign(campaign_id)}/status", {"status": status})

    def attempts(self, campaign_id: str) -> AttemptsNow:
        """Return which attempts are left and which were archived."""
        return AttemptsNow(**self._call("GET", f"{_campaign(campaign_id)}/attempts"))

    def archivings(self, campaign_id: str) -> list[Archiving]:
        """Return every request to archive that was acted on, earliest first."""
        answer = self._call("GET", f"{_campaign(campaign_id)}/archivings")
        return [Archiving(**one) for one in answer["archivings"]]

    def change_attempts(
        self, campaign_id: str, *, appear: int = 0, vanish: int = 0, reads: int = 0
    ) -> AttemptsChanged:
        """Let attempts vanish from the front of the list and new ones appear there.

        At once, or with `reads` after each of the next so many pages, however they are read.
        """
        document = {"appear": appear, "vanish": vanish, "reads": reads}
        answer = self._call("POST", f"{_campaign(campaign_id)}/attempts/changes", document)
        return AttemptsChanged(**answer)

    def fail_attempts(self, campaign_id: str, attempt_ids: Iterable[str], *, times: int | None = 1) -> None:
        """Let these attempts fail the next `times` (None: all) that a request names them."""
        document = {"attemptIds": list(attempt_ids), "times": times}
        self._call("POST", f"{_campaign(campaign_id)}/attempts/failing", document)


def _campaign(campaign_id: str) -> str:
    return f"/campaigns/{quote(campaign_id, safe='')}"
