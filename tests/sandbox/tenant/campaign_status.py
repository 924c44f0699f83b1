"""Whether a campaign dials: pausing takes its time, and may never end."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from sandbox.world import Campaign


@dataclass(frozen=True, slots=True)
class Change:
    """A status that was asked for, when, and by whom: "api" or "control"."""

    asked: float
    status: str
    by: str


class CampaignStatus:
    """The status of one campaign: ACTIVE, PAUSING, PAUSED, or one of ENDED_STATUSES."""

    def __init__(self, campaign: Campaign, clock: Callable[[], float] = time.monotonic) -> None:
        """Start in the campaign's first status."""
        self.campaign = campaign
        self._clock = clock
        self._status = campaign.status
        self._paused_from = -inf
        self.changes: list[Change] = []

    def now(self) -> str:
        """Return the status."""
        if self._status == "PAUSED" and self._clock() < self._paused_from:
            return "PAUSING"
        return self._status

    def ask(self, status: str) -> None:
        """Begin to be what a client asks for; who asks to pause twice does not wait longer."""
        self.changes.append(Change(time.time(), status, "api"))
        if status == "PAUSED" and self._status == "ACTIVE":
            seconds = self.campaign.pause_seconds
            self._paused_from = inf if seconds is None else self._clock() + seconds
        self._status = status

    def force(self, status: str) -> None:
        """Be in a status at once, as if somebody else had asked for it long ago."""
        self.changes.append(Change(time.time(), status, "control"))
        self._status, self._paused_from = status, -inf
