"""Asking for a rollout of dialer settings, and waiting until it is in force or has ended."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from outbound.cli.errors import NOT_NOW, REFUSED, NotNow
from outbound.cli.output import Output
from outbound.cli.stack import Stack
from outbound.cli.wait_option import awaited
from outbound.dialer.planner import rollout_id_of
from outbound.dialer.requests import RolloutRequest
from outbound.dialer.rollouts import Rollout, Rollouts, Stage
from outbound.events import EventType, event_of_type

WAIT_SECONDS = 900
"""What an activation takes, with the looks that verify it, and its way back."""

_IN_FORCE = frozenset({Stage.GUARDING, Stage.ACTIVE, Stage.UNCHANGED})
# A rollout that is undone before its activation has nothing to put back.
_UNDONE = frozenset({Stage.ROLLED_BACK, Stage.REFUSED})
_QUEUED = "the request waits in its queue, or was refused (outbound problems says why)"
_TEXTS = {
    Stage.GUARDING: "its settings are in force and verified; the guard watches",
    Stage.ACTIVE: "its settings are in force and verified",
    Stage.UNCHANGED: "what it asks for was in force already",
    Stage.REFUSED: "it is refused, and nothing was changed",
    Stage.ROLLED_BACK: "what was in force before is in force again",
    Stage.FAILED: "it failed and is left as it is: a person has to look",
}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request that was made; `undoes` names the rollout that had the dialer and is to be undone."""

    rollout_id: str
    request_id: str
    undoes: str = ""


def request_rollout(stack: Stack, data: Mapping[str, Any], output: Output, wait: int) -> int | None:
    """Ask for a rollout over the bus, and say by which id it is known, or after a wait what it came to.

    Return the exit code. Nothing is asked for where this raises.

    Raises:
        InvalidRollout: The request has another form.
        NotNow: Another rollout has the dialer; or the wait was too short.
    """
    request = RolloutRequest.of(data)
    ledger = Rollouts(stack.state, stack.tenant)
    current = ledger.current()
    if current and current.rollout_id != request.restore:
        raise NotNow(
            f"the rollout {current.rollout_id} has the dialer ({current.stage.value}), and there is one at a"
            f" time; see: outbound dialer show {current.rollout_id}"
        )
    event = event_of_type(
        EventType.ROLLOUT_REQUESTED, stack.tenant, stack.clock.now(), [secrets.token_hex(16)], data
    )
    stack.bus.publish([event])
    asked = _Asked(rollout_id_of(event), event.event_id, current.rollout_id if current else "")
    if wait:
        return _told(asked, _awaited(stack, ledger, asked, wait), output)
    if asked.undoes:
        said, seen = f"asked for the rollout {asked.undoes} to be undone", asked.undoes
    else:
        said, seen = f"asked for the rollout {asked.rollout_id}", asked.rollout_id
    values = {"rollout_id": asked.rollout_id, "request_id": asked.request_id, "undoes": asked.undoes or None}
    output.said(f"{said}; see: outbound dialer show {seen}", **values)
    return None


def _awaited(stack: Stack, ledger: Rollouts, asked: _Asked, seconds: int) -> Rollout:
    def look() -> tuple[Rollout | None, str]:
        rollout = _answering(ledger, asked)
        if rollout is None:
            return None, _QUEUED
        is_done = not rollout.is_open or (rollout.stage is Stage.GUARDING and not rollout.progress.undo)
        how_far = f"the rollout {rollout.rollout_id} is {rollout.stage.value.replace('_', ' ')}"
        return (rollout if is_done else None), how_far

    seen = asked.undoes or asked.rollout_id
    return awaited(stack.clock, seconds, look, f"outbound dialer show {seen}, outbound queues list")


def _answering(ledger: Rollouts, asked: _Asked) -> Rollout | None:
    """Return the rollout that does what was asked for: a new one, or the one that is undone."""
    new = ledger.get(asked.rollout_id)
    if new or not asked.undoes:
        return new
    undone = ledger.get(asked.undoes)
    return undone if undone and undone.progress.undo else None


def _told(asked: _Asked, rollout: Rollout, output: Output) -> int | None:
    """Say what a rollout came to; return the exit code."""
    progress, is_undone = rollout.progress, rollout.rollout_id == asked.undoes
    why = progress.message or progress.undo_message
    sentence = f"the rollout {rollout.rollout_id}: {_TEXTS[rollout.stage]}"
    is_done = rollout.stage in (_UNDONE if is_undone else _IN_FORCE)
    output.said(
        sentence if is_done or not why else f"{sentence}: {why}",
        rollout_id=rollout.rollout_id,
        request_id=asked.request_id,
        stage=rollout.stage.value,
        why=progress.reason or progress.undo or None,
        message=why or None,
        complaints=[dict(each) for each in progress.complaints],
    )
    if is_done:
        return None
    return REFUSED if rollout.stage is Stage.REFUSED else NOT_NOW
