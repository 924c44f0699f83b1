"""What is reported about a pull: `metrics` says what the calls amount to, `audit` says what was done.

Both travel in the fact, and the delivery to the CRM is made of them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from outbound.clock import format_time, parse_time
from outbound.outcomes.analysis import Analysis
from outbound.outcomes.job import Job, Part
from outbound.outcomes.settings import OutcomeSettings

# An error's message travels in an event and in the CRM's report.
MAX_MESSAGE = 1000


def metrics_of(job: Job, analysis: Analysis, settings: OutcomeSettings, now: datetime) -> dict[str, Any]:
    """Give the report's metrics of a job whose last page is written."""
    pages = job.position.page
    tries = pages + job.position.failed_tries + job.interruptions
    return {
        "extraction_latency_seconds": round((now - parse_time(job.initiated_at)).total_seconds(), 2),
        "download_success_rate": round(100.0 * pages / tries, 2),
        "total_records": analysis.calls,
        "conversion_rate": round(analysis.conversion_rate_percent, 4),
        "summary": analysis.summary(settings),
    }


def audit_of(job: Job, status: str, now: datetime, records: int, digest: str, error: str) -> dict[str, Any]:
    """Give the report's audit of a job."""
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


def refusal_audit(campaign_id: str, start: str, end: str, now: datetime, error: str) -> dict[str, Any]:
    """Give the audit of a request for which there was never a job."""
    return {
        "job_id": None,
        "campaign_id": campaign_id,
        "start_time": start,
        "end_time": end,
        "initiated_at": format_time(now),
        "completed_at": format_time(now),
        "status": "failed",
        "records_processed": 0,
        "compliance_hash": "",
        "error": error,
    }


def compliance_hash(parts: Sequence[Part]) -> str:
    """Give the SHA-256 over the parts' own SHA-256s, one a line, in the order of their pages.

    Anyone can compute it from the parts: it stands for every record without holding any in memory.
    """
    return hashlib.sha256("".join(f"{part.sha256}\n" for part in parts if part.key).encode()).hexdigest()


def set_aside_of(parts: Sequence[Part]) -> dict[str, int]:
    """Count the records that were set aside, by reason."""
    reasons: Counter[str] = Counter()
    for part in parts:
        reasons.update(part.set_aside)
    return dict(sorted(reasons.items()))


def listed(part: Part) -> dict[str, Any]:
    """Give a part as the manifest lists it."""
    return {name: getattr(part, name) for name in ("page", "key", "sha256", "records", "size")}
