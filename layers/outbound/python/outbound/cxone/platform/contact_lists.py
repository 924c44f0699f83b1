"""Contacts of a list on the platform API: `GET /api/v2/omnichannel/contactlists/{id}/contacts`.

The call, its parameters and `consentFlags` are documented. That contacts sort by `contactId`, that an
answer has a `total`, and how address, zone and attempts are called, are assumptions.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from outbound.cxone.errors import InvalidRequest, UnexpectedAnswer
from outbound.cxone.http import Call, CxoneHttp
from outbound.cxone.ports.contact_lists import ListedContact, ListPage

_SURFACE, _BUDGET = "campaigns", "campaigns"
_NOTHING = ListedContact(*[None] * len(ListedContact._fields))
_NO_FIELDS: dict[str, Any] = {}
# In a path these lead to other resources.
_STEPS = frozenset({".", ".."})


class PlatformContactLists:
    """Reads contact lists page by page."""

    def __init__(self, http: CxoneHttp) -> None:
        """Call through this session."""
        self._http = http

    def page(self, list_id: str, query: str, page: int, page_size: int) -> ListPage:
        """Return a page of contacts. Raises UnexpectedAnswer where the answer has no list of them."""
        if list_id in _STEPS:
            raise InvalidRequest("is not an id that a path of CXone can hold", "contactListId")
        path = f"/api/v2/omnichannel/contactlists/{quote(list_id, safe='')}/contacts"
        # Sorted by when they were changed last, contacts would move from page to page as they are dialled.
        params: dict[str, Any] = {
            "pageSize": page_size,
            "page": page,
            "query": query or "true",
            "sortBy": "contactId",
            "sortOrder": "asc",
        }
        answer = self._http.call(Call(_SURFACE, _BUDGET, "GET", path, params))
        if answer.nothing:
            return ListPage([], None)
        body = answer.body if isinstance(answer.body, dict) else _NO_FIELDS
        contacts = body.get("contacts")
        if not isinstance(contacts, list):
            raise UnexpectedAnswer(f"GET {path} answered without a list 'contacts'")
        if len(contacts) > page_size:
            raise UnexpectedAnswer(
                f"GET {path} answered with {len(contacts)} contacts instead of {page_size}"
            )
        return ListPage(list(map(_contact, contacts)), _count(body.get("total")))


def _contact(record: Any) -> ListedContact:
    """Name the fields of a record; one that is not an object has none."""
    if not isinstance(record, dict):
        return _NOTHING._replace(source=record)
    get = record.get
    address, attempts = _object(get("address")), _object(get("attempts"))
    outbound = _object(_object(get("consentFlags")).get("outbound"))
    return ListedContact(
        get("contactId"),
        get("phoneNumbers"),
        address.get("state"),
        address.get("postalCode"),
        get("timeZone"),
        get("timeZoneConfirmed"),
        outbound.get("call"),
        attempts.get("count"),
        attempts.get("lastAttemptAt"),
        get("attributes"),
        record,
    )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else _NO_FIELDS


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
