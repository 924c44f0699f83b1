"""Writes down which facts of the bus are problems: what was refused, given up, or could not continue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outbound.clock import Invocation
from outbound.events import Event, EventType
from outbound.problems.log import ProblemLog
from outbound.queues import Refused, event_of, work
from outbound.runtime import Runtime, Work

_ALWAYS = frozenset(
    {
        EventType.CONSENT_REJECTED,
        EventType.WEBHOOK_REJECTED,
        EventType.WEBHOOK_UNMAPPED,
        EventType.DISPOSITION_REJECTED,
        EventType.ARCHIVE_REJECTED,
        EventType.PROVISION_REJECTED,
        EventType.CAMPAIGN_FAILOVER_FAILED,
        EventType.ROLLOUT_REFUSED,
        EventType.ROLLOUT_FAILED,
        EventType.DIALER_ROLLED_BACK,
        EventType.ARCHIVE_INTERRUPTED,
        EventType.PULL_FAILED,
        EventType.SEGMENT_FAILED,
        EventType.COVERAGE_LOST,
        EventType.DELIVERY_DEAD,
        EventType.DESTINATION_DISABLED,
        EventType.DIALER_CHANGED_BY_OTHERS,
    }
)
# Facts that say how something ended are problems where it ended badly.
_BY_STATUS: Mapping[str, frozenset[str]] = {
    EventType.CONSENT_FILE_FINISHED: frozenset({"refused"}),
    EventType.DISPOSITION_FILE_FINISHED: frozenset({"refused"}),
    EventType.TRANSITION_REFUSED: frozenset({"refused"}),
    EventType.ARCHIVE_FINISHED: frozenset({"incomplete", "stopped", "failed"}),
}

_OF_FILES = frozenset({EventType.CONSENT_FILE_FINISHED, EventType.DISPOSITION_FILE_FINISHED})

# A fact that counts is a problem where that is more than nothing.
_BY_COUNT: Mapping[str, str] = {EventType.CALLS_AUDITED: "new_violations"}

PROBLEM_TYPES = _ALWAYS | _BY_STATUS.keys() | _BY_COUNT.keys()
"""The types of fact that the template's rule lets through to the recorder."""


def is_problem(event: Event) -> bool:
    """Return True if a fact says that something was refused or went wrong."""
    if event.event_type in _ALWAYS:
        return True
    # A file's own fact speaks for those of its rows that were rejected.
    if event.event_type in _OF_FILES and event.data.get("failed"):
        return True
    if event.event_type in _BY_COUNT:
        return bool(event.data.get(_BY_COUNT[event.event_type]))
    return event.data.get("status") in _BY_STATUS.get(event.event_type, ())


class ProblemRecorder:
    """Records the problems of the bus."""

    def __init__(self, log: ProblemLog) -> None:
        """Record in this log."""
        self._log = log

    def take(self, record: Mapping[str, Any]) -> None:
        """Write down the fact of one message, if it is a problem; raise Refused where it cannot be one."""
        event = event_of(record)
        if event.event_type not in PROBLEM_TYPES:
            raise Refused(f"an event of the type {event.event_type[:64]!r} says nothing of problems")
        if not is_problem(event):
            return
        try:
            self._log.note(event)
        except ValueError as error:
            raise Refused(f"occurred_at of event {event.event_id}: {error}") from error


def build(runtime: Runtime) -> Work:
    """Return the work of the function behind the queue of facts that may be problems."""
    queue = runtime.queue
    recorder = ProblemRecorder(ProblemLog(runtime.state, runtime.tenant, runtime.clock))

    def record(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        return work(event, queue, recorder.take, invocation)

    return record
