"""Takes requests to pause and resume campaigns, and CXone's reports of their states, off the queue.

    campaign.transition.requested -> decided, with its fact  \
    campaign.state_changed        -> noted                    > reconciled; comes back until that is settled
    archive.finished, .interrupted: a hold has ended         /

A pause is taken though the rest of its request is wrong: what forbids calls comes first.
A resume whose campaign CXone does not tell of waits a while before it is refused for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from outbound.campaign_ids import is_campaign_id
from outbound.campaign_records.campaign_states import state_named
from outbound.campaign_records.journals import JournalBusy
from outbound.campaigns.control.controller import CampaignControl
from outbound.campaigns.control.situations import SituationReader
from outbound.clock import Clock, Deadline, Invocation, parse_time
from outbound.cxone.errors import CxoneError, OutOfTime
from outbound.events import Event, EventType
from outbound.events.requests.base import InvalidData, Request, checked
from outbound.events.requests.steering import StateChanged, TransitionRequested, pause_in
from outbound.logs import logger
from outbound.moments import moment_of_refusal
from outbound.queues import Refused, TryLater, event_of, exponential_backoff, work
from outbound.runtime import Runtime, Work
from outbound.steering.situation import CampaignState, Situation
from outbound.steering.transitions import Party, StateDecision, Target

# When CXone does not do yet what is wanted, or is down, in seconds: at first, and at the most.
_AGAIN_SECONDS, _MOST_SECONDS = 2.0, 120.0
# So long a resume waits for CXone to tell of its campaign.
_PATIENCE = timedelta(minutes=10)
_HOLD_ENDED = frozenset({EventType.ARCHIVE_FINISHED, EventType.ARCHIVE_INTERRUPTED})
_MODELS: Mapping[str, type[Request]] = {
    EventType.TRANSITION_REQUESTED: TransitionRequested,
    EventType.STATE_CHANGED: StateChanged,
}
_TAKEN = _HOLD_ENDED | _MODELS.keys()
# A refusal quotes a type that it does not know up to this length: it may be anything.
_LONGEST_QUOTED = 64


class StateMessages:
    """Handles what is asked of campaigns' states, and what CXone reports of them."""

    def __init__(self, control: CampaignControl, reader: SituationReader, clock: Clock) -> None:
        """Decide and carry out by this control."""
        self._control = control
        self._reader = reader
        self._clock = clock

    @classmethod
    def of(cls, runtime: Runtime, deadline: Deadline) -> StateMessages:
        """Return what handles the messages of one invocation, whose calls of CXone end before a deadline."""
        return cls(
            CampaignControl.of(runtime, deadline), SituationReader.of(runtime, deadline), runtime.clock
        )

    def take(self, record: Mapping[str, Any]) -> None:
        """Decide or note what one message says, and see that CXone does what is wanted then.

        Raises:
            TryLater: Time helps.
            Refused: The message says nothing about a state, or CXone refuses for good: an operator is needed.
        """
        event = event_of(record)
        logger.append_keys(correlation_id=event.correlation_id)
        campaign_id, data = _read(event)
        try:
            if event.event_type == EventType.TRANSITION_REQUESTED:
                self._decide(campaign_id, event, data)
            elif event.event_type == EventType.STATE_CHANGED:
                self._control.report(campaign_id, state_named(data["campaign"]["status"]), self._at(event))
            seen = self._control.reconcile(campaign_id)
        except CxoneError as error:
            if not error.retryable:
                raise Refused(str(error)) from error
            raise _later(error, record, self._clock.now()) from error
        except JournalBusy as error:
            raise exponential_backoff(record, str(error), _AGAIN_SECONDS, _MOST_SECONDS) from error
        if not seen.is_settled:
            wanted = seen.wanted.value if seen.wanted else ""
            reason = f"{campaign_id} is {seen.state.value} and is to be {wanted}"
            raise exponential_backoff(record, reason, _AGAIN_SECONDS, _MOST_SECONDS)

    def _decide(self, campaign_id: str, event: Event, data: Mapping[str, Any]) -> None:
        target = Target(data["target_state"])
        decision = StateDecision(event.event_id, target, self._at(event), Party.PERSON)
        situation = self._situation(campaign_id, decision) if target is Target.ACTIVE else None
        verdict = self._control.request(
            campaign_id,
            decision,
            reason=data.get("reason", ""),
            requested_by=data.get("requested_by", ""),
            correlation_id=event.correlation_id,
            situation=situation,
        )
        extra = {"campaign_id": campaign_id, "target": target.value, "outcome": verdict.outcome.value}
        logger.info("a state was asked for", extra=extra | {"reasons": list(verdict.refusals)})

    def _situation(self, campaign_id: str, decision: StateDecision) -> Situation:
        """Return what a resume is judged by; raise TryLater while CXone may still say how the campaign is."""
        situation = self._reader.of_campaign(campaign_id)
        patient = self._clock.now() - decision.decided_at < _PATIENCE
        if situation.state is CampaignState.UNKNOWN and patient:
            raise TryLater(_AGAIN_SECONDS * 5, f"CXone does not say how {campaign_id} is")
        return situation

    def _at(self, event: Event) -> datetime:
        """Return the moment of an event: one that is ahead of our clock would win over all until then.

        A pause whose moment cannot be used is of now.
        """
        now = self._clock.now()
        if _pause_in(event):
            return moment_of_refusal(event.occurred_at, now)
        return min(parse_time(event.occurred_at), now)


def _read(event: Event) -> tuple[str, Mapping[str, Any]]:
    """Return the campaign that an event is about, and its data. Raises Refused where it is not understood."""
    if event.event_type not in _TAKEN:
        quoted = event.event_type[:_LONGEST_QUOTED]
        raise Refused(f"an event of the type {quoted!r} says nothing about a campaign's state")
    try:
        if _pause_in(event) is None:
            parse_time(event.occurred_at)
        data = _data(event)
    except (InvalidData, ValueError) as error:
        raise Refused(f"the event is not understood: {error}"[:300]) from error
    return data["campaign_id"], data


def _data(event: Event) -> Mapping[str, Any]:
    """Return an event's data, of a pause that is wrong otherwise the campaign alone. Raises ValueError."""
    if event.event_type in _HOLD_ENDED:
        campaign_id = event.data.get("campaign_id")
        if not is_campaign_id(campaign_id):
            raise ValueError("campaign_id: is not the id of a campaign")
        return {"campaign_id": campaign_id}
    try:
        return checked(_MODELS[event.event_type], event.data)
    except InvalidData:
        if pause := _pause_in(event):
            return pause
        raise


def _pause_in(event: Event) -> Mapping[str, Any] | None:
    """Return the data of a request to pause that may be wrong otherwise, None where it is not one."""
    return pause_in(event.data) if event.event_type == EventType.TRANSITION_REQUESTED else None


def _later(error: CxoneError, record: Mapping[str, Any], now: datetime) -> TryLater:
    """Return when to come back after CXone, or the quota, or the time left did not allow it."""
    if isinstance(error, OutOfTime):
        return TryLater(0, error.reason)
    if error.retry_at is not None:
        return TryLater(max(0.0, (error.retry_at - now).total_seconds()), error.reason)
    return exponential_backoff(record, error.reason, _AGAIN_SECONDS, _MOST_SECONDS)


def build(runtime: Runtime) -> Work:
    """Return the work of the function that brings campaigns to the states that are asked for."""
    queue = runtime.queue
    runtime.warm_up("cxone", "outbox", "registry")

    def control(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        messages = StateMessages.of(runtime, runtime.deadline(invocation))
        return work(event, queue, messages.take, invocation)

    return control
