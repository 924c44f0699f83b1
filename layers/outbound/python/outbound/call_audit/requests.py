"""Events after which calls are judged: a window was pulled, a refusal came late, or an operator asks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from outbound.call_audit.auditor import Auditor
from outbound.call_audit.late_refusals import LateRefusals
from outbound.call_audit.marks import AuditMarks
from outbound.call_audit.windows import days_between, in_time_order, is_pulled_manifest, pulled_prefix
from outbound.calling.attempts import RecentAttempts
from outbound.calling.settings import ComplianceSettings
from outbound.clock import Clock, Deadline, Invocation, format_time, midnight_after, parse_time
from outbound.events import Event, EventType
from outbound.events.requests.calls import AuditRequested
from outbound.logs import logger
from outbound.queues import Refused, work_on_events
from outbound.runtime import Runtime, Work
from outbound.store.objects import Lake
from outbound.store.table import Key, Table

LONGEST_AUDIT = timedelta(days=400)
"""The longest period that one request may name."""

_LONGEST_QUOTED = 64
_REMEMBERED = timedelta(days=30)


class AuditRequests:
    """Answers events after which calls are to be judged."""

    def __init__(
        self, auditor: Auditor, late: LateRefusals, lake: Lake, table: Table, tenant: str, clock: Clock
    ) -> None:
        """Judge by this auditor; how far a request is stands in the table."""
        self._auditor = auditor
        self._late = late
        self._lake = lake
        self._table = table
        self._tenant = tenant
        self._clock = clock

    @classmethod
    def of(cls, runtime: Runtime) -> AuditRequests:
        """Return what answers a stack's events."""
        marks = AuditMarks(runtime.state, runtime.bus, runtime.tenant, runtime.clock)
        late = LateRefusals(RecentAttempts(runtime.state, runtime.tenant), marks)
        return cls(Auditor.of(runtime), late, runtime.lake, runtime.state, runtime.tenant, runtime.clock)

    def answer(self, event: Event, settings: ComplianceSettings, deadline: Deadline) -> None:
        """Do what an event asks for.

        Raises:
            TryLater: Time is up; what is done is checked off.
            Refused: The event asks for something else, or cannot be followed.
        """
        if event.event_type == EventType.OUTCOMES_PULLED:
            manifest = event.data.get("manifest")
            if not is_pulled_manifest(manifest):
                raise Refused(f"event {event.event_id} names no manifest of pulled outcomes")
            self._auditor.audit(str(manifest), settings, deadline, None, event.correlation_id)
        elif event.event_type == EventType.CONSENT_RECORDED:
            self._late.note(event)
        elif event.event_type == EventType.AUDIT_REQUESTED:
            self._audit_between(event, settings, deadline)
        else:
            raise Refused(f"an event of the type {event.event_type[:_LONGEST_QUOTED]!r} asks for no audit")

    def _audit_between(self, event: Event, settings: ComplianceSettings, deadline: Deadline) -> None:
        """Judge the windows of a period again, in the order of time, from where an earlier run stopped."""
        campaign_id, start, end = _period(event)
        now = self._clock.now()
        try:
            since = min(parse_time(event.occurred_at), now)
        except ValueError as error:
            raise Refused(f"occurred_at of event {event.event_id}: {error}") from error
        key = Key(f"{self._tenant}#call-audit-request", event.event_id)
        reached = (self._table.get(key) or {}).get("reached")
        for day in days_between(max(start, parse_time(reached)) if reached else start, min(end, now)):
            keys = list(self._lake.keys(pulled_prefix(day, campaign_id)))
            for manifest in in_time_order(keys, start, end):
                try:
                    self._auditor.audit(manifest, settings, deadline, since, event.correlation_id)
                except Refused as gone:
                    # Others of the period are still there.
                    logger.warning("a window cannot be judged", extra={"reason": str(gone)})
            self._reach(key, midnight_after(day), now)

    def _reach(self, key: Key, moment: datetime, now: datetime) -> None:
        ttl = int((now + _REMEMBERED).timestamp())
        self._table.update(
            key, "SET #reached = :reached, #ttl = :ttl", {":reached": format_time(moment), ":ttl": ttl}
        )


def _period(event: Event) -> tuple[str, datetime, datetime]:
    try:
        asked = AuditRequested.model_validate(dict(event.data))
    except ValidationError as error:
        fields = sorted({".".join(map(str, each["loc"])) or "data" for each in error.errors()})
        raise Refused(f"event {event.event_id}: {', '.join(fields)[:200]} cannot be") from None
    start, end = asked.start, asked.end
    if not start < end <= start + LONGEST_AUDIT:
        days = LONGEST_AUDIT.days
        raise Refused(f"event {event.event_id}: end is not after start, or more than {days} days after it")
    return asked.campaign_id or "", start, end


def build(runtime: Runtime, requests: AuditRequests | None = None) -> Work:
    """Return the work of the function that judges calls."""
    requests, queue, documents = requests or AuditRequests.of(runtime), runtime.queue, runtime.documents

    def judge(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        deadline = runtime.deadline(invocation)

        def answer(received: Event) -> None:
            requests.answer(received, documents.get("compliance", ComplianceSettings), deadline)

        return work_on_events(queue, answer)(event, invocation)

    return judge
