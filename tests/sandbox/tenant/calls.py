"""GET /api/v2/outbound/calls: the outcomes of a campaign's calls, page by page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Request
from starlette.responses import Response

from sandbox.tenant.gate import admit
from sandbox.tenant.paging import page_token, place_of
from sandbox.tenant.reading import invalid, required, single_values, whole_number
from sandbox.tenant.state import TenantState, state_of
from sandbox.wire.refusal import Refusal
from sandbox.world.calllog import BEFORE_ALL, Place
from sandbox.world.moments import microseconds, parse_time

router = APIRouter()

_DEFAULT_LIMIT = 1000
_HIGHEST_LIMIT = 5000
# Two machines' clocks differ a little, and a window may reach up to this moment.
_CLOCK_TOLERANCE = timedelta(seconds=5)
_PARAMETERS = frozenset(
    {"campaignId", "startDateTime", "endDateTime", "dispositionCode", "limit", "nextPageToken"}
)


@dataclass(frozen=True, slots=True)
class CallsQuery:
    """A query that holds together."""

    campaign_id: str
    start: datetime
    end: datetime
    codes: frozenset[str]
    limit: int
    after: Place

    def identity(self) -> tuple[str, ...]:
        """Return what its page tokens are tied to; the limit may change from page to page."""
        return (
            self.campaign_id,
            self.start.isoformat(),
            self.end.isoformat(),
            *sorted(self.codes),
        )


@router.get("/api/v2/outbound/calls")
async def calls(request: Request) -> Response:
    """Answer with the calls that started in the window, earliest first."""
    admit(request, "outbound:call:read", "outbound:campaign:read", quota="outbound")
    state = state_of(request)
    query = _query(request, state)
    log = state.calls.get(query.campaign_id)
    if log is None:
        raise Refusal(404, "not_found", "There is no such campaign.", field="campaignId")
    # Assumption: calls at either border are included. The document does not say, and this is the
    # reading under which a client that pulls window after window must de-duplicate.
    records, last = log.page(
        microseconds(query.start), microseconds(query.end), query.codes, query.after, query.limit
    )
    return _answer(records, page_token(last, query.identity()) if last else None)


def _answer(records: list[str], token: str | None) -> Response:
    end = f'],"nextPageToken":"{token}"}}' if token else "]}"
    body = f'{{"calls":[{",".join(records)}{end}'
    return Response(body.encode(), media_type="application/json")


def _query(request: Request, state: TenantState) -> CallsQuery:
    given = single_values(request, _PARAMETERS)
    start, end = _time(given, "startDateTime"), _time(given, "endDateTime")
    limit = whole_number(given, "limit", _DEFAULT_LIMIT, 1, _HIGHEST_LIMIT)
    query = CallsQuery(required(given, "campaignId"), start, end, _codes(given), limit, BEFORE_ALL)
    if "nextPageToken" in given:
        query = _continued(query, given["nextPageToken"])
    _check_window(query, timedelta(days=state.world.retention_days))
    return query


def _time(given: Mapping[str, str], name: str) -> datetime:
    try:
        return parse_time(required(given, name))
    except ValueError as error:
        raise invalid(name, str(error)) from None


def _codes(given: Mapping[str, str]) -> frozenset[str]:
    if "dispositionCode" not in given:
        return frozenset()
    codes = given["dispositionCode"].split(",")
    if not all(codes):
        raise invalid("dispositionCode", "is a list of codes separated by commas")
    return frozenset(codes)


def _continued(query: CallsQuery, token: str) -> CallsQuery:
    try:
        after = place_of(token, query.identity())
    except ValueError as error:
        raise invalid("nextPageToken", str(error)) from None
    return CallsQuery(query.campaign_id, query.start, query.end, query.codes, query.limit, after)


def _check_window(query: CallsQuery, retention: timedelta) -> None:
    now = datetime.now(UTC)
    if query.start >= query.end:
        raise invalid("startDateTime", "must be before endDateTime")
    # A later page of a query that was in time stays readable while its first moment ages out.
    if query.after == BEFORE_ALL and query.start < now - retention - _CLOCK_TOLERANCE:
        raise invalid("startDateTime", f"is older than the {retention.days} days kept")
    if query.end > now + _CLOCK_TOLERANCE:
        raise invalid("endDateTime", "is in the future")
