"""Whether a campaign dials: pausing takes its time, and may never end."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from sandbox.world import Campaign
from sandbox.world.metrics_script import Interval


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
        self.told: list[Callable[[], None]] = []
        """Called when a status was asked for or forced."""

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
        self._tell()

    def force(self, status: str) -> None:
        """Be in a status at once, as if somebody else had asked for it long ago."""
        self.changes.append(Change(time.time(), status, "control"))
        self._status, self._paused_from = status, -inf
        self._tell()

    def dialled(self, until: float) -> list[Interval]:
        """Return when it dialled, in Unix seconds; calls that are under way when it pauses do not count."""
        intervals: list[Interval] = []
        status, since = self.campaign.status, 0.0
        for change in self.changes:
            if status == "ACTIVE":
                intervals.append((since, min(change.asked, until)))
            status, since = change.status, change.asked
        if status == "ACTIVE":
            intervals.append((since, until))
        return intervals

    def seconds_to_pause(self) -> float | None:
        """Return how long it is still pausing, None where it is not, or never ends."""
        left = self._paused_from - self._clock()
        return left if self.now() == "PAUSING" and left < inf else None

    def _tell(self) -> None:
        for tell in self.told:
            tell()
