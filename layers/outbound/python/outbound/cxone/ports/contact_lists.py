"""Lists of contacts that campaigns dial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ListedContact:
    """A contact of a list."""

    contact_id: str


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page of a list; `total` is how many contacts match altogether, where CXone says."""

    contacts: Sequence[ListedContact]
    total: int | None = None


class ContactListsPort(Protocol):
    """Reads lists of contacts. Raises the errors of `outbound.cxone.errors`."""

    def page(self, list_id: str, query: str, page: int, page_size: int) -> ListPage:
        """Return a page of the contacts that match a query, all for an empty one; pages count from 1.

        Raises NotFound where there is no list of that id.
        """
