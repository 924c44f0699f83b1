"""The way forward of a rollout: snapshot, activate, watch, verify.

    snapshot -> the change is noted, then sent -> 202: its operation is watched -> in force? verified
                     |                              412: what others changed is merged, or refused
                     `- the answer is lost: what is in force is read before anything else is done

What cannot be told ends in the rollback, which knows whose settings are in force.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from outbound.clock import Clock, format_time
from outbound.complaints import Complaint
from outbound.cxone.errors import CxoneError, OutOfTime, RateLimited, VersionConflict
from outbound.cxone.ports.dialer import DialerPort, SettingsInForce
from outbound.dialer.checks import messages
from outbound.dialer.configuration import Merged, canonical, changes, merge, read_canonical
from outbound.dialer.facts import RolloutFacts
from outbound.dialer.guard_settings import guard_minutes
from outbound.dialer.judge import Judge, is_same, wanted
from outbound.dialer.metrics import DialerMetric
from outbound.dialer.operation_watch import Seen, look_at, wait_seconds
from outbound.dialer.ownership import is_ours, under_way
from outbound.dialer.rollouts import Progress, Rollout, Rollouts, Sent, Stage
from outbound.dialer.settings import DialerSettings
from outbound.dialer.snapshots import write_snapshot
from outbound.dialer.step_result import RolloutEnds, RolloutUndone, StepOutcome, StepResult
from outbound.logs import logger
from outbound.metrics import measure

if TYPE_CHECKING:
    from outbound.store.objects import Lake

# Before settings that are not as they should be are read again.
_READ_AGAIN_SECONDS = 2
# Of the fields that differ so many are named.
_MOST_NAMED = 20
_LONGEST_VALUE = 200
# A rollout's item has what is in force twice, beside what is asked; DynamoDB ends it with 400 KB.
_MOST_BYTES = 100_000
_DONE = StepResult(StepOutcome.COMPLETE)


@dataclass(frozen=True, slots=True)
class Activator:
    """Takes the steps forward."""

    port: DialerPort
    judge: Judge
    rollouts: Rollouts
    lake: Lake
    facts: RolloutFacts
    clock: Clock

    def snapshot(self, rollout: Rollout, _: DialerSettings) -> StepResult:
        """Write down what is in force, before anything is changed."""
        if rollout.stage is not Stage.CHECKED:
            return _DONE
        in_force = self.port.settings(rollout.campaigns)
        target = canonical(wanted(rollout, in_force.settings))
        self._take_snapshot(rollout, in_force, target)
        return _DONE

    def activate(self, rollout: Rollout, settings: DialerSettings) -> StepResult:
        """Have the settings in force, once.

        Raises:
            RolloutEnds: It is in force already, another party changed the same, or CXone refuses; nothing was
                changed.
            RolloutUndone: CXone refuses, and an earlier try may have arrived.
        """
        progress = rollout.progress
        if rollout.stage is Stage.GUARDING or progress.activation.version or progress.in_doubt:
            return _DONE
        if not progress.activation.sent:
            _end_if_in_force(progress.snapshot, progress.target, progress.snapshot_version)
        elif self._has_arrived(rollout):
            self.rollouts.advance(rollout, self.clock.now(), in_doubt=True)
            return _DONE
        return self._send(rollout, settings)

    def watch(self, rollout: Rollout, settings: DialerSettings) -> StepResult:
        """Look at the operation. Raises RolloutUndone where it failed, or is given up."""
        progress, watch = rollout.progress, settings.watch
        if rollout.stage is Stage.GUARDING:
            return _DONE
        look = look_at(self.port, progress.activation, watch, lambda: self._is_in_force(rollout))
        rollout = self.rollouts.advance(rollout, self.clock.now(), activation=look.sent)
        if look.seen is Seen.OPEN:
            return StepResult(StepOutcome.LATER, wait_seconds(look.sent.looks, watch))
        if look.seen is Seen.FAILED:
            said = look.details or "it gives no reason"
            raise RolloutUndone("operation_failed", f"CXone could not carry out the change: {said}")
        if look.seen is Seen.GIVEN_UP and look.sent.version:
            raise RolloutUndone("timed_out", f"the operation has not ended after {look.sent.looks} looks")
        return _DONE

    def verify(self, rollout: Rollout, settings: DialerSettings) -> StepResult:
        """Compare what is in force with what was asked, field by field.

        Raises:
            RolloutUndone: It is another, by our own change.
            RolloutEnds: It is another party's; theirs is left as it is.
        """
        if rollout.stage is Stage.GUARDING:
            return _DONE
        in_force = self.port.settings(rollout.campaigns)
        if is_same(in_force.settings, rollout.progress.target):
            self._activated(rollout, in_force, settings)
            return _DONE
        if rollout.progress.readings + 1 < settings.watch.max_readings:
            readings = rollout.progress.readings + 1
            self.rollouts.advance(rollout, self.clock.now(), readings=readings)
            return StepResult(StepOutcome.LATER, _READ_AGAIN_SECONDS)
        different = _different(rollout, in_force)
        if is_ours(in_force, rollout.progress):
            raise RolloutUndone("mismatch", f"what is in force is not what was asked for: {different}")
        raise changed_by_others(in_force, rollout.progress, f"it is not what was asked for: {different}")

    def _send(self, rollout: Rollout, settings: DialerSettings) -> StepResult:
        """Send the change; that it may have been sent is written down before."""
        progress, now = rollout.progress, self.clock.now()
        is_first = not progress.activation.sent
        if is_first:
            step = self.facts.advanced(rollout, Stage.ACTIVATING, now, version=progress.snapshot_version)
            sent = Sent(sent=True, based_on=progress.snapshot_version)
            rollout = self.rollouts.advance(rollout, now, Stage.ACTIVATING, [step], activation=sent)
        target = read_canonical(progress.target)
        try:
            change = self.port.change(target, progress.snapshot_version, rollout.campaigns)
        except CxoneError as error:
            return self._not_accepted(rollout, error, is_first, settings)
        sent = Sent(True, progress.snapshot_version, change.version, change.operation_id)
        own = (*rollout.progress.own_versions, change.version)
        self.rollouts.advance(rollout, self.clock.now(), activation=sent, own_versions=own)
        extra = {"version": change.version, "operation_id": change.operation_id}
        logger.info("CXone accepted a change of the dialer", extra=extra)
        return _DONE

    def _not_accepted(
        self, rollout: Rollout, error: CxoneError, is_first: bool, settings: DialerSettings
    ) -> StepResult:
        """Return what follows a change that CXone did not answer with acceptance."""
        if isinstance(error, VersionConflict) and (error.in_doubt or not is_first):
            # An earlier try may be what changed the version: what is in force is read next.
            return StepResult(StepOutcome.LATER, 1)
        if error.in_doubt:
            raise error
        if isinstance(error, VersionConflict):
            # It was not accepted: that is known from now on, whatever becomes of the merge.
            not_sent = self.rollouts.advance(rollout, self.clock.now(), Stage.SNAPSHOTTED, activation=Sent())
            return self._merge(not_sent, settings)
        if isinstance(error, RateLimited | OutOfTime):
            if is_first:
                self.rollouts.advance(rollout, self.clock.now(), Stage.SNAPSHOTTED, activation=Sent())
            raise error
        if is_first:
            raise RolloutEnds(Stage.REFUSED, error.reason, f"CXone refuses the change: {error}") from error
        raise RolloutUndone(error.reason, f"CXone refuses the change: {error}") from error

    def _merge(self, rollout: Rollout, settings: DialerSettings) -> StepResult:
        """Take in what another party changed since the snapshot, where the changes do not touch."""
        progress = rollout.progress
        in_force = self.port.settings(rollout.campaigns)
        base, ours = read_canonical(progress.snapshot), read_canonical(progress.target)
        merged = merge(base, ours, in_force.settings)
        if merged.settings is None or progress.merges >= settings.watch.max_merges:
            raise _not_merged(progress.snapshot_version, in_force, merged)
        self.judge.judge(rollout, merged.settings, settings)
        self._take_snapshot(rollout, in_force, canonical(merged.settings), merges=progress.merges + 1)
        logger.info("changes of another party are merged", extra={"version": in_force.version})
        return StepResult(StepOutcome.LATER, 1)

    def _take_snapshot(
        self, rollout: Rollout, in_force: SettingsInForce, target: str, **changed: object
    ) -> None:
        now, snapshot = self.clock.now(), canonical(in_force.settings)
        _end_if_too_large(snapshot, target)
        where = write_snapshot(self.lake, rollout, in_force, now)
        step = self.facts.advanced(rollout, Stage.SNAPSHOTTED, now, version=in_force.version)
        self.rollouts.advance(
            rollout, now, Stage.SNAPSHOTTED, [step], snapshot=snapshot, target=target, **where, **changed
        )

    def _has_arrived(self, rollout: Rollout) -> bool:
        """Return True if another version is in force than the one that an unanswered change was based on."""
        in_force = self.port.settings(rollout.campaigns)
        return in_force.version != rollout.progress.activation.based_on

    def _is_in_force(self, rollout: Rollout) -> bool:
        return is_same(self.port.settings(rollout.campaigns).settings, rollout.progress.target)

    def _activated(self, rollout: Rollout, in_force: SettingsInForce, settings: DialerSettings) -> None:
        now, minutes = self.clock.now(), guard_minutes(rollout, settings.guard)
        step = self.facts.advanced(rollout, Stage.GUARDING, now, version=in_force.version)
        fact = self.facts.activated(rollout, in_force.version, minutes, now)
        own = tuple(dict.fromkeys((*rollout.progress.own_versions, in_force.version)))
        at = format_time(now)
        self.rollouts.advance(
            rollout, now, Stage.GUARDING, [step, fact], own_versions=own, activated_at=at, readings=0
        )
        measure(DialerMetric.ACTIVATED)
        logger.info("dialer settings are activated", extra={"version": in_force.version})


def changed_by_others(in_force: SettingsInForce, progress: Progress, said: str) -> RolloutEnds:
    """Return the end of a rollout whose settings another party replaced: theirs are left as they are.

    An operation of ours that CXone still carries out may yet replace them: then it is named. So may a change
    whose answer was lost, and it is said that there is one.
    """
    message = f"another party changed the dialer (version {in_force.version}), and it is left so: {said}"
    open_yet = under_way(progress.activation, progress.restoration, in_doubt=progress.in_doubt)
    if open_yet:
        message = f"{message}; {open_yet}"
    return RolloutEnds(
        Stage.FAILED,
        "changed_by_others",
        message,
        version_found=in_force.version,
        operation_open=bool(open_yet),
    )


def _end_if_in_force(in_force: str, target: str, version: str) -> None:
    if in_force == target:
        message = f"what is asked for is in force already, in version {version}"
        raise RolloutEnds(Stage.UNCHANGED, "unchanged", message)


def _end_if_too_large(*texts: str) -> None:
    if any(len(text.encode(errors="surrogatepass")) > _MOST_BYTES for text in texts):
        message = f"the dialer's settings have more than {_MOST_BYTES} bytes, and are left as they are"
        raise RolloutEnds(Stage.REFUSED, "too_large", message)


def _not_merged(version: str, in_force: SettingsInForce, merged: Merged) -> RolloutEnds:
    """Return the refusal of a rollout that touches what another party changed: it shows both."""
    complaints = [
        Complaint(
            f"settings.{each.field}",
            "changed_by_others",
            f"the rollout wants {_short(each.ours)}, and another party made it {_short(each.theirs)}",
        )
        for each in merged.conflicts[:_MOST_NAMED]
    ] or [Complaint("settings", "changed_by_others", "other parties keep changing the dialer")]
    both = f"version {version} was replaced by {in_force.version}"
    message = f"{both}: {messages(complaints)}"
    return RolloutEnds(
        Stage.REFUSED,
        "version_conflict",
        message,
        complaints=complaints,
        version_found=in_force.version,
    )


def _different(rollout: Rollout, in_force: SettingsInForce) -> str:
    found = changes(read_canonical(rollout.progress.target), in_force.settings)
    return "; ".join(
        f"{each.field} is {_short(each.after)} in place of {_short(each.before)}"
        for each in found[:_MOST_NAMED]
    )


def _short(value: object) -> str:
    """Return a value as it is told of: what other parties put into settings may be of any length."""
    return repr(value)[:_LONGEST_VALUE]
