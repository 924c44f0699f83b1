"""A change of the ledger that forbids a contact, carried to every campaign that may dial it.

    consent.recorded --forbids no more--> nothing
         |
         v  every campaign in whose segments the contact is: contact.suppression.requested
         |
         +--a segmentation is at work that began before--> comes back when it has ended

What a run has read before the change, and not written yet, is in no segment: so the change waits for it.
Consent that is granted again takes no suppression back: an operator decides that, and a segment shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from outbound.calling.forbidden import Forbidden, forbidden_by
from outbound.calling.segment_index import Segmented, SegmentIndex
from outbound.clock import Clock, Invocation, parse_time
from outbound.compliance.contact import Purpose
from outbound.contact_ids import read_contact_id
from outbound.events import Bus, Event, EventType, PublishFailed
from outbound.logs import logger
from outbound.metrics import measure
from outbound.queues import Refused, event_of, exponential_backoff, work
from outbound.runtime import Runtime, Work
from outbound.segments.metrics import SegmentMetric
from outbound.segments.runs import STALE
from outbound.segments.suppressions import suppression_of
from outbound.store.consents import Consents
from outbound.store.registry import Registry

_AGAIN_SECONDS = 15.0
# A segmentation of some ten thousand contacts takes minutes.
_SEGMENTATION_SECONDS = 30.0
# Two functions' clocks differ a little.
_CLOCKS = timedelta(minutes=1)
_LONGEST_QUOTED = 64


class Suppressor:
    """Asks for the suppressions that a change of the ledger calls for."""

    def __init__(
        self,
        consents: Consents,
        registry: Registry,
        index: SegmentIndex,
        bus: Bus,
        tenant: str,
        clock: Clock,
    ) -> None:
        """Read the ledger as it is now, and where contacts were seen; ask on the bus."""
        self._consents = consents
        self._registry = registry
        self._index = index
        self._bus = bus
        self._tenant = tenant
        self._clock = clock

    @classmethod
    def of(cls, runtime: Runtime) -> Suppressor:
        """Return the suppressor of a stack."""
        tenant, clock = runtime.tenant, runtime.clock
        index = SegmentIndex(runtime.state, runtime.lake, tenant)
        consents = Consents(runtime.consent, tenant, clock)
        return cls(consents, runtime.registry, index, runtime.bus, tenant, clock)

    def take(self, record: Mapping[str, Any]) -> None:
        """Ask for what one message calls for; return when all of it is on the bus.

        Raises:
            Refused: The message is not about a change of consent.
            TryLater: AWS refuses, or a segmentation is at work that may not have seen the change.
        """
        event = event_of(record)
        contact_id = read_contact_id(event.data.get("contact_id"))
        if event.event_type != EventType.CONSENT_RECORDED or not contact_id:
            kind = event.event_type[:_LONGEST_QUOTED]
            raise Refused(f"an event of the type {kind!r} without a contact says nothing about consent")
        logger.append_keys(correlation_id=event.correlation_id)
        try:
            is_waiting = self._suppress(contact_id, event)
        except (PublishFailed, ClientError, BotoCoreError) as error:
            logger.warning("a suppression waits", exc_info=True)
            raise exponential_backoff(record, type(error).__name__, _AGAIN_SECONDS) from error
        if is_waiting:
            raise exponential_backoff(record, "a segmentation is at work", _SEGMENTATION_SECONDS, 300.0)

    def _suppress(self, contact_id: str, event: Event) -> bool:
        """Publish the requests; return True if the change has to come back."""
        consent, is_waiting = self._consents.get(contact_id), False
        requests: list[Event] = []
        for campaign in self._index.campaigns():
            forbidden = forbidden_by(consent, self._purpose(campaign.campaign_id))
            if forbidden is None:
                continue
            if request := self._request(campaign, contact_id, forbidden):
                requests.append(request)
            elif _may_have_missed(campaign, parse_time(event.occurred_at), self._clock.now()):
                is_waiting = True
        if requests:
            self._bus.publish(requests)
            measure(SegmentMetric.SUPPRESSIONS_REQUESTED, len(requests))
        return is_waiting

    def _purpose(self, campaign_id: str) -> str:
        """Return what a campaign calls for; one that says nothing sells, as it counts everywhere."""
        registered = self._registry.get(campaign_id)
        calling = registered.calling if registered else {}
        return str(calling.get("purpose", Purpose.TELEMARKETING))

    def _request(self, campaign: Segmented, contact_id: str, forbidden: Forbidden) -> Event | None:
        for run_id in campaign.run_ids:
            if self._index.part_with(run_id, contact_id):
                # As the list spells the id; a row whose object has expired names no other.
                row = self._index.rows(run_id, [contact_id]).get(contact_id, {})
                listed = row.get("contact_id", contact_id)
                now = self._clock.now()
                return suppression_of(self._tenant, campaign.campaign_id, listed, forbidden, now)
        return None


def _may_have_missed(campaign: Segmented, changed_at: datetime, now: datetime) -> bool:
    """Return True if a run is at work that may have read the ledger before it was changed."""
    if not campaign.open_run or campaign.open_since is None or campaign.open_at is None:
        return False
    return campaign.open_since <= changed_at + _CLOCKS and now - campaign.open_at <= STALE


def build(runtime: Runtime) -> Work:
    """Return the work of the function behind the queue of changes that forbid."""
    suppressor, queue = Suppressor.of(runtime), runtime.queue

    def suppress(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        return work(event, queue, suppressor.take, invocation)

    return suppress
