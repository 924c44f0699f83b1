"""Every event on the bus, and the one way to put it there.

Requests come in and ask for an effect; facts go out and say what was done. Both travel in the same
envelope. An event's id derives from what it is about, so the same fact published twice is one event
to whoever remembers ids.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from random import random
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from outbound.clock import Clock, format_time
from outbound.observability import logger

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

SOURCE = "outbound-bridge"

# Limits of PutEvents: entries and bytes of one call. An entry's size is counted over all its parts.
_MAX_ENTRIES = 10
_MAX_BYTES = 256 * 1024
_ENTRY_OVERHEAD = 256
# The bus refuses single entries under throttling; five tries with growing pauses last about 3 s.
_PUBLISH_TRIES = 5


class EventType(StrEnum):
    """The types of event: `.requested`, `.due` and `.changed` ask for an effect, all others are facts."""

    PULL_DUE = "outcomes.pull.due"
    """The schedule's beat: plan every registered campaign. No data."""

    PULL_REQUESTED = "outcomes.pull.requested"
    """Pull a campaign's outcomes between two times. Data: campaign_id, start, end, refresh."""

    OUTCOMES_PULLED = "outcomes.pulled"
    """A window was pulled whole. Data: job_id, campaign_id, metrics, audit, manifest, window."""

    PULL_FAILED = "outcomes.pull_failed"
    """A pull cannot go on. Data: campaign_id, job_id where there is one, reason, message, audit."""

    COVERAGE_LOST = "outcomes.coverage_lost"
    """A window passed out of CXone's retention before it was pulled. Data: campaign_id, start, end."""

    DISPOSITION_REQUESTED = "disposition.requested"
    """Apply a disposition to a contact. Data: campaign_id, contact_id, outcome_code, and agent_id, notes,
    custom_fields, occurred_at where there are any."""

    DISPOSITION_APPLIED = "disposition.applied"
    """CXone has a disposition. Data: request_id, campaign_id, contact_id, outcome_code, agent_id, status,
    timestamp, occurred_at, outcome_before, last_attempt_at, latency_ms (null where nobody measured it)."""

    DISPOSITION_UNCHANGED = "disposition.unchanged"
    """A disposition says what was applied last: nothing was written. Data: as that of an applied one."""

    DISPOSITION_SUPERSEDED = "disposition.superseded"
    """A newer disposition of the contact stands already. Data: request_id, campaign_id, contact_id,
    outcome_code, occurred_at."""

    DISPOSITION_REJECTED = "disposition.rejected"
    """A disposition cannot be applied. Data: request_id, campaign_id, contact_id, reason (invalid_request,
    contact_not_found, contact_busy, too_old, cancelled), field, message."""

    DISPOSITION_FILE_FINISHED = "disposition.file_finished"
    """A file of dispositions is answered. Data: file_id, file, bucket, size, uploaded_at, status (finished,
    refused), reason and message where it was refused, rows, processed, successful, failed, outcomes,
    rejections, accuracy_rate_percent, average_latency_ms, p95_latency_ms, result and report (their keys)."""

    ARCHIVE_DUE = "archive.due"
    """The schedule's beat: archive every registered campaign. No data."""

    ARCHIVE_REQUESTED = "archive.requested"
    """Archive a campaign's finished attempts. Data: campaign_id, and where given statuses (outcomes,
    of those approved) and retention_days (of attempts that name none)."""

    ARCHIVE_REJECTED = "archive.rejected"
    """A request to archive cannot be. Data: campaign_id, request_id, reason (invalid_request,
    already_running), field, message."""

    ARCHIVE_INTERRUPTED = "archive.interrupted"
    """A run's execution ended before it did; the next start goes on with it. Data: campaign_id, run_id,
    attempt, status."""

    ARCHIVE_FINISHED = "archive.finished"
    """A run has ended. Data: campaign_id, run_id, status (complete, empty, incomplete, stopped, failed),
    reason and message where it failed, collected, archived, failed, skipped, quarantined (and each by
    reason), audit, report."""

    ATTEMPTS_ARCHIVED = "attempts.archived"
    """A batch has ended. Data: campaign_id, run_id, batch, archived_count, failed_count, failed_by_reason,
    migration_job_id, timestamp, copy (key, sha256), audit."""

    TRANSITION_REQUESTED = "campaign.transition.requested"
    """Bring a campaign into a state. Data: campaign_id, target_state (active, paused), reason where given."""

    METRICS_UPDATED = "campaign.metrics_updated"
    """CXone reported a campaign's metrics. Data: campaign_id, metrics (as its GET gives them)."""

    STATE_CHANGED = "campaign.state_changed"
    """CXone reported that a campaign changed its state. Data: campaign_id, campaign (as its GET gives it)."""

    DIALER_SETTINGS_UPDATED = "dialer.settings_updated"
    """CXone reported new dialer settings. Data: settings (as their GET gives them)."""

    DIALER_CAMPAIGN_ACTIVATED = "dialer.campaign_activated"
    """CXone reported an activation. Data: campaign_id, operation (as its GET gives it)."""

    WEBHOOK_UNMAPPED = "webhook.unmapped"
    """Parts of a verified delivery that no rule understands; it is kept. Data: delivery_id, provider, raw,
    count, reason, places."""

    WEBHOOK_REJECTED = "webhook.rejected"
    """Parts of a verified delivery that are understood and invalid; it is kept. Data: delivery_id, provider,
    raw, count, reason, rejections (place, event_type, fields)."""

    CAMPAIGN_REGISTERED = "campaign.registered"
    """A campaign was registered or its registration changed. Data: campaign_id, revision, enabled."""

    CAMPAIGN_REMOVED = "campaign.removed"
    """A campaign was taken out of the registry. Data: campaign_id, revision."""

    CONSENT_CHANGED = "consent.changed"
    """What a contact agreed to has changed, a CRM says. Data: contact_id, change (granted, revoked,
    do_not_call, do_not_call_lifted, deleted, restored, merged), source, occurred_at, and where given
    expires_at (of granted), merged_contact_id (of merged: whose refusals pass to contact_id)."""

    CONSENT_RECORDED = "consent.recorded"
    """A register has a new value. Data: contact_id, register, value, previous, source, occurred_at."""

    CONSENT_REJECTED = "consent.rejected"
    """A change cannot be recorded. Data: contact_id, request_id, field, reason."""

    WEBHOOKS_REGISTERED = "webhooks.registered"
    """A subscription at CXone was made or replaced. Data: name, topic, subscription_id, url, change."""

    DESTINATION_DISABLED = "destination.disabled"
    """A destination answered 410 and is switched off. Data: destination, event_id, status."""

    DESTINATION_ENABLED = "destination.enabled"
    """An operator switched a destination on again. Data: destination."""

    DELIVERY_DEAD = "delivery.dead_lettered"
    """A delivery was given up. Data: destination, event_id, event_type, attempts, status, reason."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its envelope and its data."""

    event_id: str
    event_type: str
    occurred_at: str
    correlation_id: str
    tenant: str
    data: Mapping[str, Any] = field(default_factory=dict)
    schema_version: int = 1

    def to_json(self) -> str:
        """The event as the compact JSON that travels as `detail` on the bus."""
        return json.dumps(asdict(self), separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_detail(cls, detail: Mapping[str, Any]) -> Event:
        """Read an event back from the `detail` of an EventBridge message.

        Raises ValueError naming the first field that is missing, so that a foreign message can be
        refused with its reason.
        """
        if not isinstance(detail, Mapping):
            raise ValueError("the event is not an object")
        for name in ("event_id", "event_type", "occurred_at", "correlation_id", "tenant"):
            if not isinstance(detail.get(name), str):
                raise ValueError(f"the event has no text {name!r}")
        data, version = detail.get("data", {}), detail.get("schema_version", 1)
        if not isinstance(data, Mapping):
            raise ValueError("the event's 'data' is not an object")
        if not isinstance(version, int | float | str):
            raise ValueError("the event's 'schema_version' is not a number")
        return cls(
            event_id=detail["event_id"],
            event_type=detail["event_type"],
            occurred_at=detail["occurred_at"],
            correlation_id=detail["correlation_id"],
            tenant=detail["tenant"],
            data=data,
            schema_version=int(version),
        )


def effect_id(*parts: str) -> str:
    """Give the id that follows from what an event is about: the same parts, the same id."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def new_event(
    event_type: EventType,
    tenant: str,
    occurred_at: datetime,
    effect: Sequence[str],
    data: Mapping[str, Any],
    correlation_id: str = "",
) -> Event:
    """Make an event whose id derives from its type, its tenant and the effect that it is about."""
    event_id = effect_id(event_type, tenant, *effect)
    return Event(
        event_id=event_id,
        event_type=event_type.value,
        occurred_at=format_time(occurred_at),
        correlation_id=correlation_id or event_id,
        tenant=tenant,
        data=data,
    )


def do_not_call_of(
    request_id: str, contact_id: str, occurred_at: datetime, tenant: str, correlation_id: str
) -> Event:
    """Make the `consent.changed` of a disposition that puts its contact on the do-not-call list.

    It is said where the request comes in and where it is applied; of one moment it is one event, once for
    each contact that a request names.
    """
    data = {
        "contact_id": contact_id,
        "change": "do_not_call",
        "source": "disposition",
        "occurred_at": format_time(occurred_at),
    }
    effect = (request_id, contact_id, data["occurred_at"])
    return new_event(EventType.CONSENT_CHANGED, tenant, occurred_at, effect, data, correlation_id)


class PublishFailed(Exception):
    """The bus did not take some events; they are still marked unpublished where they are stored."""

    retryable = True


class EventTooLarge(ValueError):
    """An event is larger than the bus takes: no other try can help, only making it smaller."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """An event in the form of PutEvents, and the bytes that it counts for."""

    event: Event
    detail: str
    size: int


class Bus:
    """The EventBridge bus of the stack."""

    def __init__(self, client: EventBridgeClient, name: str, clock: Clock) -> None:
        """Publish to the named bus."""
        self._client = client
        self._name = name
        self._clock = clock

    def publish(self, events: Sequence[Event]) -> None:
        """Put all events on the bus, or raise PublishFailed when some were refused to the end.

        Splits by count and by bytes, reads partial failures and tries only the refused ones again. Raises
        EventTooLarge for those that the bus can never take, once the others are out.
        """
        entries = [_entry(event) for event in events]
        for batch in _batches(entry for entry in entries if entry.size <= _MAX_BYTES):
            self._publish_batch(batch)
        if too_large := [entry for entry in entries if entry.size > _MAX_BYTES]:
            named = ", ".join(f"{e.event.event_type} {e.event.event_id} ({e.size} bytes)" for e in too_large)
            raise EventTooLarge(f"the bus takes {_MAX_BYTES} bytes at most, these are larger: {named}")

    def _publish_batch(self, batch: list[_Entry]) -> None:
        codes: set[str] = set()
        for attempt in range(_PUBLISH_TRIES):
            if attempt:
                self._clock.sleep(random() * 0.2 * 2**attempt)  # noqa: S311 - jitter, not a secret
            refused = self._refused(batch)
            if not refused:
                return
            batch, codes = [entry for entry, _ in refused], {code for _, code in refused}
        raise self._failed(batch, ", ".join(sorted(codes)))

    def _refused(self, batch: list[_Entry]) -> list[tuple[_Entry, str]]:
        """Send a batch once and give the entries that the bus refused, each with the code of its refusal."""
        try:
            answer = self._client.put_events(Entries=[self._sent(entry) for entry in batch])  # type: ignore[misc]
        except (ClientError, BotoCoreError) as error:
            # The client itself has tried a whole request several times; only single entries are left to us.
            raise self._failed(batch, type(error).__name__) from error
        return [
            (entry, result.get("ErrorCode", ""))
            for entry, result in zip(batch, answer["Entries"], strict=True)
            if not result.get("EventId")
        ]

    def _failed(self, batch: list[_Entry], reason: str) -> PublishFailed:
        logger.error("the bus refused events", extra={"event_ids": [entry.event.event_id for entry in batch]})
        return PublishFailed(
            f"the bus {self._name} refused {len(batch)} events: {reason}; they are sent again"
        )

    def _sent(self, entry: _Entry) -> dict[str, Any]:
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": entry.event.event_type,
            "Detail": entry.detail,
        }


def _entry(event: Event) -> _Entry:
    detail = event.to_json()
    return _Entry(event, detail, len(detail.encode()) + _ENTRY_OVERHEAD)


def _batches(entries: Iterable[_Entry]) -> Iterator[list[_Entry]]:
    batch: list[_Entry] = []
    size = 0
    for entry in entries:
        if batch and (len(batch) == _MAX_ENTRIES or size + entry.size > _MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += entry.size
    if batch:
        yield batch
