"""Events that ask for pulls: a tick of the schedule, a request for a window, an outcome that changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from outbound.clock import Clock, format_time, parse_time
from outbound.events import Bus, Event, EventType, new_event
from outbound.events.facts.outcomes import OutcomesPullFailed
from outbound.logs import logger
from outbound.outcomes.corrections import Corrections
from outbound.outcomes.jobs import Jobs
from outbound.outcomes.planner import Planner
from outbound.outcomes.query import InvalidQuery, check_campaign_id
from outbound.outcomes.settings import OutcomeSettings
from outbound.outcomes.windows import Window
from outbound.queues import Refused, work_on_events
from outbound.runtime import Runtime, Work

# What a request says comes back in its refusal up to this length: it may be anything.
_LONGEST_QUOTED = 64


class PullRequests:
    """Answers events that ask for pulls."""

    def __init__(self, planner: Planner, corrections: Corrections, bus: Bus, clock: Clock) -> None:
        """Plan with this planner; report on this bus what cannot be planned."""
        self._planner = planner
        self._corrections = corrections
        self._bus = bus
        self._clock = clock

    @classmethod
    def of(cls, runtime: Runtime) -> PullRequests:
        """Return what answers a stack's requests."""
        clock, tenant = runtime.clock, runtime.tenant
        corrections = Corrections(runtime.state, Jobs(runtime.state, tenant), runtime.bus, tenant, clock)
        return cls(Planner.of(runtime), corrections, runtime.bus, clock)

    def answer(self, event: Event, settings: OutcomeSettings) -> None:
        """Plan what an event asks for.

        A request that cannot be is answered with an `outcomes.pull_failed` that names the field; asking
        again would not help, so its message has had its effect. Raises Refused for an event that asks for
        something else: answering that could go round in circles.
        """
        if event.event_type == EventType.PULL_DUE:
            self._planner.plan_due(settings, event.correlation_id)
        elif event.event_type == EventType.PULL_REQUESTED:
            self._plan_between(event, settings)
        elif event.event_type == EventType.DISPOSITION_APPLIED:
            self._corrections.note(event, settings)
        else:
            raise Refused(f"an event of the type {event.event_type[:_LONGEST_QUOTED]!r} asks for no pull")

    def _plan_between(self, event: Event, settings: OutcomeSettings) -> None:
        try:
            campaign_id, window, refresh = _read_request(event.data)
            self._planner.plan_between(
                campaign_id, window, refresh, settings, event.correlation_id, event.event_id
            )
        except InvalidQuery as refusal:
            self._refuse(event, refusal)

    def _refuse(self, event: Event, refusal: InvalidQuery) -> None:
        said = {"event_id": event.event_id, "field": refusal.field}
        logger.warning("a pull request was refused", extra=said)
        now = self._clock.now()
        campaign_id, start, end = (_quoted(event.data, name) for name in ("campaign_id", "start", "end"))
        failed = OutcomesPullFailed(
            campaign_id=campaign_id,
            request_id=event.event_id,
            reason="invalid_query",
            field=refusal.field,
            message=str(refusal),
            audit=_refusal_audit(campaign_id, start, end, now, str(refusal)),
        )
        fact = new_event(failed, event.tenant, now, [event.event_id], event.correlation_id)
        self._bus.publish([fact])


def _read_request(data: Mapping[str, Any]) -> tuple[str, Window, bool]:
    """Read a request's data. Raises InvalidQuery naming the first field that is missing or wrong."""
    campaign_id = data.get("campaign_id")
    if not isinstance(campaign_id, str):
        raise InvalidQuery("campaign_id", "the request names none; write the id of a registered campaign")
    check_campaign_id(campaign_id)
    refresh = data.get("refresh", False)
    if not isinstance(refresh, bool):
        raise InvalidQuery("refresh", "use true or false")
    return campaign_id, Window(_time(data, "start"), _time(data, "end")), refresh


def _time(data: Mapping[str, Any], field: str) -> datetime:
    given = data.get(field)
    if not isinstance(given, str):
        raise InvalidQuery(field, "the request names none; write a time like 2026-01-31T08:00:00Z")
    try:
        # Windows begin and end at whole seconds.
        return parse_time(given).replace(microsecond=0)
    except ValueError:
        quoted = given[:_LONGEST_QUOTED]
        raise InvalidQuery(
            field, f"{quoted!r} is not a time with an offset; write one like 2026-01-31T08:00:00Z"
        ) from None


def _refusal_audit(campaign_id: str, start: str, end: str, now: datetime, error: str) -> dict[str, Any]:
    """Return the audit of a request for which there was never a job."""
    return {
        "job_id": None,
        "campaign_id": campaign_id,
        "start_time": start,
        "end_time": end,
        "initiated_at": format_time(now),
        "completed_at": format_time(now),
        "status": "failed",
        "records_processed": 0,
        "compliance_hash": "",
        "error": error,
    }


def _quoted(data: Mapping[str, Any], field: str) -> str:
    given = data.get(field)
    return given[:_LONGEST_QUOTED] if isinstance(given, str) else ""


def build(runtime: Runtime) -> Work:
    """Return the work of the function behind the queue of pull requests, which plans their jobs."""
    requests, documents = PullRequests.of(runtime), runtime.documents

    def plan(event: Event) -> None:
        requests.answer(event, documents.get("outcomes", OutcomeSettings))

    return work_on_events(runtime.queue, plan)
