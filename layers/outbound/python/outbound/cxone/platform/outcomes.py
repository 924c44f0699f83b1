"""Call outcomes on the platform API: `GET /api/v2/outbound/calls`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, overload

from outbound.clock import format_time
from outbound.cxone.errors import UnexpectedAnswer
from outbound.cxone.http import Call, CxoneHttp
from outbound.cxone.ports.outcomes import CallRecord, CallRecords, OutcomePage, OutcomeQuery

_PATH = "/api/v2/outbound/calls"
_NOTHING = CallRecord(None, None, None, None, None, None, None, None, {}, None)


class PlatformOutcomes:
    """Reads call outcomes page by page."""

    def __init__(self, http: CxoneHttp) -> None:
        """Call through this session."""
        self._http = http

    def page(self, query: OutcomeQuery, page_token: str) -> OutcomePage:
        """Return the page that a token names, the first one for an empty token.

        Raises UnexpectedAnswer where the answer has no list of calls, or a page token that is not a text.
        """
        params: dict[str, Any] = {
            "campaignId": query.campaign_id,
            "startDateTime": format_time(query.start),
            "endDateTime": format_time(query.end),
            "limit": query.page_size,
        }
        if query.outcome_codes:
            params["dispositionCode"] = ",".join(query.outcome_codes)
        if page_token:
            params["nextPageToken"] = page_token
        answer = self._http.call(
            Call("outcomes", "outbound", "GET", _PATH, params, campaign_id=query.campaign_id)
        )
        if answer.nothing:
            return OutcomePage([], "", answer.tries)
        calls, token = _contents(answer.body)
        return OutcomePage(PlatformCalls(calls), token, answer.tries)


def _contents(body: Any) -> tuple[list[Any], str]:
    calls = body.get("calls") if isinstance(body, dict) else None
    if not isinstance(calls, list):
        raise UnexpectedAnswer(
            f"GET {_PATH} answered without a list 'calls'; check base_url and API version in the settings"
        )
    token = body.get("nextPageToken")
    if token is None:
        return calls, ""
    # Anything else that Python takes for false would end the pull early, as if this were the last page.
    if not isinstance(token, str):
        raise UnexpectedAnswer(f"GET {_PATH} answered with a nextPageToken that is not a text")
    return calls, token


class PlatformCalls(CallRecords):
    """Calls as the platform's JSON has them."""

    def __init__(self, calls: list[Any]) -> None:
        """Name the fields of these; what is not an object has none, and is kept for setting it aside."""
        self._calls = calls

    def __len__(self) -> int:
        return len(self._calls)

    @overload
    def __getitem__(self, place: int) -> CallRecord: ...

    @overload
    def __getitem__(self, place: slice) -> PlatformCalls: ...

    def __getitem__(self, place: int | slice) -> CallRecord | PlatformCalls:
        if isinstance(place, slice):
            return PlatformCalls(self._calls[place])
        return _record(self._calls[place])

    def columns(self) -> Iterable[Sequence[Any]]:
        """Return each field of all calls, in the order of `CallRecord`."""
        calls = self._calls
        try:
            # Fields that nearly every call has, in one go; one that reached no agent has none.
            always = zip(*map(_NEARLY_ALWAYS, calls), strict=True)
            return (*always, [call.get("agentId") for call in calls], calls, calls)
        except (KeyError, TypeError, AttributeError, IndexError):
            return zip(*map(_record, calls), strict=True)


_NEARLY_ALWAYS = itemgetter(
    "id", "campaignId", "dispositionCode", "startTime", "endTime", "direction", "contactId"
)


def _record(call: Any) -> CallRecord:
    """Name the fields of a record; one that is not an object has none, and is kept for setting it aside."""
    if not isinstance(call, dict):
        return _NOTHING._replace(source=call)
    get = call.get
    fields = (
        get("id"),
        get("campaignId"),
        get("dispositionCode"),
        get("startTime"),
        get("endTime"),
        get("direction"),
        get("contactId"),
        get("agentId"),
        call,
        call,
    )
    return CallRecord(*fields)
