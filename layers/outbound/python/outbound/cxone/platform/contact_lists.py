"""Lists of contacts on the platform API: `/api/v2/omnichannel/contactlists/{id}/contacts`."""

from __future__ import annotations

from urllib.parse import quote

from outbound.cxone.errors import UnexpectedAnswer
from outbound.cxone.http import Call, CxoneHttp
from outbound.cxone.ports.contact_lists import ListedContact, ListPage


class PlatformContactLists:
    """Reads lists of contacts."""

    def __init__(self, http: CxoneHttp) -> None:
        """Call through this session."""
        self._http = http

    def page(self, list_id: str, query: str, page: int, page_size: int) -> ListPage:
        """Return a page of the contacts that match a query, all for an empty one."""
        path = f"/api/v2/omnichannel/contactlists/{quote(list_id, safe='')}/contacts"
        params = {"query": query or "true", "page": page, "pageSize": page_size}
        answer = self._http.call(Call("campaigns", "campaigns", "GET", path, params=params))
        if answer.nothing:
            return ListPage(())
        contacts = answer.body.get("contacts") if isinstance(answer.body, dict) else None
        if not isinstance(contacts, list):
            raise UnexpectedAnswer(f"GET {path} answered without a list 'contacts'")
        ids = [str(each.get("id", "")) for each in contacts if isinstance(each, dict)]
        return ListPage([ListedContact(contact_id) for contact_id in ids])
