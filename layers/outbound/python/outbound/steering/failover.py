"""Whether a campaign gives way to its backup now, or takes over again: a pure decision, each refusal named.

    the primary dials ── breach proven? ──no──> none, with the reason
                              └─yes── any refusal? ──yes──> cannot, with all of them
                                           └─no──> fail over
    it was failed over, its backup dials ── by setting, recovery proven? ──> fail back, likewise

Nothing is decided on metrics that are old or missing: that rings, where the campaign should have some.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from outbound.steering.evidence import Evidence, Finding, Proof
from outbound.steering.situation import CampaignState, Refusal, Situation

if TYPE_CHECKING:
    from outbound.steering.settings import FailoverSettings


class Direction(StrEnum):
    """Which way the calls are moved."""

    FAIL_OVER = "fail_over"
    FAIL_BACK = "fail_back"


class Action(StrEnum):
    """What is decided."""

    NONE = "none"
    FAIL_OVER = "fail_over"
    FAIL_BACK = "fail_back"
    CANNOT = "cannot"
    """There is cause, and something forbids it."""


class Idle(StrEnum):
    """Why there is nothing to decide, where it is not for what the metrics say."""

    PRIMARY_NOT_ACTIVE = "primary_not_active"
    PRIMARY_OUTSIDE_WINDOW = "primary_outside_window"
    BACKUP_NOT_ACTIVE = "backup_not_active"
    """The calls were moved and the backup was stopped since: it is not for us to start the other one."""

    FAIL_BACK_DISABLED = "fail_back_disabled"


class Ring(StrEnum):
    """What an operator has to hear of."""

    STALE = "stale"
    """A campaign dials, and there are no metrics of the present."""

    CANNOT = "cannot"
    """There is cause to move the calls, and what forbids it is neither patience nor a person's will."""

    UNATTENDED = "unattended"
    """Calls are under way with no agent at work."""


@dataclass(frozen=True, slots=True)
class LastSwitch:
    """The failover or fail-back that was decided last, whether or not it was completed."""

    direction: Direction
    decided_at: datetime
    is_open: bool = False
    """Whether its steps are still being taken."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A campaign and its backup, None where it has none, as they are when it is decided."""

    primary: Situation
    backup: Situation | None
    last: LastSwitch | None = None
    held_by_person: bool = False
    """Whether a person holds the failover, in either direction."""

    threshold: float | None = None
    """The campaign's own; None for that of the settings."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided and why; `cause` is what the metrics prove, None where they were not looked at."""

    action: Action
    reasons: tuple[Finding | Idle | Refusal, ...] = ()
    cause: Evidence | None = None
    rings: frozenset[Ring] = frozenset()


_BY_WILL = frozenset(
    {
        Refusal.DISABLED,
        Refusal.HELD_BY_PERSON,
        Refusal.COOLING_DOWN,
        Refusal.SWITCH_UNDER_WAY,
        Refusal.NO_BACKUP,
    }
)


def decide(pair: Pair, settings: FailoverSettings, now: datetime) -> Decision:
    """Return whether the calls of a pair of campaigns are to be moved now."""
    threshold = settings.threshold if pair.threshold is None else pair.threshold
    return _Case(pair, settings, Proof(settings, threshold), now).decide()


