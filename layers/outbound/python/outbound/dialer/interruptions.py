"""Interruptions of rollouts: executions that end before their rollout does, and locks that are due.

    cut off while its settings are guarded  -> the next execution guards on
    cut off before that                     -> the next execution undoes what was changed
    cut off too often                       -> ended as failed; a person is called
    a lock is due (the sweeper)             -> its execution runs: renewed; otherwise as above

A message is read whole before anything is done for it: one that cannot be read is refused at once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from outbound.clock import Clock, Invocation
from outbound.dialer.ending import Finisher
from outbound.dialer.executions import MAX_EXECUTIONS, RolloutExecutions
from outbound.dialer.facts import RolloutFacts
from outbound.dialer.metrics import DialerMetric
from outbound.dialer.rollouts import Rollout, RolloutChanged, Rollouts, Stage
from outbound.logs import logger
from outbound.metrics import measure
from outbound.queues import Refused, TryLater, work
from outbound.runtime import Runtime, Work
from outbound.store.outbox import Outbox

CUT_OFF = "cut_off"
"""Why a rollout is undone whose execution ended before it did."""

_ENDED_EARLY = frozenset({"FAILED", "TIMED_OUT", "ABORTED"})


@dataclass(frozen=True, slots=True)
class _ExecutionEnded:
    """AWS says that an execution ended with this status."""

    rollout_id: str
    attempt: int
    status: str


@dataclass(frozen=True, slots=True)
class _LockDue:
    """The sweeper says that a rollout took no step for long."""

    rollout_id: str


class RolloutInterruptions:
    """Sees to rollouts that were cut off."""

    def __init__(
        self,
        rollouts: Rollouts,
        executions: RolloutExecutions,
        finisher: Finisher,
        outbox: Outbox,
        facts: RolloutFacts,
        clock: Clock,
    ) -> None:
        """Continue rollouts with these executions."""
        self._rollouts = rollouts
        self._executions = executions
        self._finisher = finisher
        self._outbox = outbox
        self._facts = facts
        self._clock = clock

    @classmethod
    def of(cls, runtime: Runtime) -> RolloutInterruptions:
        """Return what sees to a stack's rollouts."""
        tenant, clock = runtime.tenant, runtime.clock
        rollouts, facts = Rollouts(runtime.state, tenant), RolloutFacts(tenant)
        finisher = Finisher(rollouts, facts, clock)
        return cls(rollouts, RolloutExecutions.of(runtime), finisher, runtime.outbox, facts, clock)

    def handle(self, record: Mapping[str, Any]) -> None:
        """Do what one message asks for.

        Raises:
            Refused: The message is not one that this function knows.
            TryLater: The rollout was changed meanwhile.
        """
        message = _read(record)
        if message is None:
            return
        rollout = self._rollouts.get(message.rollout_id)
        if rollout is None or not rollout.is_open:
            return
        try:
            self._see_to(rollout, message)
        except RolloutChanged as changed:
            raise TryLater(1.0, "the rollout was changed meanwhile") from changed
        key = self._rollouts.key(rollout.rollout_id)
        self._outbox.publish_or_leave(key, self._rollouts.item(rollout.rollout_id))

    def _see_to(self, rollout: Rollout, message: _ExecutionEnded | _LockDue) -> None:
        if isinstance(message, _LockDue):
            status = self._executions.status(rollout)
            if status == "RUNNING":
                self._rollouts.renew(rollout, self._clock.now())
                return
            self._continue(rollout, status or "MISSING")
        elif rollout.attempt == message.attempt:
            self._continue(rollout, message.status)
        elif rollout.attempt == message.attempt + 1:
            # This message came before, and was cut off in between: an execution that is there is left alone.
            self._executions.start(rollout)

    def _continue(self, rollout: Rollout, status: str) -> None:
        """Hand a rollout over to its next execution, or end it where it has had too many."""
        measure(DialerMetric.ROLLOUTS_INTERRUPTED)
        extra = {"rollout_id": rollout.rollout_id, "attempt": rollout.attempt, "status": status}
        logger.error("a rollout was cut off", extra=extra)
        now = self._clock.now()
        if rollout.attempt >= MAX_EXECUTIONS:
            message = f"the rollout took {rollout.attempt} executions and is not done; see what is in force"
            ended = self._rollouts.advance(
                rollout, now, ending=Stage.FAILED.value, reason="too_many_executions", message=message
            )
            self._finisher.finish(ended)
            return
        undo = {}
        if rollout.stage is not Stage.GUARDING and not (rollout.progress.undo or rollout.progress.ending):
            undo = {"undo": CUT_OFF, "undo_message": f"its execution ended ({status})"}
        step = self._facts.advanced(rollout, rollout.stage, now, why=f"its execution ended: {status}")
        following = self._rollouts.next_attempt(rollout, now, [step], **undo)
        self._executions.start(following)


def _read(record: Mapping[str, Any]) -> _ExecutionEnded | _LockDue | None:
    """Return what a message says, or None where it asks for nothing.

    Raises Refused where it is not one that this function knows.
    """
    try:
        message = json.loads(record["body"])
        if message.get("source") == "aws.states":
            return _execution_ended(message["detail"])
        return _LockDue(_text(message["rollout"]["rollout_id"]))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise Refused(f"the message is not understood: {type(error).__name__} {error}"[:200]) from error


def _execution_ended(detail: Mapping[str, Any]) -> _ExecutionEnded | None:
    if detail["status"] not in _ENDED_EARLY:
        return None
    about = json.loads(detail["input"])["rollout"]
    if not isinstance(about["attempt"], int):
        raise TypeError("an attempt is a number")
    return _ExecutionEnded(_text(about["rollout_id"]), about["attempt"], detail["status"])


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} instead of a text")
    return value


def build(runtime: Runtime) -> Work:
    """Return the work of the function that sees to rollouts that were cut off."""
    queue, interruptions = runtime.queue, RolloutInterruptions.of(runtime)

    def end(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        return work(event, queue, interruptions.handle, invocation)

    return end
