"""Events that ask for pulls: the schedule's beat, and a request for one campaign and window."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from outbound.clock import Clock, parse_time
from outbound.events import Bus, Event, EventType, new_event
from outbound.observability import logger
from outbound.outcomes.planning import Planner
from outbound.outcomes.query import InvalidQuery, check_campaign_id
from outbound.outcomes.settings import OutcomeSettings
from outbound.outcomes.windows import Window


class PullRequests:
    """Answers events that ask for pulls."""

    def __init__(self, planner: Planner, bus: Bus, clock: Clock) -> None:
        """Plan with this planner; say on this bus what cannot be planned."""
        self._planner = planner
        self._bus = bus
        self._clock = clock

    def answer(self, event: Event, settings: OutcomeSettings) -> None:
        """Plan what an event asks for.

        A request that cannot be is answered with an `outcomes.pull_failed` that names the field; asking
        again would not help, so its message has had its effect.
        """
        if event.event_type == EventType.PULL_DUE:
            self._planner.plan_due(settings, event.correlation_id)
            return
        try:
            campaign_id, window, refresh = _asked(event.data)
            self._planner.plan_between(campaign_id, window, refresh, settings, event.correlation_id)
        except InvalidQuery as refusal:
            self._refuse(event, refusal)

    def _refuse(self, event: Event, refusal: InvalidQuery) -> None:
        logger.warning(
            "a pull request was refused", extra={"event_id": event.event_id, "field": refusal.field}
        )
        data = {
            "campaign_id": str(event.data.get("campaign_id", ""))[:64],
            "request_id": event.event_id,
            "reason": "invalid_query",
            "field": refusal.field,
            "message": str(refusal),
            "metrics": None,
            "audit": {"status": "failed", "error": str(refusal)},
        }
        now = self._clock.now()
        fact = new_event(
            EventType.PULL_FAILED, event.tenant, now, [event.event_id], data, event.correlation_id
        )
        self._bus.publish([fact])


def _asked(data: Mapping[str, Any]) -> tuple[str, Window, bool]:
    """Read a request's data. Raises InvalidQuery naming the first field that is missing or wrong."""
    campaign_id = data.get("campaign_id")
    if not isinstance(campaign_id, str):
        raise InvalidQuery("campaign_id", "the request names none")
    check_campaign_id(campaign_id)
    refresh = data.get("refresh", False)
    if not isinstance(refresh, bool):
        raise InvalidQuery("refresh", "use true or false")
    window = Window(_time(data, "start"), _time(data, "end"))
    return campaign_id, window, refresh


def _time(data: Mapping[str, Any], field: str) -> datetime:
    try:
        # Windows begin and end at whole seconds.
        return parse_time(data[field]).replace(microsecond=0)
    except KeyError:
        raise InvalidQuery(field, "the request names none; write a time like 2026-01-31T08:00:00Z") from None
    except (ValueError, TypeError) as error:
        raise InvalidQuery(field, f"is no ISO 8601 time ({error})") from None
