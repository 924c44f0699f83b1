"""Completed attempts and their archive on the platform API: `/api/v2/campaigns/{id}/...`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from outbound.cxone.errors import UnexpectedAnswer
from outbound.cxone.http import Call, CxoneHttp
from outbound.cxone.ports.attempts import Archivable, Archived, ArchiveOrder, Attempt

_NOTHING = Attempt(None, None, None, None, None, None, None, None)


class PlatformAttempts:
    """Lists completed attempts and archives them."""

    def __init__(self, http: CxoneHttp) -> None:
        """Call through this session."""
        self._http = http

    def page(self, campaign_id: str, limit: int, offset: int) -> Sequence[Attempt]:
        """Return a page of completed attempts. Raises UnexpectedAnswer where it is not a list."""
        path = f"{_campaign(campaign_id)}/attempts"
        params = {"status": "completed", "limit": limit, "offset": offset}
        answer = self._http.call(Call("archive", "archive", "GET", path, params))
        body = [] if answer.nothing else answer.body
        if not isinstance(body, list):
            raise UnexpectedAnswer(f"GET {path} answered with no list")
        # More would shift all that comes after; fewer say that the list ends.
        if len(body) > limit:
            raise UnexpectedAnswer(f"GET {path} answered with {len(body)} attempts instead of {limit}")
        return [_attempt(one) for one in body]

    def archive(self, order: ArchiveOrder) -> Archived:
        """Archive attempts. Raises UnexpectedAnswer where the answer has no counts."""
        path = f"{_campaign(order.campaign_id)}/contacts/archive"
        body = {
            "campaignId": order.campaign_id,
            "items": [_item(attempt, order.delete_active) for attempt in order.attempts],
            "forceColdStorage": order.force_cold_storage,
        }
        answer = self._http.call(Call("archive", "archive", "POST", path, json=body))
        return _archived(answer.body, answer.status, len(order.attempts), path)


def _campaign(campaign_id: str) -> str:
    return f"/api/v2/campaigns/{quote(campaign_id, safe='')}"


def _attempt(record: Any) -> Attempt:
    """Name the fields of a record; one that is not an object has none."""
    if not isinstance(record, dict):
        return _NOTHING._replace(source=record)
    get = record.get
    return Attempt(
        get("id"),
        get("contactId"),
        get("outcomeCode"),
        get("disposition"),
        get("duration"),
        get("anonymized"),
        get("retentionDays"),
        record,
    )


def _item(attempt: Archivable, delete_active: bool) -> dict[str, Any]:
    return {
        "contactId": attempt.contact_id,
        "attemptId": attempt.attempt_id,
        "statusMatrix": {
            "outcomeCode": attempt.outcome_code,
            "disposition": attempt.disposition,
            "callDurationSeconds": attempt.duration_seconds,
            # An order has no others.
            "anonymized": True,
        },
        "retentionPeriodDays": attempt.retention_days,
        "deleteActive": delete_active,
    }


def _archived(body: Any, status: int, asked: int, path: str) -> Archived:
    answer = body if isinstance(body, dict) else {}
    counts = [answer.get(name) for name in ("archivedCount", "failedCount")]
    if not all(isinstance(count, int) and not isinstance(count, bool) and count >= 0 for count in counts):
        raise UnexpectedAnswer(f"POST {path} answered without archivedCount and failedCount")
    archived, failed = (int(count) for count in counts if count is not None)
    if archived + failed != asked:
        raise UnexpectedAnswer(f"POST {path} answered for {archived + failed} attempts instead of {asked}")
    job_id = answer.get("migrationJobId")
    in_progress = status == 202 or answer.get("status") == "IN_PROGRESS"
    return Archived(archived, failed, job_id[:200] if isinstance(job_id, str) else "", in_progress)
