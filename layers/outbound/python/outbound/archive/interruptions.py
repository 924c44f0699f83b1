"""Interruptions of runs: executions that end too soon, holds that are due, what other parties request.

    execution failed, aborted, timed out -> its hold is released, the run is interrupted, a fact says so
    a hold is due (the sweeper)          -> its run is at work: renewed; otherwise as above
    a campaign is brought to a state that was decided, or CXone reports that it dials again or pauses
    -> noted at the campaign's holds, for the run that releases the last of them

A message is read whole before anything is done for it: one that cannot be read is refused at once. What fails
behind that, and was not planned, is left to `queues.work`: the message comes back some times, and then goes
to the dead-letter queue with the exception's type.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from outbound.archive.campaign_hold import HoldReleaser, owner_of, run_of_owner
from outbound.archive.executions import Executions
from outbound.archive.facts import ArchiveFacts
from outbound.archive.metrics import ArchiveMetric
from outbound.archive.runs import OPEN, ArchiveRun, ArchiveRuns, RunChanged, RunStatus
from outbound.campaign_records.held_campaigns import HeldCampaigns
from outbound.campaign_records.journals import JournalBusy, Journals
from outbound.clock import Clock, Deadline, Invocation, parse_time
from outbound.cxone.errors import CxoneError
from outbound.events import Bus, EventType, PublishFailed
from outbound.logs import logger
from outbound.metrics import measure
from outbound.queues import Refused, TryLater, event_of, work
from outbound.runtime import Runtime, Work
from outbound.store.holds import Hold, Holds, sortable

_RETRY_SECONDS = 30.0
_CUT_OFF = frozenset({"FAILED", "TIMED_OUT", "ABORTED"})
# The states of a campaign that dials, or that is paused by any party. In all others it has been ended.
_HELD = frozenset({"ACTIVE", "PAUSING", "PAUSED"})
# What a decision for a state is noted as.
_DECISIONS = {"paused": "pause_asked_at", "active": "active_asked_at"}


@dataclass(frozen=True, slots=True)
class _ExecutionEnded:
    """AWS says that an execution ended with this status."""

    campaign_id: str
    run_id: str
    attempt: int
    status: str


@dataclass(frozen=True, slots=True)
class _HoldDue:
    """The sweeper says that a hold was not renewed in time."""

    campaign_id: str
    owner: str


@dataclass(frozen=True, slots=True)
class _StateDecided:
    """It was decided that a campaign is paused, or dials, and it does that."""

    campaign_id: str
    target: str
    moment: datetime


@dataclass(frozen=True, slots=True)
class _StateReported:
    """CXone reports a campaign's status, in capitals."""

    campaign_id: str
    status: str
    moment: datetime


_Message = _ExecutionEnded | _HoldDue | _StateDecided | _StateReported