@dataclass(frozen=True, slots=True)
class _Case:
    pair: Pair
    settings: FailoverSettings
    proof: Proof
    now: datetime

    def decide(self) -> Decision:
        primary = self.pair.primary
        if primary.state is CampaignState.ACTIVE:
            return self._whether_to_fail_over()
        if self._moved and primary.state is not CampaignState.UNKNOWN:
            return self._whether_to_fail_back()
        return self._none(Idle.PRIMARY_NOT_ACTIVE, primary)

    @property
    def _moved(self) -> bool:
        return self.pair.last is not None and self.pair.last.direction is Direction.FAIL_OVER

    def _whether_to_fail_over(self) -> Decision:
        primary, backup = self.pair.primary, self.pair.backup
        if not primary.window_open:
            # It makes no calls, or it is not known whether it should: rates of such a time say nothing.
            return self._none(Idle.PRIMARY_OUTSIDE_WINDOW, primary)
        since = _latest(self._switched_at, primary.dials_since)
        evidence = self.proof.of(primary.history, self.now, since)
        if evidence.finding is not Finding.BREACH:
            return self._none(evidence.finding, primary, evidence)
        if not self.settings.enabled:
            return self._end(Action.CANNOT, [Refusal.DISABLED], evidence, primary)
        refusals = self._refusals(backup)
        if backup and backup.campaign_id != primary.campaign_id and backup.is_unhealthy(self.proof, self.now):
            refusals.append(Refusal.UNHEALTHY)
        return self._end(Action.CANNOT if refusals else Action.FAIL_OVER, refusals, evidence, primary)

    def _whether_to_fail_back(self) -> Decision:
        primary, backup = self.pair.primary, self.pair.backup
        if backup is None or backup.state is not CampaignState.ACTIVE:
            return self._none(Idle.BACKUP_NOT_ACTIVE, backup or primary)
        if not (self.settings.enabled and self.settings.fail_back):
            return self._none(Idle.FAIL_BACK_DISABLED, backup)
        evidence = self.proof.of(primary.history, self.now, self._switched_at)
        if evidence.finding is not Finding.RECOVERY:
            return self._none(evidence.finding, backup, evidence)
        refusals = self._refusals(primary)
        return self._end(Action.CANNOT if refusals else Action.FAIL_BACK, refusals, evidence, backup)

    def _refusals(self, target: Situation | None) -> list[Refusal]:
        """Return all that forbids moving the calls to a campaign, beside its health."""
        refusals: list[Refusal] = []
        if self.pair.held_by_person:
            refusals.append(Refusal.HELD_BY_PERSON)
        if self.pair.last and self.pair.last.is_open:
            refusals.append(Refusal.SWITCH_UNDER_WAY)
        if self._switched_at and self.now < self._switched_at + self.settings.cool_down:
            refusals.append(Refusal.COOLING_DOWN)
        if target is None:
            return [*refusals, Refusal.NO_BACKUP]
        if self.pair.backup and self.pair.backup.campaign_id == self.pair.primary.campaign_id:
            return [*refusals, Refusal.OWN_BACKUP]
        return refusals + target.start_refusals()

    @property
    def _switched_at(self) -> datetime | None:
        return self.pair.last.decided_at if self.pair.last else None

    def _none(
        self, reason: Finding | Idle, dialling: Situation, evidence: Evidence | None = None
    ) -> Decision:
        return Decision(Action.NONE, (reason,), evidence, self._rings(dialling))

    def _end(
        self, action: Action, refusals: list[Refusal], evidence: Evidence, dialling: Situation
    ) -> Decision:
        rings = self._rings(dialling)
        if set(refusals) - _BY_WILL:
            rings |= {Ring.CANNOT}
        return Decision(action, tuple(refusals), evidence, rings)

    def _rings(self, dialling: Situation) -> frozenset[Ring]:
        """Return what is to be heard of the campaign that has the calls."""
        if dialling.state is not CampaignState.ACTIVE:
            return frozenset()
        rings = set()
        fresh = [each for each in dialling.history if each.is_fresh(self.now, self.settings.stale_after)]
        if not fresh and self._should_have_metrics(dialling):
            rings.add(Ring.STALE)
        told = [
            each for each in fresh if each.calls_under_way is not None and each.agents_at_work is not None
        ]
        if told and max(told, key=lambda each: each.measured_at).is_unattended:
            rings.add(Ring.UNATTENDED)
        return frozenset(rings)

    def _should_have_metrics(self, dialling: Situation) -> bool:
        if not dialling.window_open:
            return False
        since = dialling.dials_since
        return since is None or self.now - since > self.settings.stale_after


def _latest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)
