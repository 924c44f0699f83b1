"""What a pull came to: the manifest in the lake, the facts for the bus, and the metrics.

In what is reported, `metrics` says what the calls amount to and `audit` what was done. Both travel in the
fact, and the delivery to the CRM is made of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from outbound.clock import Clock, Deadline, format_time, parse_time
from outbound.events import Event, new_event
from outbound.events.facts.outcomes import CoverageLost, OutcomesPulled, OutcomesPullFailed, PulledWindow
from outbound.logs import logger
from outbound.metrics import measure
from outbound.outcomes.analysis import Analysis
from outbound.outcomes.errors import OutOfRetention, PullFailed
from outbound.outcomes.generations import GenerationSwitch
from outbound.outcomes.job import Job, Part
from outbound.outcomes.leased_jobs import LeasedJobs
from outbound.outcomes.metrics import PullMetric
from outbound.outcomes.part_writer import keys_without_part
from outbound.outcomes.parts import set_aside_of
from outbound.outcomes.query import InvalidQuery
from outbound.outcomes.settings import OutcomeSettings
from outbound.outcomes.windows import Window
from outbound.store.objects import Lake
from outbound.store.table import Item

# A failed window is tried again after an hour: the operator repairs the cause, and need not plan by hand.
AGAIN_AFTER = timedelta(hours=1)
# An error's message travels in an event and in the CRM's report.
_MAX_MESSAGE = 1000


@dataclass(frozen=True, slots=True)
class _Result:
    """What the parts of a job amount to."""

    parts: list[Part]
    analysis: Analysis
    metrics: dict[str, Any]
    audit: dict[str, Any]


class Reporter:
    """Ends jobs, and says how they ended."""

    def __init__(self, jobs: LeasedJobs, lake: Lake, tenant: str, clock: Clock) -> None:
        """Write manifests to this lake."""
        self._jobs = jobs
        self._lake = lake
        self._generations = GenerationSwitch(jobs, lake, clock)
        self._tenant = tenant
        self._clock = clock

    def complete(self, job: Job, settings: OutcomeSettings, deadline: Deadline) -> Item:
        """End a job whose last page is written, and return its item with the facts to publish.

        Raises OutOfTime where another run has to resume, and Superseded where the lease was lost.
        """
        now = self._clock.now()
        result = self._result(job, settings, now)
        if not job.staged:
            # What an earlier try wrote elsewhere is not part of the window.
            self._lake.remove(keys_without_part(job, result.parts))
            return self._tell(job, result, self._manifest(job, result), None, settings, now)
        current = self._generations.current(job)
        changes = job.switch.changes if job.switch else self._generations.changes(result.parts, current)
        if job.quiet and changes is not None and not any(changes.values()):
            return self._keep(job, now)
        job = self._generations.switch(job, result.parts, current, changes, deadline)
        manifest = self._manifest(job, result)
        item = self._tell(job, result, manifest, changes, settings, now)
        # Last: until the job has ended, another run may have to copy from there.
        self._generations.remove_staged(job)
        return item

    def _tell(
        self,
        job: Job,
        result: _Result,
        manifest: str,
        changes: Mapping[str, int] | None,
        settings: OutcomeSettings,
        now: datetime,
    ) -> Item:
        facts = [self._pulled(job, result, manifest, changes, now), *self._lost_beginning(job, now)]
        ended = {
            "records": result.audit["records_processed"],
            "pages": job.position.page,
            "manifest": manifest,
            "completed_at": format_time(now),
        }
        item = self._jobs.complete(job, ended, facts, now, _again_at(job, settings))
        _measure(result, changes)
        return item

    def _keep(self, job: Job, now: datetime) -> Item:
        """End a quiet pull that found what the lake has already."""
        self._generations.remove_staged(job)
        kept = {name: value for name, value in job.result.items() if name not in ("reason", "message")}
        measure(PullMetric.OUTCOMES_CHANGED, 0)
        return self._jobs.keep(job, kept | {"looked_again_at": format_time(now)})

    def fail(self, job: Job, failure: PullFailed | InvalidQuery) -> Item:
        """End a job that cannot be continued, and return its item with the facts to publish.

        Raises Superseded where the lease was lost.
        """
        records = sum(part.records for part in self._jobs.parts.first(job.job_id, job.position.page))
        afresh = isinstance(failure, PullFailed) and failure.afresh
        if afresh:
            job = replace(self._jobs.rewind(job), position=job.position)
            if not job.staged:
                # Pages that went round in a circle hold calls twice: no query is to count them meanwhile.
                self._lake.remove(keys_without_part(job, []))
        item = self._end_badly(job, failure, records)
        if job.staged and (afresh or isinstance(failure, OutOfRetention)):
            self._generations.remove_staged(job)
        return item

    def _end_badly(self, job: Job, failure: PullFailed | InvalidQuery, records: int) -> Item:
        now = self._clock.now()
        for_good = isinstance(failure, OutOfRetention)
        kept = for_good and job.in_the_lake
        status = "completed" if kept else "lost" if for_good else "failed"
        # Of a campaign that was removed nothing is tried again until it is requested.
        removed = isinstance(failure, PullFailed) and failure.reason == "unknown_campaign"
        again_at = None if for_good or removed else now + AGAIN_AFTER
        failed = self._failed(job, failure, records, again_at, now)
        # The receivers of a quiet pull have what they got before; metric, log and command say that it failed.
        facts = [] if job.quiet else [failed]
        if status == "lost":
            facts.append(self._coverage_lost(job, Window(job.start, job.end), now))
        measure(PullMetric.PULLS_FAILED)
        said = {"reason": failed.data["reason"], "message": failed.data["message"]}
        logger.error("a pull failed", extra={"job_id": job.job_id, "failure": said})
        return self._jobs.fail(job, status, {**job.result, **said}, facts, now, again_at)

    def _result(self, job: Job, settings: OutcomeSettings, now: datetime) -> _Result:
        analysis = Analysis()
        parts: list[Part] = []
        for part in self._jobs.parts.first(job.job_id, job.position.page):
            analysis.merge(Analysis.from_json(part.analysis))
            # The analyses of hundreds of parts are not to be in memory at once.
            parts.append(replace(part, analysis=""))
        records = sum(part.records for part in parts)
        audit = _audit_of(job, "completed", now, records, _compliance_hash(parts), "")
        return _Result(parts, analysis, _metrics_of(job, analysis, settings, now), audit)

    def _manifest(self, job: Job, result: _Result) -> str:
        """Write the manifest and return its key."""
        key = f"manifests/outcomes/dt={job.start:%Y-%m-%d}/{job.campaign_id}/{job.job_id}.json"
        document = {
            "schema_version": 1,
            "job_id": job.job_id,
            "generation": job.generation,
            "campaign_id": job.campaign_id,
            "window": _window(job),
            "parts": [_listed(part) for part in result.parts if part.key],
            "set_aside": set_aside_of(result.parts),
            "duplicates_dropped": job.position.duplicates,
            "metrics": result.metrics,
            "audit": result.audit,
            "agents": result.analysis.agents,
        }
        return self._lake.write_document(key, document).key

    def _pulled(
        self, job: Job, result: _Result, manifest: str, changes: Mapping[str, int] | None, now: datetime
    ) -> Event:
        fact = OutcomesPulled(
            job_id=job.job_id,
            campaign_id=job.campaign_id,
            window=PulledWindow(**_window(job)),
            manifest=manifest,
            pages=job.position.page,
            set_aside=set_aside_of(result.parts),
            duplicates_dropped=job.position.duplicates,
            generation=job.generation,
            changes=changes,
            metrics=result.metrics,
            audit=result.audit,
        )
        effect = [job.job_id, str(job.generation)]
        return new_event(fact, self._tenant, now, effect, job.correlation_id)

    def _failed(
        self,
        job: Job,
        failure: PullFailed | InvalidQuery,
        records: int,
        again_at: datetime | None,
        now: datetime,
    ) -> Event:
        message = str(failure)[:_MAX_MESSAGE]
        fact = OutcomesPullFailed(
            job_id=job.job_id,
            campaign_id=job.campaign_id,
            window=PulledWindow(**_window(job)),
            reason=failure.reason if isinstance(failure, PullFailed) else "invalid_query",
            field=failure.field or None,
            message=message,
            again_at=format_time(again_at) if again_at else None,
            audit=_audit_of(job, "failed", now, records, "", message),
        )
        # Each bad end of a job is a fact of its own.
        effect = [job.job_id, str(job.generation), str(job.failed_pulls + 1)]
        return new_event(fact, self._tenant, now, effect, job.correlation_id)

    def _lost_beginning(self, job: Job, now: datetime) -> list[Event]:
        """Return the fact of the window's beginning that CXone no longer had when the pull began."""
        since = parse_time(job.position.since)
        return [self._coverage_lost(job, Window(job.start, since), now)] if since > job.start else []

    def _coverage_lost(self, job: Job, gap: Window, now: datetime) -> Event:
        fact = CoverageLost(
            campaign_id=job.campaign_id, start=format_time(gap.start), end=format_time(gap.end)
        )
        effect = [job.job_id, str(job.generation)]
        return new_event(fact, self._tenant, now, effect, job.correlation_id)


