"""The tick of the monitor, each minute: it looks at campaigns, moves calls that fail, and says how all stand.

    first   campaigns of a failover that is under way
    then    those that do not do what is wanted, or were not looked at for minutes: the latter keep their turn
    then    those that dial and of which nothing was measured lately
    then    those that were not looked at for longest

It makes a bounded number of calls of CXone and ends before its time; what it did not come to comes first in
the next one. What goes wrong with one campaign is said, and keeps no other from being looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from outbound.campaign_records.health_records import Attention, HealthRecord, HealthRecords
from outbound.campaign_records.switches import FailoverRecord, Switches
from outbound.campaigns.monitoring.budgeted_cxone import BudgetedCxone, CallBudget
from outbound.campaigns.monitoring.failovers import Failovers, FailoverState
from outbound.campaigns.monitoring.health import Found, health_record
from outbound.campaigns.monitoring.looks import Looks
from outbound.campaigns.monitoring.metrics import MonitorMetric, measure_attention
from outbound.campaigns.monitoring.offers import OfferCounts
from outbound.clock import Deadline, Invocation
from outbound.logs import logger
from outbound.metrics import measure
from outbound.runtime import Runtime, Work
from outbound.steering.settings import SteeringSettings
from outbound.steering.situation import CampaignState
from outbound.store.registry import Campaign

# With less time (seconds) or fewer calls left, no further campaign is begun: a failover takes some of both.
_LEAST_SECONDS, _LEAST_CALLS = 5.0, 6
_LATELY = timedelta(minutes=1)
# Where more campaigns dial, or are not as wanted, than a tick has calls for, the others wait no longer.
_LONGEST_UNSEEN = timedelta(minutes=3)
# A failover is heard for so long: an alarm looks at single minutes, and one of them may be lost.
_RECENT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of all campaigns before a tick."""

    campaigns: Mapping[str, Campaign]
    records: Mapping[str, HealthRecord]
    failovers: Mapping[str, FailoverRecord]

    def failover_of(self, campaign_id: str) -> FailoverRecord:
        return self.failovers.get(campaign_id) or FailoverRecord(campaign_id)

    def in_order(self, now: datetime) -> list[str]:
        """Return the campaigns in the order in which they are looked at."""
        under_way = set(self._under_way())
        ids = {*self.campaigns, *(each for each in self.failovers if each in under_way)}

        def place(campaign_id: str) -> tuple[int, float, str]:
            record = self.records.get(campaign_id)
            looked_at = record.looked_at.timestamp() if record else 0.0
            if campaign_id in under_way:
                return 0, looked_at, campaign_id
            if record is None or _is_first(record, now):
                return 1, looked_at, campaign_id
            return (2 if _dials_unmeasured(record, now) else 3), looked_at, campaign_id

        return sorted(ids, key=place)

    def _under_way(self) -> Iterator[str]:
        for record in self.failovers.values():
            if record.last and record.last.ended is None:
                yield from (
                    record.primary_id,
                    record.last.switch.leaving_id,
                    record.last.switch.taking_over_id,
                )


def _is_first(record: HealthRecord, now: datetime) -> bool:
    """Return True for a campaign that is not as wanted, or that others have kept from being looked at."""
    return Attention.NOT_AS_WANTED in record.attention or now - record.looked_at >= _LONGEST_UNSEEN


def _dials_unmeasured(record: HealthRecord, now: datetime) -> bool:
    measured_at = record.calls.measured_at if record.calls else None
    return record.state is CampaignState.ACTIVE and (measured_at is None or now - measured_at > _LATELY)


class Monitor:
    """Looks at the registered campaigns of one tenant."""

    def __init__(self, runtime: Runtime) -> None:
        """Work on a stack."""
        self._runtime = runtime
        self._records = HealthRecords(runtime.state, runtime.tenant)
        self._switches = Switches(runtime.state, runtime.tenant)

    def tick(self, settings: SteeringSettings, deadline: Deadline) -> int:
        """Look at as many campaigns as calls and time allow; return how many."""
        runtime, clock = self._runtime, self._runtime.clock
        known = self._known()
        campaigns, budget = list(known.campaigns.values()), CallBudget(settings.monitor.calls_per_tick)
        cxone = BudgetedCxone.of(runtime, deadline, budget, settings.failover.window_minutes)
        looks = Looks.of(runtime, deadline, campaigns, cxone)
        counts = OfferCounts.of(runtime, campaigns, settings.abandonment)
        failovers = Failovers.of(runtime, looks, settings.failover)
        records, switched = dict(known.records), dict(known.failovers)
        looked_at = 0
        for campaign_id in known.in_order(clock.now()):
            if deadline.left() < _LEAST_SECONDS or budget.left < _LEAST_CALLS:
                break
            try:
                record, failover = self._looked_at(campaign_id, known, looks, counts, failovers, settings)
            except Exception:
                # Whatever it is, it is this campaign's: the others are looked at all the same.
                logger.exception("a campaign could not be looked at", extra={"campaign_id": campaign_id})
                measure(MonitorMetric.LOOKS_FAILED)
                continue
            looked_at += 1
            if failover:
                switched[campaign_id] = failover.record
            if campaign_id in known.campaigns:
                records[campaign_id] = record
        registered = [record for record in records.values() if record.campaign_id in known.campaigns]
        self._measure(registered, switched.values(), looked_at, clock.now())
        return looked_at

    def _known(self) -> _Known:
        return _Known(
            {each.campaign_id: each for each in self._runtime.registry.all()},
            {each.campaign_id: each for each in self._records.all()},
            {each.primary_id: each for each in self._switches.all()},
        )

    def _looked_at(
        self,
        campaign_id: str,
        known: _Known,
        looks: Looks,
        counts: OfferCounts,
        failovers: Failovers,
        settings: SteeringSettings,
    ) -> tuple[HealthRecord, FailoverState | None]:
        """Look at a campaign, tend its failover, and write its record."""
        look, kept = looks.at(campaign_id), known.failover_of(campaign_id)
        has_failover = bool(look.profile.backup_campaign_id or (kept.last and kept.last.ended is None))
        failover = failovers.tend(look, kept) if has_failover else None
        # A step that was taken has changed how it is.
        look = looks.at(campaign_id)
        now = self._runtime.clock.now()
        found = Found(look, *counts.view(look), failover)
        record = health_record(found, known.records.get(campaign_id), settings.failover, now)
        if campaign_id in known.campaigns:
            self._records.put(record, now)
        return record, failover

    def _measure(
        self,
        records: Sequence[HealthRecord],
        failovers: Iterable[FailoverRecord],
        looked_at: int,
        now: datetime,
    ) -> None:
        measure(MonitorMetric.LOOKED_AT, looked_at)
        measure_attention(records)
        decided = (each.last.switch.decided_at for each in failovers if each.last)
        if recent := sum(now - moment < _RECENT for moment in decided):
            measure(MonitorMetric.FAILOVERS_RECENT, recent)


def build(runtime: Runtime) -> Work:
    """Return the work of the function that monitors campaigns; it answers with how many it looked at."""
    monitor, documents = Monitor(runtime), runtime.documents

    def tick(_: dict[str, Any], invocation: Invocation) -> dict[str, int]:
        settings = documents.get("campaigns", SteeringSettings)
        return {"looked_at": monitor.tick(settings, runtime.deadline(invocation))}

    return tick
