"""Segmentation: a campaign's list read, judged, written to the lake, and switched to as its segment.

request --wrong--> campaign.segment_failed
| claim        --another run or invocation is at work--> comes back
| pages        list -> filter -> ledger, attempts, rules -> rows; conflicts are suppressed
|              --out of time, quota, CXone is down--> comes back, behind the last part
v              --CXone refuses--> campaign.segment_failed; the segment that is there stays
current segment + campaign.segmented, in one transaction
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from outbound.calling.attempts import RecentAttempts
from outbound.calling.settings import ComplianceSettings
from outbound.clock import Clock, Deadline, Invocation, format_time
from outbound.cxone.errors import CxoneError, OutOfTime, RateLimited
from outbound.events import Bus, Event, EventType, PublishFailed, new_event
from outbound.events.facts.segments import CampaignSegmented, CampaignSegmentFailed
from outbound.logs import logger
from outbound.metrics import measure
from outbound.queues import Refused, TryLater, event_of, exponential_backoff, work
from outbound.runtime import Runtime, Work, expect_many_records
from outbound.segments.contact_judge import PageReader, SegmentJudge
from outbound.segments.metrics import SegmentMetric
from outbound.segments.pager import Pager, Progress, Superseded, TooManyContacts
from outbound.segments.part_writer import PartWriter
from outbound.segments.query import queries
from outbound.segments.requests import SegmentRequest, Unanswerable, request_of
from outbound.segments.runs import SegmentRun, SegmentRuns
from outbound.segments.settings import SegmentSettings
from outbound.store.consents import Consents
from outbound.store.outbox import Outbox
from outbound.store.registry import Registry
from outbound.store.table import Item

# A lease outlives the function by that much: while it lasts, its holder may still be writing.
_LEASE_MARGIN_SECONDS = 15.0
_AGAIN_SECONDS = 15.0
_LONGEST_QUOTED = 64
_OF_AWS = (ClientError, BotoCoreError, PublishFailed)

Record = Mapping[str, Any]


class Segmenter:
    """Answers requests for segments."""

    def __init__(
        self,
        pager: Pager,
        runs: SegmentRuns,
        registry: Registry,
        outbox: Outbox,
        bus: Bus,
        clock: Clock,
    ) -> None:
        """Read lists by a pager; keep runs; publish on the bus what came of them."""
        self._pager = pager
        self._runs = runs
        self._registry = registry
        self._outbox = outbox
        self._bus = bus
        self._clock = clock

    @classmethod
    def of(cls, runtime: Runtime, deadline: Deadline) -> Segmenter:
        """Return the segmenter of one invocation, whose calls of CXone end before a deadline."""
        tenant, clock = runtime.tenant, runtime.clock
        runs = SegmentRuns(runtime.state, tenant)
        port = runtime.cxone.until(deadline).contact_lists
        consents = Consents(runtime.consent, tenant, clock)
        reader = PageReader(consents, RecentAttempts(runtime.state, tenant))
        pager = Pager(port, reader, runs, PartWriter(runtime.lake, runtime.bus, tenant), clock)
        return cls(pager, runs, runtime.registry, runtime.outbox, runtime.bus, clock)

    def take(
        self, record: Record, settings: SegmentSettings, compliance: ComplianceSettings, deadline: Deadline
    ) -> None:
        """Work on what one message asks for; return when it has ended, well or badly, and that is published.

        Raises:
            TryLater: It is to be resumed.
            Refused: The message is not a request for a segment.
        """
        event = event_of(record)
        if event.event_type != EventType.SEGMENT_REQUESTED:
            raise Refused(
                f"an event of the type {event.event_type[:_LONGEST_QUOTED]!r} does not ask for a segment"
            )
        logger.append_keys(correlation_id=event.correlation_id)
        try:
            request = request_of(event, self._registry, self._runs)
            self._work_on(request, settings, compliance, deadline)
        except Unanswerable as refusal:
            self._refuse(event, refusal)
        except _OF_AWS as error:
            logger.warning("a segmentation waits", exc_info=True)
            raise exponential_backoff(record, type(error).__name__, _AGAIN_SECONDS) from error

    def _work_on(
        self,
        request: SegmentRequest,
        settings: SegmentSettings,
        compliance: ComplianceSettings,
        deadline: Deadline,
    ) -> None:
        asked = request.run
        key = self._runs.key(asked.campaign_id, asked.name)
        self._outbox.publish_left(key)
        lease_seconds = max(deadline.left(), 0.0) + _LEASE_MARGIN_SECONDS
        claimed = self._runs.claim(asked, self._clock.now(), lease_seconds)
        if claimed.run is None:
            if claimed.wait:
                raise TryLater(claimed.wait, claimed.reason)
            return
        progress = Progress(claimed.run)
        try:
            ended = self._ended(progress, request, settings, compliance, deadline)
        except (CxoneError, Superseded, *_OF_AWS) as error:
            raise self._interrupted(progress, error) from error
        self._outbox.publish(key, ended)

    def _ended(
        self,
        progress: Progress,
        request: SegmentRequest,
        settings: SegmentSettings,
        compliance: ComplianceSettings,
        deadline: Deadline,
    ) -> Item:
        """Work on a run to its end, well or badly; return its item."""
        run = progress.run
        try:
            if run.failures > settings.max_failures:
                times = settings.max_failures
                raise Unanswerable(
                    "too_many_failures", f"{times} invocations in a row got nowhere; see the log"
                )
            assert run.judged_at is not None  # noqa: S101 - a claimed run has begun
            campaign, at = request.profile.campaign(), run.judged_at
            judge = SegmentJudge(compliance.judge(), campaign, run.campaign_id, run.run_id, at)
            list_id = request.profile.contact_list_id
            self._pager.read(progress, list_id, judge, settings, deadline)
            item = self._finish(progress.run, request.profile.contact_list_id, compliance.rules.version)
        except Unanswerable as failure:
            item = self._fail(progress.run, failure)
        except TooManyContacts:
            most = f"the list has more than {settings.max_contacts} contacts; raise max_contacts if it may"
            item = self._fail(progress.run, Unanswerable("too_many_contacts", most, "max_contacts"))
        except CxoneError as error:
            if error.retryable:
                raise
            field = getattr(error, "field", "")
            item = self._fail(progress.run, Unanswerable(error.reason, str(error)[:500], field))
        if item is None:
            raise Superseded
        return item

    def _finish(self, run: SegmentRun, list_id: str, rules_version: str) -> Item | None:
        now, tally, cursor = self._clock.now(), run.tally, run.cursor
        query = queries(run.attributes)[cursor.query]
        fact = CampaignSegmented(
            campaign_id=run.campaign_id,
            request_id=run.request_id,
            run_id=run.run_id,
            contact_list_id=list_id,
            query=query,
            judged_at=format_time(run.judged_at) if run.judged_at else "",
            finished_at=format_time(now),
            rules_version=rules_version,
            contacts=tally.contacts,
            callable=tally.states["callable"],
            later=tally.states["later"],
            refused=tally.states["refused"],
            refusals=dict(tally.refusals),
            conflicts=dict(tally.conflicts),
            list_changed=cursor.total != cursor.first_total or cursor.total not in (None, cursor.read),
        )
        event = new_event(fact, self._tenant, now, [run.run_id], run.correlation_id)
        item = self._runs.finish(run, fact.data(), event, now)
        if item is not None:
            measure(SegmentMetric.SEGMENTS_FINISHED)
            measure(SegmentMetric.CONTACTS_SEGMENTED, tally.contacts)
            if tally.conflicts:
                measure(SegmentMetric.CONSENT_CONFLICTS, sum(tally.conflicts.values()))
            logger.info("a campaign was segmented", extra={"run_id": run.run_id, "query": query})
        return item

    def _fail(self, run: SegmentRun, failure: Unanswerable) -> Item | None:
        now = self._clock.now()
        fact = _failed(run.campaign_id, run.request_id, failure)
        event = new_event(fact, self._tenant, now, [run.run_id], run.correlation_id)
        item = self._runs.fail(run, fact.data(), event, now)
        if item is not None:
            self._say_failed(run.request_id, failure)
        return item

    def _refuse(self, event: Event, refusal: Unanswerable) -> None:
        """Answer a request for which there is no run; the same request, the same fact."""
        self._say_failed(event.event_id, refusal)
        fact = _failed(refusal.campaign_id, event.event_id, refusal)
        effect = [event.event_id, refusal.reason, refusal.field]
        self._bus.publish([new_event(fact, event.tenant, self._clock.now(), effect, event.correlation_id)])

    @staticmethod
    def _say_failed(request_id: str, failure: Unanswerable) -> None:
        measure(SegmentMetric.SEGMENTS_FAILED)
        extra = {"request_id": request_id, "reason": failure.reason, "field": failure.field}
        logger.warning("a segment failed", extra=extra)

    def _interrupted(self, progress: Progress, error: Exception) -> TryLater:
        """Release the lease, and return when the run is to be resumed."""
        if isinstance(error, Superseded):
            return TryLater(_AGAIN_SECONDS, "another invocation has taken the run over")
        is_healthy = isinstance(error, RateLimited) or (isinstance(error, OutOfTime) and progress.parts > 0)
        self._release(progress.run, not is_healthy, "" if is_healthy else type(error).__name__)
        if isinstance(error, RateLimited):
            return TryLater((error.retry_at - self._clock.now()).total_seconds(), error.reason)
        if is_healthy:
            return TryLater(0, "handed over to the next invocation")
        logger.warning("a segmentation was interrupted", exc_info=error)
        return TryLater(
            min(900.0, _AGAIN_SECONDS * 2.0 ** min(progress.run.failures, 10)), type(error).__name__
        )

    def _release(self, run: SegmentRun, failed: bool, why: str) -> None:
        try:
            self._runs.release(run, failed, why)
        except (ClientError, BotoCoreError) as error:
            # The lease then ends by itself; what stopped the run matters more.
            logger.warning("a lease was not released", extra={"reason": type(error).__name__})

    @property
    def _tenant(self) -> str:
        return self._runs.tenant


def _failed(campaign_id: str, request_id: str, failure: Unanswerable) -> CampaignSegmentFailed:
    return CampaignSegmentFailed(
        campaign_id=campaign_id,
        request_id=request_id,
        reason=failure.reason,
        field=failure.field,
        message=failure.message,
    )


def build(runtime: Runtime) -> Work:
    """Return the work of the function behind the queue of requests for segments."""
    queue, documents = runtime.queue, runtime.documents
    runtime.warm_up("cxone", "outbox", "registry", "lake")
    expect_many_records()

    def segment(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        deadline = runtime.deadline(invocation)
        segmenter = Segmenter.of(runtime, deadline)

        def take(record: Record) -> None:
            settings = documents.get("segments", SegmentSettings)
            compliance = documents.get("compliance", ComplianceSettings)
            segmenter.take(record, settings, compliance, deadline)

        return work(event, queue, take, invocation)

    return segment
