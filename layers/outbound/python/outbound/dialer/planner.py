"""The planner: one rollout at a time for the tenant, for requests of the bus and of the operator.

the dialer is free                          -> a new rollout, its execution
the snapshot of the rollout that has it     -> that rollout is undone
another rollout has it                      -> refused: busy
the form of the request is wrong            -> refused, with all that is wrong
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from outbound.clock import CLOCK_TOLERANCE, Clock, parse_time
from outbound.complaints import Complaint
from outbound.dialer.configuration import canonical
from outbound.dialer.executions import RolloutExecutions
from outbound.dialer.facts import RolloutFacts
from outbound.dialer.metrics import DialerMetric
from outbound.dialer.requests import InvalidRollout, RolloutRequest
from outbound.dialer.rollouts import Rollout, RolloutChanged, Rollouts, Stage
from outbound.events import Bus, Event, EventType, deterministic_id
from outbound.logs import logger
from outbound.metrics import measure
from outbound.queues import Refused, TryLater, work_on_events
from outbound.runtime import Runtime, Work
from outbound.store.outbox import Outbox

REQUESTED = "requested"
"""Why a rollout is undone that an operator, or a system, wants undone."""

# What was asked for so long ago was meant for the dialer of that time.
_OLDEST = timedelta(days=1)


class RolloutPlanner:
    """Starts rollouts."""

    def __init__(
        self,
        rollouts: Rollouts,
        executions: RolloutExecutions,
        bus: Bus,
        outbox: Outbox,
        facts: RolloutFacts,
        clock: Clock,
    ) -> None:
        """Start rollouts with these executions; publish refusals on this bus."""
        self._rollouts = rollouts
        self._executions = executions
        self._bus = bus
        self._outbox = outbox
        self._facts = facts
        self._clock = clock

    @classmethod
    def of(cls, runtime: Runtime) -> RolloutPlanner:
        """Return what starts a stack's rollouts."""
        tenant = runtime.tenant
        rollouts, executions = Rollouts(runtime.state, tenant), RolloutExecutions.of(runtime)
        facts = RolloutFacts(tenant)
        return cls(rollouts, executions, runtime.bus, runtime.outbox, facts, runtime.clock)

    def handle(self, event: Event) -> None:
        """Start what an event asks for.

        A request that cannot be fulfilled is answered with a `dialer.rollout_refused`; asking again would not
        help, so its message has had its effect.

        Raises:
            Refused: The event asks for something else.
            TryLater: Another start came first.
        """
        if event.event_type != EventType.ROLLOUT_REQUESTED:
            raise Refused(f"an event of the type {event.event_type[:64]!r} asks for no rollout")
        known = self._rollouts.get(rollout_id_of(event))
        if known is not None:
            self._start_if_cut_off(known)
            return
        if untimely := _untimely(event, self._clock.now()):
            self._refuse(event, "invalid_request", [untimely])
            return
        try:
            self._start(RolloutRequest.of(event.data), event)
        except InvalidRollout as invalid:
            self._refuse(event, "invalid_request", invalid.complaints)
        except RolloutChanged as changed:
            raise TryLater(1.0, "the rollout was changed meanwhile") from changed

    def _start(self, request: RolloutRequest, event: Event) -> None:
        if self._has_undone(request, event):
            return
        current = self._rollouts.current()
        if current is not None and current.rollout_id == request.restore:
            self._undo(current, request, event)
            return
        if current is not None:
            said = f"the rollout {current.rollout_id} has the dialer ({current.stage.value})"
            self._refuse(event, "busy", [Complaint("", "busy", said)], current)
            return
        rollout = self._rollout(request, event)
        now = self._clock.now()
        planned = self._facts.advanced(replace(rollout, revision=0), Stage.PLANNED, now)
        if not self._rollouts.plan(rollout, [planned], now):
            raise TryLater(1.0, "another rollout came first")
        measure(DialerMetric.ROLLOUTS_STARTED)
        logger.info("a rollout is planned", extra={"rollout_id": rollout.rollout_id})
        self._executions.start(rollout)
        key = self._rollouts.key(rollout.rollout_id)
        self._outbox.publish_or_leave(key, self._rollouts.item(rollout.rollout_id))

    def _rollout(self, request: RolloutRequest, event: Event) -> Rollout:
        asked = self._snapshot(request.restore) if request.settings is None else canonical(request.settings)
        return Rollout(
            rollout_id=rollout_id_of(event),
            stage=Stage.PLANNED,
            attempt=1,
            revision=1,
            requested_at=min(parse_time(event.occurred_at), self._clock.now()).replace(microsecond=0),
            request_id=event.event_id,
            correlation_id=event.correlation_id,
            requested_by=request.requested_by,
            reason=request.reason,
            campaigns=request.campaigns,
            asked=asked,
            restore=request.restore,
            override=request.override,
            guard=request.guard,
        )

    def _snapshot(self, rollout_id: str) -> str:
        """Return the snapshot of a rollout. Raises InvalidRollout where there is none."""
        rollout = self._rollouts.get(rollout_id)
        if rollout is None:
            raise InvalidRollout([Complaint("restore", "unknown", f"there is no rollout {rollout_id}")])
        if not rollout.progress.snapshot:
            said = f"the rollout {rollout_id} ended before it took a snapshot"
            raise InvalidRollout([Complaint("restore", "no_snapshot", said)])
        return rollout.progress.snapshot

    def _has_undone(self, request: RolloutRequest, event: Event) -> bool:
        """Return True if a request has had its effect upon the rollout that had the dialer then."""
        undone = self._rollouts.get(request.restore) if request.restore else None
        return undone is not None and undone.progress.undo_request == event.event_id

    def _undo(self, current: Rollout, request: RolloutRequest, event: Event) -> None:
        """Have the rollout that has the dialer undone by its own execution.

        Raises TryLater where it is about to end: then its snapshot is rolled out like that of any other.
        """
        if current.progress.ending:
            raise TryLater(5.0, "the rollout is about to end")
        if current.progress.undo:
            return
        said = f"it was asked for: {request.reason}"
        self._rollouts.advance(
            current, self._clock.now(), undo=REQUESTED, undo_message=said, undo_request=event.event_id
        )
        logger.info("a rollout is to be undone", extra={"rollout_id": current.rollout_id})

    def _start_if_cut_off(self, known: Rollout) -> None:
        """Start the execution of a rollout whose planning was cut off before that."""
        if known.is_open and known.attempt == 1 and not self._executions.status(known):
            self._executions.start(known)

    def _refuse(
        self,
        event: Event,
        reason: str,
        complaints: Sequence[Complaint],
        current: Rollout | None = None,
    ) -> None:
        extra = {"event_id": event.event_id, "reason": reason, "fields": [each.field for each in complaints]}
        logger.warning("a rollout is refused", extra=extra)
        measure(DialerMetric.ROLLOUTS_REFUSED)
        self._bus.publish([self._facts.refused(event, reason, complaints, self._clock.now(), current)])


def rollout_id_of(event: Event) -> str:
    """Return the id of the rollout that an event starts: the same for the same event. Ids sort by time."""
    try:
        moment = f"{parse_time(event.occurred_at):%Y%m%dT%H%M%S}"
    except ValueError:
        moment = "undated"
    return f"{moment}-{deterministic_id(event.tenant, event.event_id)[:16]}"


def _untimely(event: Event, now: datetime) -> Complaint | None:
    """Return what is wrong with the moment of a request, None where nothing is.

    Rollouts sort by it: one of another time would hide those that are, and our own changes from the audit.
    """
    try:
        asked_at = parse_time(event.occurred_at)
    except ValueError:
        return Complaint("occurred_at", "form", "must be a time like 2026-01-31T08:00:00Z")
    if asked_at > now + CLOCK_TOLERANCE:
        return Complaint("occurred_at", "range", "lies ahead")
    if asked_at < now - _OLDEST:
        return Complaint("occurred_at", "range", "is more than a day ago; ask for the rollout again")
    return None


def build(runtime: Runtime) -> Work:
    """Return the work of the function behind the queue of requests, which starts their rollouts."""
    return work_on_events(runtime.queue, RolloutPlanner.of(runtime).handle)
