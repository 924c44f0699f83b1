"""The contacts of a list: where each is, what it agreed to, and how often it was called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol


class ListedContact(NamedTuple):
    """One contact as CXone lists it, its fields named once for both APIs and not checked yet.

    Any field may be None or of a wrong type: the consumer checks it. `call_consent` is CXone's own flag;
    `source` is the record as it came.
    """

    contact_id: Any
    numbers: Any
    state: Any
    zip_code: Any
    zone: Any
    zone_confirmed: Any
    call_consent: Any
    attempts: Any
    """How many calls CXone counts."""

    last_attempt_at: Any
    attributes: Any
    source: Any


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page of a list, and how many contacts fit the query in all, where CXone says."""

    contacts: Sequence[ListedContact]
    total: int | None


class ContactListsPort(Protocol):
    """Reads the contacts of a list."""

    def page(self, list_id: str, query: str, page: int, page_size: int) -> ListPage:
        """Return a page of the contacts that fit a query, counted from 1, in the order of their ids.

        Fewer than `page_size` are the last ones. An empty query fits every contact. Raises NotFound where
        there is no such list, InvalidRequest naming a query that CXone does not understand, and the other
        errors of `outbound.cxone.errors`.
        """
