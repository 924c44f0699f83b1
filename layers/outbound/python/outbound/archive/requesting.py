"""Events that ask for the archive: the schedule's beat, and a request for one campaign."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from outbound.archive.executions import Executions
from outbound.archive.facts import Facts
from outbound.archive.planner import ArchivePlanner, Started
from outbound.archive.runs import Runs
from outbound.archive.settings import LEAST_RETENTION_DAYS, MOST_RETENTION_DAYS, ArchiveSettings
from outbound.clock import Clock
from outbound.events import Bus, Event, EventType
from outbound.observability import logger
from outbound.queues import Invocation, Refused, event_of, work
from outbound.runtime import Runtime, Work
from outbound.store.registry import Registry

_CAMPAIGN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
# What a request says comes back in its refusal up to this length: it may be anything.
_LONGEST_QUOTED = 64


class InvalidArchiveRequest(ValueError):
    """A request that cannot be; names the field."""

    def __init__(self, field: str, message: str) -> None:
        """Name the field and what is wrong with it."""
        super().__init__(f"{field}: {message}")
        self.field = field


class ArchiveRequests:
    """Answers events that ask for the archive."""

    def __init__(
        self, planner: ArchivePlanner, registry: Registry, bus: Bus, facts: Facts, clock: Clock
    ) -> None:
        """Start runs with this planner; say on this bus which cannot be."""
        self._planner = planner
        self._registry = registry
        self._bus = bus
        self._facts = facts
        self._clock = clock

    @classmethod
    def of(cls, runtime: Runtime) -> ArchiveRequests:
        """Return what answers a stack's requests."""
        executions = Executions(runtime.client("stepfunctions"), runtime.name("STATE_MACHINE_ARN"))
        registry, tenant, clock = runtime.registry, runtime.tenant, runtime.clock
        planner = ArchivePlanner(Runs(runtime.state, tenant), registry, executions, tenant, clock)
        return cls(planner, registry, runtime.bus, Facts(tenant), clock)

    def answer(self, event: Event, settings: ArchiveSettings) -> None:
        """Start what an event asks for.

        A request that cannot be is answered with an `archive.rejected`; asking again would not help, so its
        message has had its effect. Raises Refused for an event that asks for something else.
        """
        if event.event_type == EventType.ARCHIVE_DUE:
            self._planner.plan_due(event, settings)
        elif event.event_type == EventType.ARCHIVE_REQUESTED:
            self._start(event, settings)
        else:
            raise Refused(f"an event of the type {event.event_type[:_LONGEST_QUOTED]!r} asks for no archive")

    def _start(self, event: Event, settings: ArchiveSettings) -> None:
        try:
            campaign_id, outcomes, days = checked_request(event.data, settings)
            if self._registry.get(campaign_id) is None:
                raise InvalidArchiveRequest("campaign_id", f"{campaign_id} is not registered")
        except InvalidArchiveRequest as refusal:
            self._refuse(event, refusal)
            return
        started, run = self._planner.start(campaign_id, event, outcomes, days)
        logger.info("archive requested", extra={"outcome": started.value, "run_id": run.run_id})
        if started is Started.ALREADY_RUNNING:
            self._bus.publish([self._facts.not_started(event, run, self._clock.now())])

    def _refuse(self, event: Event, refusal: InvalidArchiveRequest) -> None:
        said = {"event_id": event.event_id, "field": refusal.field}
        logger.warning("a request to archive was refused", extra=said)
        given = event.data.get("campaign_id")
        campaign_id = given[:_LONGEST_QUOTED] if isinstance(given, str) else ""
        now = self._clock.now()
        self._bus.publish([self._facts.refused(event, refusal.field, str(refusal), campaign_id, now)])


def checked_request(
    data: Mapping[str, Any], settings: ArchiveSettings
) -> tuple[str, tuple[str, ...], int | None]:
    """Give campaign, outcomes and retention of a request.

    Raises InvalidArchiveRequest naming the first field that is missing or wrong.
    """
    campaign_id = data.get("campaign_id")
    if not isinstance(campaign_id, str) or not _CAMPAIGN_ID.fullmatch(campaign_id):
        raise InvalidArchiveRequest("campaign_id", "the request names none; write a registered campaign's id")
    return campaign_id, _outcomes(data.get("statuses"), settings), _retention(data.get("retention_days"))


def _outcomes(given: Any, settings: ArchiveSettings) -> tuple[str, ...]:
    if given is None:
        return ()
    if not isinstance(given, list | tuple) or not all(isinstance(one, str) for one in given) or not given:
        raise InvalidArchiveRequest("statuses", "is a list of outcomes")
    if unknown := sorted(set(given) - settings.approved_outcomes):
        quoted = unknown[0][:_LONGEST_QUOTED]
        raise InvalidArchiveRequest("statuses", f"{quoted!r} is not approved for the archive")
    return tuple(sorted(set(given)))


def _retention(given: Any) -> int | None:
    if given is None:
        return None
    whole = isinstance(given, int) and not isinstance(given, bool)
    if not whole or not LEAST_RETENTION_DAYS <= given <= MOST_RETENTION_DAYS:
        bounds = f"{LEAST_RETENTION_DAYS} to {MOST_RETENTION_DAYS}"
        raise InvalidArchiveRequest("retention_days", f"is a whole number of days from {bounds}")
    return int(given)


def build(runtime: Runtime) -> Work:
    """Return the work of the function behind the queue of archive requests, which starts their runs."""
    requests, queue, documents = ArchiveRequests.of(runtime), runtime.queue, runtime.documents

    def take(record: Mapping[str, Any]) -> None:
        event = event_of(record)
        logger.append_keys(correlation_id=event.correlation_id)
        requests.answer(event, documents.get("archiving", ArchiveSettings))

    def plan(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        return work(event, queue, take, invocation)

    return plan
