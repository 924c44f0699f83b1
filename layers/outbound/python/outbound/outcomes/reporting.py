"""What a pull came to: the manifest in the lake, the fact on the bus, and the metrics.

The report has two halves: `metrics` says what the calls amount to, `audit` says what was done. Both travel
in the fact, and the delivery to the CRM is made of them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import asdict
from datetime import datetime
from typing import Any

from outbound.clock import Clock, format_time, parse_time
from outbound.events import EventType, new_event
from outbound.observability import Metric, logger, measure
from outbound.outcomes.analysis import Analysis
from outbound.outcomes.settings import OutcomeSettings
from outbound.store.jobs import Job, Jobs, Part
from outbound.store.lake import Lake, manifest_key
from outbound.store.table import Item

# An error's message travels in an event and in the CRM's report.
_MAX_MESSAGE = 1000


class Reporter:
    """Ends jobs, and says how they ended."""

    def __init__(self, jobs: Jobs, lake: Lake, tenant: str, clock: Clock) -> None:
        """Write manifests to this lake."""
        self._jobs = jobs
        self._lake = lake
        self._tenant = tenant
        self._clock = clock

    def complete(self, job: Job, settings: OutcomeSettings) -> Item | None:
        """End a job whose last page is written; give its item with the fact to publish, None if its lease was lost."""
        now = self._clock.now()
        parts, analysis = self._parts(job)
        metrics = self._metrics(job, analysis, settings, now)
        audit = _audit(job, "completed", now, sum(part.records for part in parts), compliance_hash(parts), "")
        set_aside = _set_aside(parts)
        manifest = self._manifest(job, parts, analysis, metrics, audit)
        data = {
            "job_id": job.job_id,
            "campaign_id": job.campaign_id,
            "window": {"start": format_time(job.start), "end": format_time(job.end)},
            "manifest": manifest,
            "pages": job.position.page,
            "set_aside": set_aside,
            "duplicates_dropped": job.position.duplicates,
            "metrics": metrics,
            "audit": audit,
        }
        effect = [job.job_id, str(job.generation)]
        fact = new_event(EventType.OUTCOMES_PULLED, self._tenant, now, effect, data, job.correlation_id)
        result = {
            "records": audit["records_processed"],
            "manifest": manifest,
            "completed_at": format_time(now),
        }
        ended = self._jobs.complete(job, result, fact, now)
        if ended is not None:
            _measure(metrics, set_aside)
        return ended

    def fail(self, job: Job, reason: str, message: str, again_at: datetime) -> Item | None:
        """End a job that cannot go on; give its item with the fact to publish, None if its lease was lost."""
        now = self._clock.now()
        message = message[:_MAX_MESSAGE]
        logger.error("a pull failed", extra={"job_id": job.job_id, "reason": reason, "error": message})
        records = sum(part.records for part in self._jobs.parts(job))
        data = {
            "job_id": job.job_id,
            "campaign_id": job.campaign_id,
            "window": {"start": format_time(job.start), "end": format_time(job.end)},
            "reason": reason,
            "message": message,
            "again_at": format_time(again_at),
            "metrics": None,
            "audit": _audit(job, "failed", now, records, "", message),
        }
        # The fence makes each failure of a job a fact of its own.
        effect = [job.job_id, str(job.generation), str(job.fence)]
        fact = new_event(EventType.PULL_FAILED, self._tenant, now, effect, data, job.correlation_id)
        measure(Metric.PULLS_FAILED)
        return self._jobs.fail(job, {"reason": reason, "message": message}, fact, now, again_at)

    def _parts(self, job: Job) -> tuple[list[Part], Analysis]:
        """Give the job's parts and their analyses merged; what a longer, earlier pull of the window left is removed."""
        analysis = Analysis()
        parts: list[Part] = []
        surplus: list[Part] = []
        for part in self._jobs.parts(job):
            if part.page >= job.position.page:
                surplus.append(part)
                continue
            analysis.merge(Analysis.from_json(part.analysis))
            parts.append(part)
        self._lake.remove([part.key for part in surplus if part.key])
        self._jobs.forget_parts(job, surplus)
        return parts, analysis

    def _metrics(
        self, job: Job, analysis: Analysis, settings: OutcomeSettings, now: datetime
    ) -> dict[str, Any]:
        pages = job.position.page
        return {
            "extraction_latency_seconds": round((now - parse_time(job.initiated_at)).total_seconds(), 2),
            "download_success_rate": round(100.0 * pages / (pages + job.position.failed_tries), 2)
            if pages
            else 100.0,
            "total_records": analysis.calls,
            "conversion_rate": round(analysis.conversion_rate_percent, 4),
            "summary": analysis.summary(settings),
        }

    def _manifest(
        self, job: Job, parts: list[Part], analysis: Analysis, metrics: dict[str, Any], audit: dict[str, Any]
    ) -> str:
        """Write the manifest and give its key."""
        key = manifest_key(job.start, job.campaign_id, job.job_id)
        document = {
            "schema_version": 1,
            "job_id": job.job_id,
            "generation": job.generation,
            "campaign_id": job.campaign_id,
            "window": {"start": job.start, "end": job.end},
            "parts": [_listed(part) for part in parts if part.key],
            "set_aside": _set_aside(parts),
            "duplicates_dropped": job.position.duplicates,
            "metrics": metrics,
            "audit": audit,
            "agents": analysis.agents,
        }
        return self._lake.write_document(key, document).key


def compliance_hash(parts: list[Part]) -> str:
    """Give the SHA-256 over the parts' own SHA-256s, one a line, in the order of their pages.

    Anyone can compute it from the parts: it stands for every record without holding any in memory.
    """
    return hashlib.sha256("".join(f"{part.sha256}\n" for part in parts if part.key).encode()).hexdigest()


def _audit(job: Job, status: str, now: datetime, records: int, digest: str, error: str) -> dict[str, Any]:
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


def _listed(part: Part) -> dict[str, Any]:
    listed = asdict(part)
    del listed["analysis"], listed["set_aside"]
    return listed


def _set_aside(parts: list[Part]) -> dict[str, int]:
    reasons: Counter[str] = Counter()
    for part in parts:
        reasons.update(part.set_aside)
    return dict(sorted(reasons.items()))


def _measure(metrics: dict[str, Any], set_aside: dict[str, int]) -> None:
    measure(Metric.PULLS_COMPLETED)
    measure(Metric.EXTRACTION_LATENCY, metrics["extraction_latency_seconds"])
    measure(Metric.PAGE_SUCCESS_RATE, metrics["download_success_rate"])
    if metrics["total_records"]:
        measure(Metric.CONVERSION_RATE, metrics["conversion_rate"])
    if set_aside:
        logger.warning("records were set aside", extra={"reasons": set_aside})