def _window(job: Job) -> dict[str, str]:
    return {"start": format_time(job.start), "end": format_time(job.end)}


def _again_at(job: Job, settings: OutcomeSettings) -> datetime | None:
    """Return when the window's longest calls have ended; None where its pull began after that."""
    longest = timedelta(seconds=settings.longest_call_seconds)
    settled = job.end + longest + timedelta(seconds=settings.settling_seconds)
    return settled if longest and parse_time(job.initiated_at) < settled else None


def _measure(result: _Result, changes: Mapping[str, int] | None) -> None:
    measure(PullMetric.PULLS_COMPLETED)
    if changes is not None:
        measure(PullMetric.OUTCOMES_CHANGED, sum(changes.values()))
    measure(PullMetric.EXTRACTION_LATENCY, result.metrics["extraction_latency_seconds"])
    measure(PullMetric.PAGE_SUCCESS_RATE, result.metrics["download_success_rate"])
    if result.metrics["total_records"]:
        measure(PullMetric.CONVERSION_RATE, result.metrics["conversion_rate"])
    if set_aside := set_aside_of(result.parts):
        logger.warning("records were set aside", extra={"reasons": set_aside})


def _metrics_of(job: Job, analysis: Analysis, settings: OutcomeSettings, now: datetime) -> dict[str, Any]:
    """Return the report's metrics of a job whose last page is written."""
    pages = job.position.page
    tries = pages + job.position.failed_tries + job.interruptions
    return {
        "extraction_latency_seconds": round((now - parse_time(job.initiated_at)).total_seconds(), 2),
        "download_success_rate": round(100.0 * pages / tries, 2),
        "total_records": analysis.calls,
        "conversion_rate": round(analysis.conversion_rate_percent, 4),
        "summary": analysis.summary(settings),
    }


def _audit_of(job: Job, status: str, now: datetime, records: int, digest: str, error: str) -> dict[str, Any]:
    """Return the report's audit of a job."""
    return {
        "job_id": job.job_id,
        "campaign_id": job.campaign_id,
        "start_time": format_time(job.start),
        "end_time": format_time(job.end),
        "initiated_at": job.initiated_at,
        "completed_at": format_time(now),
        "status": status,
        "records_processed": records,
        "compliance_hash": digest,
        "error": error or None,
    }


def _compliance_hash(parts: Sequence[Part]) -> str:
    """Return the SHA-256 over the parts' own SHA-256s, one a line, in the order of their pages.

    It can be computed from the parts: it stands for every record without holding any in memory.
    """
    return hashlib.sha256("".join(f"{part.sha256}\n" for part in parts if part.key).encode()).hexdigest()


def _listed(part: Part) -> dict[str, Any]:
    """Return a part as the manifest lists it."""
    return {name: getattr(part, name) for name in ("page", "key", "sha256", "records", "size")}
