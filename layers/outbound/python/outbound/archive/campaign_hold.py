"""A campaign is held while its attempts leave: paused if it dials, in the maintenance window alone.

    dials? --no--> held as it is
           --outside of the window--> later
           --paused too often--> the run fails: it is resumed each time by another party
           hold + obligation -> pause is requested -> PAUSING, later -> PAUSED
                                                   -> not within `pause_seconds`: the run fails

    released: the last hold? it dialled before? no other party, and no decision, wants it paused? still
              paused? -> resumed

A campaign dials again exactly when it should, whichever of its holders releases it and however often. One
that dials already, or that was ended meanwhile, is left as it is. A pause that was requested by a run that
was cut off may still be on its way: its hold then stays, and the sweeper has it released once more when the
pause can no longer arrive.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import ceil

from outbound.archive.metrics import ArchiveMetric
from outbound.archive.runs import ArchiveRun, ArchiveRuns, RunChanged
from outbound.archive.settings import ArchiveSettings
from outbound.archive.step_result import RunFailed, StepOutcome, StepResult
from outbound.campaign_records.held_campaigns import HeldCampaigns
from outbound.clock import Clock, Deadline
from outbound.cxone.errors import NotFound, OutOfTime
from outbound.cxone.ports.campaigns import CampaignStatus
from outbound.logs import logger
from outbound.metrics import measure
from outbound.store.holds import Hold, Holds, other_holds

# Between two looks at a campaign that is about to pause, in seconds: the first, and the longest.
_PAUSING_SECONDS, _LONGEST_PAUSING_SECONDS = 2, 15
# A window is waited for in pieces, so that a change of the settings is seen.
_LONGEST_WAIT = 3600
# A call that is made with less time left would not be waited for.
_CALL_SECONDS = 40.0
# What our own pause makes of a campaign. From any other state we must not make it dial.
_OUR_PAUSE = frozenset({CampaignStatus.PAUSED, CampaignStatus.PAUSING})
# A call that left before its function was ended has arrived by then.
_UNDER_WAY = timedelta(seconds=60)
_OWNER = "archive#"


def owner_of(run_id: str) -> str:
    """Return the name under which a run holds its campaign."""
    return f"{_OWNER}{run_id}"


def run_of_owner(owner: str) -> str | None:
    """Return the id of the run that holds under this name; None where the owner is not a run."""
    return owner.removeprefix(_OWNER) if owner.startswith(_OWNER) else None


def seconds_until_open(settings: ArchiveSettings, now: datetime) -> float:
    """Return how long it is until the maintenance window opens: 0 while it is open, or where there is none.

    A window may reach over midnight; one that ends when it begins is open all day.
    """
    if settings.maintenance_window is None:
        return 0.0
    start, end = (_on(now, text) for text in settings.maintenance_window)
    inside = start <= now < end if start < end else now >= start or now < end
    if inside or start == end:
        return 0.0
    return (start - now).total_seconds() if start > now else (start + timedelta(days=1) - now).total_seconds()


def _on(day: datetime, text: str) -> datetime:
    hour, minute = text.split(":")
    return day.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)


class CampaignHolder:
    """Holds campaigns for runs."""

    def __init__(self, campaigns: HeldCampaigns, holds: Holds, runs: ArchiveRuns, clock: Clock) -> None:
        """Pause these campaigns."""
        self._campaigns = campaigns
        self._holds = holds
        self._runs = runs
        self._clock = clock

    def hold(self, run: ArchiveRun, settings: ArchiveSettings, deadline: Deadline) -> StepResult:
        """See to it that a campaign does not dial: paused, or later.

        Raises:
            RunFailed: It cannot be kept from dialling.
            OutOfTime: There is not enough time left to see how a pause ends.
        """
        status = self._campaigns.status(run.campaign_id)
        holds = self._holds.of_campaign(run.campaign_id)
        if status is CampaignStatus.ACTIVE:
            if wait := seconds_until_open(settings, self._clock.now()):
                return StepResult(StepOutcome.LATER, min(_LONGEST_WAIT, ceil(wait)))
            status = self._pause(run, settings, deadline)
        else:
            # A run that finds it held by others keeps in mind, too, that it dialled before them: the last
            # holder of all resumes it, and those that are about to go may leave that to this run.
            self._place(run, was_active=any(hold.was_active for hold in holds))
        return self._result(run, status, settings)

    def renew(self, run: ArchiveRun) -> None:
        """Note that a run is at work and will release its hold itself."""
        self._holds.renew(run.campaign_id, owner_of(run.run_id), self._clock.now())

    def must_yield(self, run: ArchiveRun, settings: ArchiveSettings) -> bool:
        """Return True if a campaign that was paused for a run is to dial again: the window has closed."""
        if not seconds_until_open(settings, self._clock.now()):
            return False
        hold = self._own(run)
        return hold is not None and hold.was_active

    def _pause(self, run: ArchiveRun, settings: ArchiveSettings, deadline: Deadline) -> CampaignStatus:
        own = self._own(run)
        if own and own.pauses >= settings.max_pauses:
            raise RunFailed(
                "campaign_resumed_by_others",
                f"the campaign was paused {own.pauses} times and dials again: another party resumes it",
            )
        if deadline.left() < _CALL_SECONDS:
            raise OutOfTime("there is no time to see how a pause ends")
        self._place(run, was_active=True)
        self._runs.advance(run, pauses=run.progress.pauses + 1)
        owner, now = owner_of(run.run_id), self._clock.now()
        until = now + timedelta(seconds=deadline.left())
        if not self._holds.request_pause(run.campaign_id, owner, run.attempt, now, until):
            raise RunChanged(run.run_id)
        status = self._campaigns.pause(run.campaign_id)
        self._holds.confirm_pause(run.campaign_id, owner, run.attempt, self._clock.now())
        measure(ArchiveMetric.CAMPAIGNS_PAUSED)
        logger.info("a campaign is paused", extra={"campaign_id": run.campaign_id, "status": status.value})
        return status

    def _place(self, run: ArchiveRun, was_active: bool) -> None:
        self._holds.place(run.campaign_id, owner_of(run.run_id), run.attempt, was_active, self._clock.now())

    def _result(self, run: ArchiveRun, status: CampaignStatus, settings: ArchiveSettings) -> StepResult:
        if status is CampaignStatus.PAUSED:
            return StepResult(StepOutcome.PAUSED)
        if status is CampaignStatus.OTHER:
            raise RunFailed("campaign_status", "the campaign is neither active nor paused")
        hold = self._own(run)
        since = hold.waiting_since if hold else 0.0
        waited = self._clock.now().timestamp() - since
        if since and waited >= settings.pause_seconds:
            raise RunFailed("campaign_not_paused", f"the campaign is not paused after {waited:.0f} s")
        self.renew(run)
        return StepResult(StepOutcome.LATER, min(_LONGEST_PAUSING_SECONDS, _PAUSING_SECONDS + int(waited)))

    def _own(self, run: ArchiveRun) -> Hold | None:
        return self._holds.get(run.campaign_id, owner_of(run.run_id))


class HoldReleaser:
    """Releases holds."""

    def __init__(self, campaigns: HeldCampaigns, holds: Holds, clock: Clock) -> None:
        """Resume these campaigns."""
        self._campaigns = campaigns
        self._holds = holds
        self._clock = clock

    def release(self, campaign_id: str, owner: str, fence: int) -> bool:
        """Release an owner's hold; without effect where a later execution of the owner holds the campaign.

        Args:
            campaign_id: What is held.
            owner: Who holds it, as `owner_of` names a run.
            fence: The execution of the owner that releases.

        Returns:
            True if that is all; False if the hold has to be released once more, which the sweeper sees to.

        Raises:
            CxoneError: CXone does not say how the campaign is, or does not resume it; the hold stays.
            JournalBusy: Its journal keeps changing; the hold stays.
        """
        hold = self._holds.get(campaign_id, owner)
        if hold is None or hold.fence > fence or not self._holds.mark_releasing(hold):
            return True
        others = other_holds(self._holds.of_campaign(campaign_id), owner)
        if not others:
            self._resume(hold)
        now = self._clock.now()
        if hold.asking_until > now.timestamp():
            at = datetime.fromtimestamp(hold.asking_until, UTC) + _UNDER_WAY
            self._holds.recheck_at(hold, at)
            return False
        self._holds.end(hold, now)
        return True

    def _resume(self, hold: Hold) -> None:
        """Let a campaign dial again, if it should and does not."""
        if not hold.was_active or hold.to_stay_paused:
            return
        try:
            status = self._campaigns.status(hold.campaign_id)
            if status not in _OUR_PAUSE:
                extra = {"campaign_id": hold.campaign_id, "status": status.value}
                logger.info("a held campaign is not paused any more and is left as it is", extra=extra)
                return
            resumed = self._campaigns.resume(hold.campaign_id, held_by=())
        except NotFound:
            logger.warning("a held campaign is gone", extra={"campaign_id": hold.campaign_id})
            return
        if resumed is None:
            extra = {"campaign_id": hold.campaign_id}
            logger.info("a held campaign is left to what was decided of it", extra=extra)
            return
        measure(ArchiveMetric.CAMPAIGNS_RESUMED)
        logger.info("a campaign is resumed", extra={"campaign_id": hold.campaign_id, "owner": hold.owner})
