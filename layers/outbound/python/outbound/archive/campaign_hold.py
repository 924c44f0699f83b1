"""Holding a campaign while its attempts leave: paused if it dials, in the maintenance window alone.

dials? --no--> held as it is
       --outside of the window--> later
       --paused too often--> the run fails: somebody wants it to dial
       hold + obligation -> pause is asked for -> PAUSING, later -> PAUSED
                                               -> not within `pause_seconds`: the run fails
"""

from __future__ import annotations

from datetime import timedelta
from math import ceil

from outbound.archive.runs import Run, Runs
from outbound.archive.settings import ArchiveSettings
from outbound.archive.step_result import Answer, Outcome, RunFailed, Superseded
from outbound.archive.windows import seconds_until_open
from outbound.clock import Clock, Deadline
from outbound.cxone.errors import OutOfTime
from outbound.cxone.ports.campaigns import CampaignsPort, CampaignStatus
from outbound.observability import Metric, logger, measure
from outbound.store.holds import Hold, Holds

# Between two looks at a campaign that is about to pause, in seconds: the first, and the longest.
_PAUSING_SECONDS, _LONGEST_PAUSING_SECONDS = 2, 15
# A window is waited for in pieces, so that a change of the settings is seen.
_LONGEST_WAIT = 3600
# A call that is made with less time left would not be waited for.
_CALL_SECONDS = 40.0


def owner_of(run_id: str) -> str:
    """Give the name under which a run holds its campaign."""
    return f"archive#{run_id}"


class Holder:
    """Holds campaigns for runs."""

    def __init__(self, port: CampaignsPort, holds: Holds, runs: Runs, clock: Clock) -> None:
        """Pause through this port."""
        self._port = port
        self._holds = holds
        self._runs = runs
        self._clock = clock

    def hold(self, run: Run, settings: ArchiveSettings, deadline: Deadline) -> Answer:
        """See to it that a campaign does not dial: paused, or later. Raises RunFailed where it does."""
        status = self._port.status(run.campaign_id)
        standing = self._holds.standing(run.campaign_id)
        if status is CampaignStatus.ACTIVE:
            if wait := seconds_until_open(settings, self._clock.now()):
                return Answer(Outcome.LATER, min(_LONGEST_WAIT, ceil(wait)))
            status = self._pause(run, settings, deadline)
        else:
            # Who finds it held by others keeps in mind, too, that it dialled before them: the last one of
            # all resumes it, and those who are about to go may leave that to us.
            self._place(run, was_active=any(hold.was_active for hold in standing))
        return self._answer(run, status, settings)

    def renew(self, run: Run) -> None:
        """Say that a run is at work and will release its hold itself."""
        self._holds.renew(run.campaign_id, owner_of(run.run_id), self._clock.now())

    def must_yield(self, run: Run, settings: ArchiveSettings) -> bool:
        """Say whether a campaign that was paused for a run is to dial again: the window has closed."""
        if not seconds_until_open(settings, self._clock.now()):
            return False
        hold = self._own(run)
        return hold is not None and hold.was_active

    def _pause(self, run: Run, settings: ArchiveSettings, deadline: Deadline) -> CampaignStatus:
        own = self._own(run)
        if own and own.pauses >= settings.most_pauses:
            raise RunFailed(
                "campaign_resumed_by_others",
                f"the campaign was paused {own.pauses} times and dials again: somebody resumes it",
            )
        if deadline.left() < _CALL_SECONDS:
            raise OutOfTime("there is no time to see how a pause ends")
        self._place(run, was_active=True)
        if self._runs.advance(run, pauses=run.progress.pauses + 1) is None:
            raise Superseded
        owner, now = owner_of(run.run_id), self._clock.now()
        until = now + timedelta(seconds=deadline.left())
        if not self._holds.asking(run.campaign_id, owner, run.attempt, now, until):
            raise Superseded
        status = self._port.pause(run.campaign_id)
        self._holds.answered(run.campaign_id, owner, run.attempt, self._clock.now())
        measure(Metric.CAMPAIGNS_PAUSED)
        logger.info("a campaign is paused", extra={"campaign_id": run.campaign_id, "status": status.value})
        return status

    def _place(self, run: Run, was_active: bool) -> None:
        self._holds.place(run.campaign_id, owner_of(run.run_id), run.attempt, was_active, self._clock.now())

    def _answer(self, run: Run, status: CampaignStatus, settings: ArchiveSettings) -> Answer:
        if status is CampaignStatus.PAUSED:
            return Answer(Outcome.PAUSED)
        if status is CampaignStatus.OTHER:
            raise RunFailed("campaign_status", "the campaign is neither active nor paused")
        hold = self._own(run)
        since = hold.waiting_since if hold else 0.0
        waited = self._clock.now().timestamp() - since
        if since and waited >= settings.pause_seconds:
            raise RunFailed("campaign_not_paused", f"the campaign is not paused after {waited:.0f} s")
        self.renew(run)
        return Answer(Outcome.LATER, min(_LONGEST_PAUSING_SECONDS, _PAUSING_SECONDS + int(waited)))

    def _own(self, run: Run) -> Hold | None:
        return self._holds.get(run.campaign_id, owner_of(run.run_id))
