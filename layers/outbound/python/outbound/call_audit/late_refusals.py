"""Refusals that are recorded after a call was made: its hour is judged again, once for many refusals.

    consent.recorded forbids -> was the contact called since it happened? -> the hour of the call is marked
    the sweeper finds it due -> asks for the audit of that hour, takes the mark away

A refusal that is recorded before its call's window is judged needs none of this: the judgement sees it.
"""

from __future__ import annotations

from outbound.call_audit.marks import AuditMarks
from outbound.calling.attempts import RecentAttempts
from outbound.clock import parse_time
from outbound.contact_ids import read_contact_id
from outbound.events import Event
from outbound.queues import Refused

_FORBIDS = frozenset({"revoked", "set", "deleted"})


class LateRefusals:
    """Finds the calls that a refusal makes violations."""

    def __init__(self, attempts: RecentAttempts, marks: AuditMarks) -> None:
        """Look among these calls, and mark their hours."""
        self._attempts = attempts
        self._marks = marks

    def note(self, event: Event) -> None:
        """Mark the hours in which a contact was called although it had refused. Raises Refused."""
        if event.data.get("value") not in _FORBIDS:
            return
        contact_id = read_contact_id(event.data.get("contact_id"))
        try:
            refused_at = parse_time(str(event.data.get("occurred_at")))
        except ValueError as error:
            raise Refused(f"occurred_at of event {event.event_id}: {error}") from error
        calls = self._attempts.get_many([contact_id])[contact_id] if contact_id else ()
        hours = {
            (call.campaign_id, call.at.replace(minute=0, second=0, microsecond=0))
            for call in calls
            if call.at >= refused_at
        }
        for campaign_id, hour in sorted(hours):
            self._marks.mark(campaign_id, hour)
