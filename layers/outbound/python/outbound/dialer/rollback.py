"""The way back of a rollout: what was in force before it is put in force again, if that is ours to do.

    what is in force --it is the snapshot, and nothing is under way--> rolled back
          |           --another party's--> left as it is; a person is called
          `- ours: the snapshot, upon the version in force now -> watched -> read: the same, byte for byte

A change whose answer was lost may arrive later. The rollback's own change fences it: what was based on the
version before is refused by CXone from then on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from outbound.clock import Clock
from outbound.cxone.errors import CxoneError
from outbound.cxone.ports.dialer import DialerPort, OperationStatus, SettingsInForce
from outbound.dialer.activation import changed_by_others
from outbound.dialer.configuration import canonical, read_canonical
from outbound.dialer.facts import RolloutFacts
from outbound.dialer.operation_watch import Seen, look_at, wait_seconds
from outbound.dialer.ownership import is_ours, nothing_under_way, under_way
from outbound.dialer.rollouts import Progress, Rollout, Rollouts, Sent, Stage
from outbound.dialer.settings import DialerSettings
from outbound.dialer.step_result import RolloutEnds, StepOutcome, StepResult
from outbound.logs import logger

_READ_AGAIN_SECONDS = 2
_DONE = StepResult(StepOutcome.COMPLETE)


@dataclass(frozen=True, slots=True)
class Restorer:
    """Takes the steps back."""

    port: DialerPort
    rollouts: Rollouts
    facts: RolloutFacts
    clock: Clock

    def roll_back(self, rollout: Rollout, settings: DialerSettings) -> StepResult:
        """Put the snapshot in force.

        Raises RolloutEnds where there is nothing to undo, where another party's settings are in force, and
        where it was tried too often.
        """
        progress = rollout.progress
        if not progress.activation.sent:
            raise RolloutEnds(Stage.REFUSED, progress.undo, f"nothing was changed: {progress.undo_message}")
        if progress.restoration.version and not progress.restoration.ended:
            return _DONE
        if _is_unanswered(progress.activation) or _is_unanswered(progress.restoration):
            failures = progress.failures
            rollout = self.rollouts.advance(rollout, self.clock.now(), in_doubt=True, failures=failures)
        in_force = self.port.settings(rollout.campaigns)
        self._end_or_go_on(rollout, in_force, settings)
        return self._send(rollout, in_force)

    def watch(self, rollout: Rollout, settings: DialerSettings) -> StepResult:
        """Look at the rollback's operation."""
        progress, watch = rollout.progress, settings.watch
        look = look_at(self.port, progress.restoration, watch, lambda: self._is_old(rollout), urgent=True)
        self.rollouts.advance(rollout, self.clock.now(), restoration=look.sent)
        if look.seen is Seen.OPEN:
            return StepResult(StepOutcome.LATER, wait_seconds(look.sent.looks, watch))
        return StepResult(StepOutcome.AGAIN) if look.seen is Seen.FAILED else _DONE

    def verify(self, rollout: Rollout, settings: DialerSettings) -> StepResult:
        """Compare what is in force with the snapshot, byte for byte.

        Raises RolloutEnds where they are the same, and where another party's settings are in force.
        """
        in_force = self.port.settings(rollout.campaigns)
        if canonical(in_force.settings) == rollout.progress.snapshot:
            return self._end_once_settled(rollout, settings)
        if rollout.progress.readings + 1 < settings.watch.max_readings:
            readings = rollout.progress.readings + 1
            self.rollouts.advance(rollout, self.clock.now(), readings=readings)
            return StepResult(StepOutcome.LATER, _READ_AGAIN_SECONDS)
        if not is_ours(in_force, rollout.progress):
            raise changed_by_others(in_force, rollout.progress, _why(rollout.progress))
        ended = replace(rollout.progress.restoration, ended=OperationStatus.GONE.value)
        self.rollouts.advance(rollout, self.clock.now(), restoration=ended, readings=0)
        return StepResult(StepOutcome.AGAIN)

    def _end_or_go_on(self, rollout: Rollout, in_force: SettingsInForce, settings: DialerSettings) -> None:
        """Raise RolloutEnds unless the snapshot is to be put in force, and may be."""
        progress = rollout.progress
        ours = is_ours(in_force, progress)
        if canonical(in_force.settings) == progress.snapshot and (nothing_under_way(progress) or not ours):
            raise _rolled_back(progress)
        if not ours:
            raise changed_by_others(in_force, progress, _why(progress))
        if progress.restores >= settings.watch.max_restores:
            said = f"the settings from before are not in force after {progress.restores} tries"
            raise RolloutEnds(Stage.FAILED, "rollback_failed", f"{said}: {_why(progress)}")

    def _send(self, rollout: Rollout, in_force: SettingsInForce) -> StepResult:
        """Send the rollback; that it may have been sent is written down before."""
        now, why = self.clock.now(), rollout.progress.undo
        step = self.facts.advanced(rollout, Stage.ROLLING_BACK, now, version=in_force.version, why=why)
        # Nothing has gone well yet: failures in a row go on, so that they come to their end.
        failures = rollout.progress.failures
        rollout = self.rollouts.advance(
            rollout,
            now,
            Stage.ROLLING_BACK,
            [step],
            restoration=Sent(sent=True, based_on=in_force.version),
            own_versions=_own_with(rollout.progress, in_force.version),
            readings=0,
            lingering=0,
            failures=failures,
        )
        snapshot = read_canonical(rollout.progress.snapshot)
        try:
            change = self.port.change(snapshot, in_force.version, rollout.campaigns, urgent=True)
        except CxoneError as error:
            if not error.in_doubt:
                # It was not accepted; after a conflict, what changed the version in between is read next.
                self.rollouts.advance(rollout, self.clock.now(), restoration=Sent(), failures=failures)
            raise
        sent = Sent(True, in_force.version, change.version, change.operation_id)
        progress = rollout.progress
        own = (*progress.own_versions, change.version)
        restores = progress.restores + 1
        self.rollouts.advance(
            rollout, self.clock.now(), restoration=sent, own_versions=own, restores=restores
        )
        extra = {"version": change.version, "operation_id": change.operation_id}
        logger.info("CXone accepted the rollback of the dialer", extra=extra)
        return _DONE

    def _end_once_settled(self, rollout: Rollout, settings: DialerSettings) -> StepResult:
        """End the rollout, once what it sent before can undo the rollback no more.

        Raises RolloutEnds. An operation that does not end, and a change whose answer was lost, are waited for
        a while, with what is in force read each time; an operation that is open then is named.
        """
        progress, watch = rollout.progress, settings.watch
        before = progress.activation
        if not before.ended and before.operation_id:
            status = self.port.operation(before.operation_id, urgent=True).status
            if status is not OperationStatus.IN_PROGRESS:
                ended = replace(before, ended=status.value)
                self.rollouts.advance(rollout, self.clock.now(), activation=ended)
                # What it did, it did after the settings were read.
                return StepResult(StepOutcome.LATER, 1)
        if under_way(before) and progress.lingering < watch.max_lingering:
            looks = progress.lingering + 1
            self.rollouts.advance(rollout, self.clock.now(), lingering=looks)
            return StepResult(StepOutcome.LATER, wait_seconds(looks, watch))
        raise _rolled_back(progress)

    def _is_old(self, rollout: Rollout) -> bool:
        return canonical(self.port.settings(rollout.campaigns).settings) == rollout.progress.snapshot


def _is_unanswered(sent: Sent) -> bool:
    return sent.sent and not sent.version


def _own_with(progress: Progress, version: str) -> tuple[str, ...]:
    """Return our versions with one in force that is ours: a change may have made it whose answer was lost."""
    if version == progress.snapshot_version:
        return progress.own_versions
    return tuple(dict.fromkeys((*progress.own_versions, version)))


def _why(progress: Progress) -> str:
    return f"the rollout was to be undone, since {progress.undo_message}"


def _rolled_back(progress: Progress) -> RolloutEnds:
    """Return the end of a rollout that is undone; a rollback that is under way would do the same again."""
    message = progress.undo_message
    if open_yet := under_way(progress.activation):
        message = f"{message}; {open_yet}: see that it does nothing more"
    return RolloutEnds(Stage.ROLLED_BACK, progress.undo, message, operation_open=bool(open_yet))
