"""The facts that are published about rollouts."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from outbound.complaints import Complaint
from outbound.dialer.configuration import FieldChange, changes, read_canonical
from outbound.dialer.rollouts import Rollout, Stage
from outbound.events import Event, new_event
from outbound.events.facts.base import Fact
from outbound.events.facts.dialer import (
    DialerActivated,
    DialerRolledBack,
    RolloutAdvanced,
    RolloutComplaint,
    RolloutFailed,
    RolloutRefused,
    RolloutUnchanged,
)

# What a fact says has to fit on the bus.
_MOST_COMPLAINTS, _MOST_CHANGES = 60, 100
_LONGEST_MESSAGE, _LONGEST_VALUE = 2000, 300


class RolloutFacts:
    """Makes the facts of one tenant."""

    def __init__(self, tenant: str) -> None:
        """Make facts of this tenant."""
        self._tenant = tenant

    def advanced(
        self,
        rollout: Rollout,
        stage: Stage,
        now: datetime,
        *,
        version: str = "",
        operation_id: str = "",
        why: str = "",
    ) -> Event:
        """Return the fact that a rollout takes a step.

        Args:
            rollout: The rollout as it was read.
            stage: Where the step leads.
            now: The present moment.
            version: The version that the step read or made.
            operation_id: The operation that it began.
            why: Why, where that is not the rollout's own reason.
        """
        fact = RolloutAdvanced(
            rollout_id=rollout.rollout_id,
            stage=stage.value,
            attempt=rollout.attempt,
            requested_by=rollout.requested_by,
            why=why or rollout.reason,
            version=version,
            operation_id=operation_id,
            override=rollout.override,
        )
        return self._event(fact, rollout, now, str(rollout.revision))

    def activated(self, rollout: Rollout, version: str, guarded_minutes: float, now: datetime) -> Event:
        """Return the fact that the settings are in force in this version."""
        progress = rollout.progress
        found = changes(read_canonical(progress.snapshot), read_canonical(progress.target))
        fact = DialerActivated(
            rollout_id=rollout.rollout_id,
            campaigns=rollout.campaigns,
            why=rollout.reason,
            requested_by=rollout.requested_by,
            version_before=progress.snapshot_version,
            version=version,
            operation_id=progress.activation.operation_id,
            changes=[_change(each) for each in found[:_MOST_CHANGES]],
            snapshot=progress.snapshot_key,
            guarded_minutes=guarded_minutes,
        )
        return self._event(fact, rollout, now)

    def ended(self, rollout: Rollout, now: datetime) -> list[Event]:
        """Return the facts of a rollout's end, as its progress has it."""
        stage = Stage(rollout.progress.ending)
        step = self.advanced(rollout, stage, now, why=rollout.progress.reason)
        made = _ENDS.get(stage)
        return [step] if made is None else [step, self._event(made(rollout), rollout, now)]

    def refused(
        self,
        request: Event,
        reason: str,
        complaints: Sequence[Complaint],
        now: datetime,
        current: Rollout | None = None,
    ) -> Event:
        """Return the fact that no rollout is made of a request.

        Args:
            request: The event that asked.
            reason: Why, as a short name.
            complaints: All that is wrong with it.
            now: The present moment.
            current: The rollout that has the dialer, where that is why.
        """
        said = complaints[:_MOST_COMPLAINTS]
        fact = RolloutRefused(
            rollout_id="",
            request_id=request.event_id,
            reason=reason,
            message="; ".join(map(str, said))[:_LONGEST_MESSAGE],
            complaints=[_part(each) for each in said],
            current=current.rollout_id if current else None,
        )
        return new_event(fact, self._tenant, now, [request.event_id], request.correlation_id)

    def _event(self, fact: Fact, rollout: Rollout, now: datetime, *more: str) -> Event:
        return new_event(fact, self._tenant, now, [rollout.rollout_id, *more], rollout.correlation_id)


def _change(change: FieldChange) -> dict[str, Any]:
    """Return a change as JSON holds it; of a value that is long, its beginning as a text."""
    told = change.as_document()
    for side in ("before", "after"):
        text = json.dumps(told.get(side), ensure_ascii=False)
        if len(text) > _LONGEST_VALUE:
            told[side] = text[:_LONGEST_VALUE]
    return told


def _part(complaint: Complaint) -> RolloutComplaint:
    return RolloutComplaint(
        field=complaint.field,
        rule=complaint.rule,
        message=complaint.message,
        citation=complaint.citation,
    )


def _refused(rollout: Rollout) -> Fact:
    progress = rollout.progress
    return RolloutRefused(
        rollout_id=rollout.rollout_id,
        request_id=rollout.request_id,
        reason=progress.reason,
        message=progress.message,
        complaints=[RolloutComplaint(**each) for each in progress.complaints[:_MOST_COMPLAINTS]],
        current=None,
    )


def _unchanged(rollout: Rollout) -> Fact:
    return RolloutUnchanged(
        rollout_id=rollout.rollout_id,
        request_id=rollout.request_id,
        version=rollout.progress.snapshot_version,
    )


def _rolled_back(rollout: Rollout) -> Fact:
    progress = rollout.progress
    return DialerRolledBack(
        rollout_id=rollout.rollout_id,
        campaigns=rollout.campaigns,
        reason=progress.reason,
        message=progress.message,
        version=progress.restoration.version,
        version_undone=progress.activation.version,
        snapshot=progress.snapshot_key,
        operation_open=progress.operation_open,
    )


def _failed(rollout: Rollout) -> Fact:
    progress = rollout.progress
    return RolloutFailed(
        rollout_id=rollout.rollout_id,
        campaigns=rollout.campaigns,
        reason=progress.reason,
        message=progress.message,
        version_before=progress.snapshot_version,
        version=progress.activation.version,
        version_found=progress.version_found,
        snapshot=progress.snapshot_key,
        operation_open=progress.operation_open,
    )


_ENDS: dict[Stage, Callable[[Rollout], Fact]] = {
    Stage.REFUSED: _refused,
    Stage.UNCHANGED: _unchanged,
    Stage.ROLLED_BACK: _rolled_back,
    Stage.FAILED: _failed,
}
