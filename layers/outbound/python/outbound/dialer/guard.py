"""The guard: what campaigns do after an activation, and whether that has to be undone.

    too early, or too few calls     -> look again later
    no metrics, or old ones         -> not a breach; it rings
    abandonment proven above the limit, or the period's budget spent since then
    efficiency below the settings'  -> a breach: rolled back, or a person is called

A count proves that abandonment is above the limit where Wilson's lower bound is. The budget of a period is
3 % of the calls that persons answered in it, less those that were abandoned; one that was spent before the
activation is not this rollout's doing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from outbound.clock import Clock, format_time, parse_time
from outbound.dialer.guard_settings import guard_minutes, guard_of
from outbound.dialer.metrics import DialerMetric
from outbound.dialer.rollouts import Rollout, Rollouts, Stage
from outbound.dialer.settings import DialerSettings, GuardSettings
from outbound.dialer.step_result import RolloutEnds, RolloutUndone, StepOutcome, StepResult
from outbound.logs import logger
from outbound.metrics import measure
from outbound.steering.proportions import wilson_bounds

# A guard looks so many times at most, however long it lasts: an execution has its limits.
_MOST_LOOKS = 500
# It says so often that there are no metrics: often enough to ring again.
_SAID_AGAIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Counts:
    """Calls that persons answered, and how many of those were abandoned."""

    answered: int = 0
    abandoned: int = 0

    def budget_left(self, limit: float) -> float:
        """Return how many more could be abandoned within a limit; below 0 where it is passed."""
        return limit * self.answered - self.abandoned


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of a campaign. `newest` is the end of the newest window that counts since the activation.

    `period` are the counts of the legal period that is under way; `efficiency` is the dialer's since the
    activation. None where it is not known.
    """

    campaign_id: str
    since: Counts
    newest: datetime | None
    period: Counts | None = None
    efficiency: float | None = None


class Readings(Protocol):
    """Where the guard's metrics come from."""

    def read(self, campaign_id: str, since: datetime, now: datetime) -> Reading:
        """Return what is known of a campaign since a moment, but for the dialer's efficiency."""

    def efficiency(self, campaign_id: str, since: datetime, now: datetime) -> float | None:
        """Return the dialer's efficiency in a campaign since a moment; None where it is not known."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A breach: a reason for programs, and a message for people."""

    reason: str
    message: str


def breach_in(reading: Reading, guard: GuardSettings, limit: float) -> Breach | None:
    """Return how a campaign breaches what the guard watches, None where that is not proven.

    Args:
        reading: What is known of the campaign.
        guard: The guard's settings.
        limit: The share of the answered calls that may be abandoned.
    """
    since, named = reading.since, f"campaign {reading.campaign_id}"
    counted = f"{since.abandoned} of {since.answered} answered calls since the activation"
    if wilson_bounds(since.abandoned, since.answered).proves_above(limit):
        return Breach("guard_abandonment", f"{named} abandoned {counted}, proven above {limit:g}")
    if _spent_the_budget(reading, guard, limit):
        return Breach("guard_budget", f"{named} has spent the period's budget: {counted} were abandoned")
    if (
        guard.min_efficiency is not None
        and reading.efficiency is not None
        and reading.efficiency < guard.min_efficiency
    ):
        said = f"has an efficiency of {reading.efficiency:g}, below {guard.min_efficiency:g}"
        return Breach("guard_efficiency", f"{named} {said}")
    return None


def _spent_the_budget(reading: Reading, guard: GuardSettings, limit: float) -> bool:
    period, since = reading.period, reading.since
    if period is None or period.answered < guard.min_answered or not since.abandoned:
        return False
    before = Counts(max(0, period.answered - since.answered), max(0, period.abandoned - since.abandoned))
    return period.budget_left(limit) <= 0 and (before.budget_left(limit) > 0 or not before.answered)


class Guard:
    """Takes the guard's step."""

    def __init__(self, readings: Readings, rollouts: Rollouts, clock: Clock) -> None:
        """Judge by these readings."""
        self._readings = readings
        self._rollouts = rollouts
        self._clock = clock

    def guard(self, rollout: Rollout, settings: DialerSettings) -> StepResult:
        """Look once at the campaigns.

        Raises:
            RolloutUndone: There is a breach.
            RolloutEnds: The time is up, or there is a breach that is not rolled back.
        """
        guard, now = guard_of(rollout, settings.guard), self._clock.now()
        since = parse_time(rollout.progress.activated_at)
        minutes = guard_minutes(rollout, settings.guard)
        passed = (now - since).total_seconds()
        is_judged, is_over = passed >= guard.first_minutes * 60, passed >= minutes * 60
        if is_judged or (is_over and minutes):
            readings = [self._reading(each, since, now, guard) for each in rollout.campaigns]
            if is_judged:
                self._judge(readings, guard, settings.limits.abandonment_target.value)
            self._ring_if_blind(rollout, readings, guard, now, is_over=is_over)
        if is_over:
            raise RolloutEnds(Stage.ACTIVE, "guarded", _watched(minutes, is_judged=is_judged))
        return StepResult(StepOutcome.LATER, _wait(guard, minutes, passed))

    def _reading(self, campaign_id: str, since: datetime, now: datetime, guard: GuardSettings) -> Reading:
        reading = self._readings.read(campaign_id, since, now)
        if guard.min_efficiency is None:
            return reading
        return replace(reading, efficiency=self._readings.efficiency(campaign_id, since, now))

    def _judge(self, readings: Sequence[Reading], guard: GuardSettings, limit: float) -> None:
        for reading in readings:
            breach = breach_in(reading, guard, limit)
            if breach is None:
                continue
            if guard.roll_back:
                raise RolloutUndone(breach.reason, breach.message)
            message = f"{breach.message}; the settings stay in force, since the guard is not to roll back"
            raise RolloutEnds(Stage.FAILED, breach.reason, message)

    def _ring_if_blind(
        self,
        rollout: Rollout,
        readings: Sequence[Reading],
        guard: GuardSettings,
        now: datetime,
        *,
        is_over: bool,
    ) -> None:
        """Ring for campaigns without metrics of the present, again from time to time.

        A guard that is over rings for those of which it has seen nothing, however short it was.
        """
        oldest = now - timedelta(minutes=guard.stale_minutes)
        since = parse_time(rollout.progress.activated_at)
        blind = [
            each.campaign_id
            for each in readings
            if (is_over or since < oldest if each.newest is None else each.newest < oldest)
        ]
        said_at = rollout.progress.blind_at
        if not blind or (said_at and now - parse_time(said_at) < _SAID_AGAIN):
            return
        self._rollouts.advance(rollout, now, blind_at=format_time(now))
        measure(DialerMetric.GUARD_BLIND)
        extra = {"rollout_id": rollout.rollout_id, "campaigns": blind}
        logger.error("a rollout is guarded without metrics of the present", extra=extra)


def _watched(minutes: float, *, is_judged: bool) -> str:
    if is_judged:
        return f"in force, and watched for {minutes:g} minutes"
    if minutes:
        return f"in force; the guard of {minutes:g} minutes ended before its first judgement"
    return "in force; no campaign is watched"


def _wait(guard: GuardSettings, minutes: float, passed: float) -> int:
    """Return the seconds until the next look: never so few that an execution could not have them all."""
    wait = max(guard.look_seconds, minutes * 60 / _MOST_LOOKS)
    return max(1, int(min(wait, minutes * 60 - passed)))
