"""Reports of the dialer on the platform API: `/api/v1/analytics/dialer/metrics` and `/api/v1/audit/logs`.

The calls, their metrics, `groupBy` and the page token are documented. That both take `startTime` and
`endTime`, that an hour is named by its beginning, and how an entry of the log is formed, are assumptions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from outbound.clock import format_time
from outbound.cxone.errors import UnexpectedAnswer
from outbound.cxone.http import Call, CxoneHttp
from outbound.cxone.ports.dialer_reports import AuditEntry, Period, ReportedHour

_SURFACE, _BUDGET = "dialer", "dialer"
_METRICS_PATH, _AUDIT_PATH = "/api/v1/analytics/dialer/metrics", "/api/v1/audit/logs"
_METRICS = ("efficiency", "abandonmentRate", "answerRate", "averageWaitTime")
_METRICS_PAGE_SIZE = 100
# Some 50,000 entries: a log that goes on behind that has a token that leads in a circle.
_MOST_PAGES = 1000
_NO_FIELDS: Mapping[str, Any] = {}


class PlatformDialerReports:
    """Reads metrics and audit entries, all pages of them."""

    def __init__(self, http: CxoneHttp) -> None:
        """Call through this session."""
        self._http = http

    def hours(self, campaign_id: str, period: Period) -> Sequence[ReportedHour]:
        """Return the metrics of the hours of a period. Raises UnexpectedAnswer where pages have no end."""
        params = {
            "campaignId": campaign_id,
            "metrics": list(_METRICS),
            "groupBy": "hour",
            "pageSize": _METRICS_PAGE_SIZE,
            **_between(period),
        }
        return [_hour(row) for page in self._pages(_METRICS_PATH, params, "results") for row in page]

    def audit_pages(self, period: Period, page_size: int) -> Iterator[Sequence[AuditEntry]]:
        """Yield the entries of a period page by page. Raises UnexpectedAnswer where pages have no end."""
        params = {"entity": "dialer", "pageSize": page_size, **_between(period)}
        for page in self._pages(_AUDIT_PATH, params, "logs"):
            yield [_entry(each) for each in page]

    def _pages(self, path: str, params: Mapping[str, Any], name: str) -> Iterator[list[Any]]:
        token, seen = "", set[str]()
        for _ in range(_MOST_PAGES):
            asked = {**params, "pageToken": token} if token else params
            answer = self._http.call(Call(_SURFACE, _BUDGET, "GET", path, asked))
            if answer.nothing:
                return
            rows, token = _contents(answer.body, path, name)
            yield rows
            if not token:
                return
            if token in seen:
                raise UnexpectedAnswer(f"GET {path} answered twice with the same nextPageToken")
            seen.add(token)
        raise UnexpectedAnswer(f"GET {path} answered with more than {_MOST_PAGES} pages")


def _between(period: Period) -> Mapping[str, str]:
    return {"startTime": format_time(period.start), "endTime": format_time(period.end)}


def _contents(body: Any, path: str, name: str) -> tuple[list[Any], str]:
    rows = body.get(name) if isinstance(body, dict) else None
    if not isinstance(rows, list):
        raise UnexpectedAnswer(f"GET {path} answered without a list '{name}'")
    token = body.get("nextPageToken")
    if token is None:
        return rows, ""
    # Anything else that Python takes for false would end the report early, as if this were its last page.
    if not isinstance(token, str) or not token:
        raise UnexpectedAnswer(f"GET {path} answered with a nextPageToken that is not a text")
    return rows, token


def _hour(row: Any) -> ReportedHour:
    get = _object(row).get
    return ReportedHour(
        hour=get("hour"),
        efficiency=get("efficiency"),
        abandonment_rate=get("abandonmentRate"),
        answer_rate=get("answerRate"),
        average_wait_seconds=get("averageWaitTime"),
        answered_calls=get("answeredCalls"),
        abandoned_calls=get("abandonedCalls"),
        source=row,
    )


def _entry(entry: Any) -> AuditEntry:
    get = _object(entry).get
    details = _object(get("details"))
    return AuditEntry(
        entry_id=get("id"),
        at=get("timestamp"),
        actor=get("actor"),
        action=get("action"),
        version=get("versionTag"),
        operation_id=details.get("operationId"),
        details=details,
        source=entry,
    )


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else _NO_FIELDS