class Interruptions:
    """Handles what happens to runs and their holds from outside."""

    def __init__(
        self,
        runs: ArchiveRuns,
        holds: Holds,
        releaser: HoldReleaser,
        executions: Executions,
        bus: Bus,
        facts: ArchiveFacts,
        clock: Clock,
    ) -> None:
        """Release with this releaser; publish on this bus what was interrupted."""
        self._runs = runs
        self._holds = holds
        self._releaser = releaser
        self._executions = executions
        self._bus = bus
        self._facts = facts
        self._clock = clock

    @classmethod
    def of(cls, runtime: Runtime, deadline: Deadline) -> Interruptions:
        """Return what handles interruptions in one invocation, whose calls of CXone end before a deadline."""
        executions = Executions(runtime.client("stepfunctions"), runtime.name("STATE_MACHINE_ARN"))
        runs, holds = ArchiveRuns(runtime.state, runtime.tenant), Holds(runtime.state, runtime.tenant)
        journals = Journals(runtime.state, runtime.tenant)
        held = HeldCampaigns(runtime.cxone.until(deadline).campaigns, journals, runtime.clock)
        releaser = HoldReleaser(held, holds, runtime.clock)
        return cls(
            runs, holds, releaser, executions, runtime.bus, ArchiveFacts(runtime.tenant), runtime.clock
        )

    def handle(self, record: Mapping[str, Any]) -> None:
        """Do what one message asks for.

        Raises:
            Refused: The message is not one that this function knows.
            TryLater: CXone, the bus or AWS could not be reached, or the run was changed meanwhile.
        """
        message = _read(record)
        try:
            self._handle(message)
        except (RunChanged, JournalBusy) as changed:
            raise TryLater(1.0, "the run or its campaign was changed meanwhile") from changed
        except (CxoneError, PublishFailed, ClientError, BotoCoreError) as error:
            retry_at = getattr(error, "retry_at", None)
            wait = (retry_at - self._clock.now()).total_seconds() if retry_at else _RETRY_SECONDS
            raise TryLater(max(1.0, wait), str(error)[:200]) from error

    def _handle(self, message: _Message | None) -> None:
        match message:
            case _ExecutionEnded():
                self._ended(message)
            case _HoldDue(campaign_id, owner):
                self._renew_or_release(campaign_id, owner)
            case _StateDecided() | _StateReported():
                self._note(message)

    def _ended(self, ended: _ExecutionEnded) -> None:
        """Take note of an execution that ended before its run did."""
        run = self._runs.get(ended.campaign_id, ended.run_id)
        # A later execution of the run has taken over, hold and all.
        if run is not None and run.attempt == ended.attempt:
            self._interrupt(run, ended.status)

    def _interrupt(self, run: ArchiveRun, status: str) -> None:
        self._releaser.release(run.campaign_id, owner_of(run.run_id), run.attempt)
        if run.status not in OPEN or run.status is RunStatus.INTERRUPTED:
            return
        self._bus.publish([self._facts.interrupted(run, status, self._clock.now())])
        self._runs.interrupt(run)
        measure(ArchiveMetric.ARCHIVES_INTERRUPTED)
        extra = {"run_id": run.run_id, "campaign_id": run.campaign_id, "status": status}
        logger.error("a run was interrupted", extra=extra)

    def _renew_or_release(self, campaign_id: str, owner: str) -> None:
        """See to a hold that is due: its run is at work, or the hold is abandoned."""
        hold = self._holds.get(campaign_id, owner)
        if hold is None:
            return
        run_id = run_of_owner(owner)
        run = None if run_id is None else self._runs.get(campaign_id, run_id)
        at_work = run is not None and run.status in OPEN and run.attempt == hold.fence
        if run is not None and at_work and not hold.releasing:
            if (status := self._executions.status(run)) == "RUNNING":
                self._holds.renew(campaign_id, owner, self._clock.now())
            else:
                self._interrupt(run, status or "MISSING")
            return
        logger.warning("an abandoned hold is released", extra={"campaign_id": campaign_id, "owner": owner})
        self._releaser.release(campaign_id, owner, hold.fence)

    def _note(self, message: _StateDecided | _StateReported) -> None:
        """Note at a campaign's holds what other parties do to it."""
        for hold in self._holds.of_campaign(message.campaign_id):
            if isinstance(message, _StateDecided):
                self._decided(hold, message)
            else:
                self._reported(hold, message)

    def _decided(self, hold: Hold, decision: _StateDecided) -> None:
        """Note a decision: a pause that is decided while a campaign is held outlasts the hold."""
        if decision.target in _DECISIONS and sortable(decision.moment) >= hold.placed_at:
            self._holds.note(hold, _DECISIONS[decision.target], decision.moment)

    def _reported(self, hold: Hold, report: _StateReported) -> None:
        """Note a state that CXone reports and that our own pause does not explain.

        A pause is our own, unless the campaign was resumed in between. A party that ends it (completed,
        stopped, archived, disabled, whatever it is called) wants it not to dial, as with a request to pause.
        """
        status, moment = report.status, report.moment
        since_ours = bool(hold.paused_at) and sortable(moment) > hold.paused_at
        if status == "ACTIVE" and since_ours:
            self._holds.note(hold, "resumed_at", moment)
            self._holds.note(hold, "active_asked_at", moment)
        if status == "PAUSED" and hold.resumed_at and sortable(moment) > hold.resumed_at:
            self._holds.note(hold, "pause_asked_at", moment)
        if status not in _HELD and since_ours:
            self._holds.note(hold, "pause_asked_at", moment)


def _read(record: Mapping[str, Any]) -> _Message | None:
    """Return what a message says, or None where it asks for nothing.

    Raises Refused where it is not one that this function knows.
    """
    try:
        message = json.loads(record["body"])
        if not isinstance(message, dict):
            raise TypeError("a message is an object")
    except (ValueError, TypeError, RecursionError) as error:
        raise Refused(f"the message is not a JSON object: {type(error).__name__}") from error
    try:
        if message.get("source") == "aws.states":
            return _execution_ended(message["detail"])
        if "hold" in message:
            return _HoldDue(_text(message["hold"]["campaign_id"]), _text(message["hold"]["owner"]))
        return _state_of(record)
    except Refused:
        raise
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise Refused(f"the message is not understood: {type(error).__name__} {error}"[:200]) from error


def _execution_ended(detail: Mapping[str, Any]) -> _ExecutionEnded | None:
    if detail["status"] not in _CUT_OFF:
        return None
    run = json.loads(detail["input"])["run"]
    if not isinstance(run["attempt"], int):
        raise TypeError("an attempt is a number")
    return _ExecutionEnded(_text(run["campaign_id"]), _text(run["run_id"]), run["attempt"], detail["status"])


def _state_of(record: Mapping[str, Any]) -> _StateDecided | _StateReported | None:
    """Read an event of the bus that says what a campaign is to do, or does."""
    event = event_of(record)
    if event.event_type not in (EventType.CAMPAIGN_TRANSITIONED, EventType.STATE_CHANGED):
        raise Refused(f"an event of the type {event.event_type[:64]!r} says nothing about holds")
    campaign_id = event.data.get("campaign_id")
    if not isinstance(campaign_id, str) or not campaign_id:
        return None
    if event.event_type == EventType.CAMPAIGN_TRANSITIONED:
        target, decided_at = event.data.get("target_state") or "", event.data.get("decided_at")
        moment = parse_time(_text(decided_at or event.occurred_at))
        return _StateDecided(campaign_id, _text(target), moment)
    moment = parse_time(event.occurred_at)
    campaign = event.data.get("campaign")
    status = campaign.get("status") if isinstance(campaign, Mapping) else None
    return _StateReported(campaign_id, status.upper(), moment) if isinstance(status, str) else None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} instead of a text")
    return value


def build(runtime: Runtime) -> Work:
    """Return the work of the function that sees to runs that were cut off, and to their holds."""
    queue = runtime.queue
    runtime.warm_up("cxone", "bus")

    def end(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        return work(event, queue, Interruptions.of(runtime, runtime.deadline(invocation)).handle, invocation)

    return end
