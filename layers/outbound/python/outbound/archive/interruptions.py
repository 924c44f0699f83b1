"""What happens around runs: executions that end too soon, holds that nobody renews, what others ask for.

execution failed, aborted, timed out -> its hold is released, the run is interrupted, which is said
a hold is due (the sweeper)          -> its run is at work: renewed; otherwise as above
somebody asks for a pause, or CXone reports that a campaign dials again or pauses
-> noted at the holds, for whoever releases them
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from outbound.archive.campaign_hold import owner_of
from outbound.archive.executions import Executions
from outbound.archive.facts import Facts
from outbound.archive.releasing import Releaser
from outbound.archive.runs import OPEN, Run, Runs, RunStatus
from outbound.clock import Clock, Deadline, parse_time
from outbound.cxone.errors import CxoneError
from outbound.events import Bus, Event, EventType, PublishFailed
from outbound.observability import Metric, logger, measure
from outbound.queues import Invocation, Refused, TryLater, event_of, work
from outbound.runtime import Runtime, Work
from outbound.store.holds import Hold, Holds, sortable

_COME_BACK_SECONDS = 30.0
_CUT_OFF = frozenset({"FAILED", "TIMED_OUT", "ABORTED"})
_RUN = "archive#"
# The states of a campaign that dials, or that is paused by whomever. In any other, somebody has ended it.
_HELD = frozenset({"ACTIVE", "PAUSING", "PAUSED"})


class Endings:
    """Ends what others left behind."""

    def __init__(
        self,
        runs: Runs,
        holds: Holds,
        releaser: Releaser,
        executions: Executions,
        bus: Bus,
        facts: Facts,
        clock: Clock,
    ) -> None:
        """Release with this releaser; say on this bus what was interrupted."""
        self._runs = runs
        self._holds = holds
        self._releaser = releaser
        self._executions = executions
        self._bus = bus
        self._facts = facts
        self._clock = clock

    @classmethod
    def of(cls, runtime: Runtime, deadline: Deadline) -> Endings:
        """Return what ends runs in one invocation, whose calls of CXone end before a deadline."""
        executions = Executions(runtime.client("stepfunctions"), runtime.name("STATE_MACHINE_ARN"))
        runs, holds = Runs(runtime.state, runtime.tenant), Holds(runtime.state, runtime.tenant)
        releaser = Releaser(runtime.cxone.until(deadline).campaigns, holds, runtime.clock)
        return cls(runs, holds, releaser, executions, runtime.bus, Facts(runtime.tenant), runtime.clock)

    def take(self, record: Mapping[str, Any]) -> None:
        """Do what one message asks for.

        Raises TryLater where time helps, and Refused for a message that is none of these.
        """
        try:
            message = json.loads(record["body"])
            if not isinstance(message, dict):
                raise TypeError("a message is an object")
        except (ValueError, TypeError, RecursionError) as error:
            raise Refused(f"the message is no JSON object: {type(error).__name__}") from error
        try:
            self._take(message, record)
        except (CxoneError, PublishFailed, ClientError, BotoCoreError) as error:
            retry_at = getattr(error, "retry_at", None)
            wait = (retry_at - self._clock.now()).total_seconds() if retry_at else _COME_BACK_SECONDS
            raise TryLater(max(1.0, wait), str(error)[:200]) from error

    def _take(self, message: Mapping[str, Any], record: Mapping[str, Any]) -> None:
        try:
            if message.get("source") == "aws.states":
                self._ended(message["detail"])
            elif "hold" in message:
                self._look_after(message["hold"]["campaign_id"], message["hold"]["owner"])
            else:
                self._note(event_of(record))
        except (KeyError, TypeError, ValueError) as error:
            raise Refused(f"the message is not understood: {type(error).__name__} {error}"[:200]) from error

    def _ended(self, detail: Mapping[str, Any]) -> None:
        """Take note of an execution that ended before its run did."""
        if detail["status"] not in _CUT_OFF:
            return
        about = json.loads(detail["input"])["run"]
        run = self._runs.get(about["campaign_id"], about["run_id"])
        # A later execution of the run has taken over, hold and all.
        if run is not None and run.attempt == about["attempt"]:
            self._interrupt(run, detail["status"])

    def _interrupt(self, run: Run, status: str) -> None:
        self._releaser.release(run.campaign_id, owner_of(run.run_id), run.attempt)
        if run.status not in OPEN or run.status is RunStatus.INTERRUPTED:
            return
        self._bus.publish([self._facts.interrupted(run, status, self._clock.now())])
        if self._runs.interrupt(run) is None:
            raise TryLater(1.0, "the run was changed meanwhile")
        measure(Metric.ARCHIVES_INTERRUPTED)
        said = {"run_id": run.run_id, "campaign_id": run.campaign_id, "status": status}
        logger.error("a run was interrupted", extra=said)

    def _look_after(self, campaign_id: str, owner: str) -> None:
        hold = self._holds.get(campaign_id, owner)
        if hold is None:
            return
        run = self._runs.get(campaign_id, owner.removeprefix(_RUN)) if owner.startswith(_RUN) else None
        at_work = run is not None and run.status in OPEN and run.attempt == hold.fence
        if run is not None and at_work and not hold.releasing:
            if (status := self._executions.status(run)) == "RUNNING":
                self._holds.renew(campaign_id, owner, self._clock.now())
            else:
                self._interrupt(run, status or "MISSING")
            return
        logger.warning("an abandoned hold is released", extra={"campaign_id": campaign_id, "owner": owner})
        self._releaser.release(campaign_id, owner, hold.fence)

    def _note(self, event: Event) -> None:
        """Note what others do to a campaign that is held."""
        if event.event_type == EventType.TRANSITION_REQUESTED:
            noted = self._requested
        elif event.event_type == EventType.STATE_CHANGED:
            noted = self._changed
        else:
            raise Refused(f"an event of the type {event.event_type[:64]!r} says nothing about holds")
        campaign_id = event.data.get("campaign_id")
        if not isinstance(campaign_id, str) or not campaign_id:
            return
        moment = parse_time(event.occurred_at)
        for hold in self._holds.standing(campaign_id):
            noted(hold, event.data, moment)

    def _requested(self, hold: Hold, data: Mapping[str, Any], moment: datetime) -> None:
        """A pause that is asked for while a campaign is held outlasts the hold."""
        names = {"paused": "pause_asked_at", "active": "active_asked_at"}
        target = data.get("target_state")
        if target in names and sortable(moment) >= hold.placed_at:
            self._holds.note(hold, names[target], moment)

    def _changed(self, hold: Hold, data: Mapping[str, Any], moment: datetime) -> None:
        """Note a state that CXone reports and that our own pause does not explain.

        A pause is our own, unless somebody resumed the campaign in between. Who ends it (completed, stopped,
        archived, disabled, whatever it is called) wants it not to dial, as one does who asks for a pause.
        """
        with suppress(AttributeError, KeyError, TypeError):
            status = data["campaign"]["status"].upper()
            since_ours = bool(hold.paused_at) and sortable(moment) > hold.paused_at
            if status == "ACTIVE" and since_ours:
                self._holds.note(hold, "resumed_at", moment)
                self._holds.note(hold, "active_asked_at", moment)
            if status == "PAUSED" and hold.resumed_at and sortable(moment) > hold.resumed_at:
                self._holds.note(hold, "pause_asked_at", moment)
            if status not in _HELD and since_ours:
                self._holds.note(hold, "pause_asked_at", moment)


def build(runtime: Runtime) -> Work:
    """Return the work of the function that sees to runs that were cut off, and to their holds."""
    queue = runtime.queue
    runtime.warm_up("cxone", "bus")

    def end(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        return work(event, queue, Endings.of(runtime, runtime.deadline(invocation)).take, invocation)

    return end
