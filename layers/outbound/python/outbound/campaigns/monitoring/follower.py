"""Follows campaigns by what the bus says of them: reported metrics become samples, pulled outcomes counts.

campaign.metrics_updated --> a sample of the campaign, the newest measurement of its minute
outcomes.pulled          --> how many calls of the window a person answered, and how many were abandoned
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from outbound.campaign_records.abandoned_calls import AbandonedCalls, CountedWindow
from outbound.campaign_records.samples import Samples
from outbound.campaigns.monitoring.readings import keep_metrics
from outbound.clock import Clock, Invocation, parse_time
from outbound.cxone.errors import UnexpectedAnswer
from outbound.cxone.ports.metrics import MetricsPort
from outbound.events import Event, EventType
from outbound.logs import logger
from outbound.queues import Refused, work_on_events
from outbound.runtime import Runtime, Work
from outbound.steering.abandonment import is_abandoned, is_answered
from outbound.steering.health import InvalidSample, Source
from outbound.steering.settings import AbandonmentSettings, SteeringSettings
from outbound.store.registry import Registry

_LONGEST_QUOTED = 64


class Follower:
    """Keeps what events say of campaigns."""

    def __init__(
        self,
        port: MetricsPort,
        samples: Samples,
        abandoned_calls: AbandonedCalls,
        registry: Registry,
        clock: Clock,
    ) -> None:
        """Read reported metrics by this port, which makes no call for it."""
        self._port = port
        self._samples = samples
        self._abandoned_calls = abandoned_calls
        self._registry = registry
        self._clock = clock

    @classmethod
    def of(cls, runtime: Runtime, port: MetricsPort) -> Follower:
        """Return the follower of a stack."""
        samples = Samples(runtime.state, runtime.tenant)
        abandoned_calls = AbandonedCalls(runtime.state, runtime.tenant)
        return cls(port, samples, abandoned_calls, runtime.registry, runtime.clock)

    def follow(self, event: Event, settings: SteeringSettings) -> None:
        """Keep what an event says. Raises Refused where it says nothing that can be kept."""
        try:
            if event.event_type == EventType.METRICS_UPDATED:
                self._keep_metrics(event, settings.failover.window_minutes)
            elif event.event_type == EventType.OUTCOMES_PULLED:
                self._count_outcomes(event, settings.abandonment)
            else:
                quoted = event.event_type[:_LONGEST_QUOTED]
                raise Refused(f"an event of the type {quoted!r} says nothing of how a campaign does")
        except (UnexpectedAnswer, InvalidSample) as wrong:
            raise Refused(f"event {event.event_id}: {wrong}") from wrong
        except (KeyError, TypeError, AttributeError) as wrong:
            # What the event holds may be anything, and is not repeated.
            raise Refused(
                f"event {event.event_id} is not as its type has it: {type(wrong).__name__}"
            ) from None

    def _keep_metrics(self, event: Event, window_minutes: int) -> None:
        campaign_id = event.data["campaign_id"]
        metrics = self._port.reported(event.data["metrics"], window_minutes)
        if metrics is not None:
            keep_metrics(self._samples, campaign_id, metrics, Source.WEBHOOK, self._clock.now())

    def _count_outcomes(self, event: Event, settings: AbandonmentSettings) -> None:
        window = counted_window(event.data, settings)
        if not self._has_abandoned_codes(window.campaign_id, settings):
            said = {"campaign_id": window.campaign_id, "job_id": window.job_id}
            logger.info("outcomes without abandoned calls are not counted", extra=said)
            return
        self._abandoned_calls.count_window(window, self._clock.now())

    def _has_abandoned_codes(self, campaign_id: str, settings: AbandonmentSettings) -> bool:
        """Return False where the campaign's abandoned calls are not pulled: its share would look like 0."""
        campaign = self._registry.get(campaign_id)
        codes = campaign.outcome_codes if campaign else ()
        return not codes or settings.abandoned_codes <= set(codes)


def counted_window(data: Mapping[str, Any], settings: AbandonmentSettings) -> CountedWindow:
    """Return how many calls of a pulled window were answered and abandoned.

    Raises KeyError or TypeError where the data is not that of an `outcomes.pulled`.
    """
    codes: Mapping[str, int] = data["metrics"]["summary"]["code_distribution"]
    return CountedWindow(
        data["campaign_id"],
        data["job_id"],
        int(data["generation"]),
        # Windows end at midnight of UTC, so that each has one day.
        parse_time(data["window"]["start"]).astimezone(UTC).date(),
        sum(count for code, count in codes.items() if is_answered(code, settings)),
        sum(count for code, count in codes.items() if is_abandoned(code, settings)),
    )


def build(runtime: Runtime) -> Work:
    """Return the work of the function that follows campaigns."""
    queue, documents = runtime.queue, runtime.documents

    def follow(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        port = runtime.cxone.until(runtime.deadline(invocation)).metrics
        follower = Follower.of(runtime, port)

        def take(received: Event) -> None:
            follower.follow(received, documents.get("campaigns", SteeringSettings))

        return work_on_events(queue, take)(event, invocation)

    return follow
