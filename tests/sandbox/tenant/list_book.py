"""A contact list as it is now: what the world says, what was changed, and who was put on it or taken off."""

from collections.abc import Mapping
from typing import Any

from sandbox.tenant.list_query import read_query
from sandbox.world.listed_contacts import ListedContacts

_MOST_QUERIES = 50
FIELDS = frozenset(
    {"phoneNumbers", "address", "timeZone", "timeZoneConfirmed", "consentFlags", "attempts", "attributes"}
)


class ListBook:
    """One list. What nobody touched costs no memory but the numbers that a query found."""

    def __init__(self, listed: ListedContacts) -> None:
        """Start with what the world says."""
        self.listed = listed
        self._numbers = list(range(listed.count))
        self._changes: dict[int, dict[str, Any]] = {}
        self._found: dict[tuple[str, str], list[int]] = {}

    def number_of(self, contact_id: str) -> int | None:
        """Return the number of a contact on the list, None of one that is not."""
        number = self.listed.contacts.number_of(contact_id)
        return number if number is not None and number in self._numbers else None

    def record(self, number: int) -> dict[str, Any]:
        """Return a contact as it is now."""
        return self.listed.record(number) | self._changes.get(number, {})

    def page(self, query: str, sort_by: str, first: int, size: int) -> tuple[list[dict[str, Any]], int]:
        """Return contacts that fit a query from the `first` on, ascending, and how many fit."""
        numbers = self._fitting(query, sort_by)
        return [self.record(number) for number in numbers[first : first + size]], len(numbers)

    def change(self, number: int, fields: Mapping[str, Any]) -> None:
        """Replace fields of a contact."""
        self._changes.setdefault(number, {}).update(fields)
        self._found.clear()

    def add(self, count: int) -> list[str]:
        """Put the next so many of the campaign's contacts on the list; return their ids."""
        first = max(self._numbers, default=-1) + 1
        new = list(range(first, min(first + count, len(self.listed.contacts))))
        self._numbers += new
        self._found.clear()
        return [self.listed.contacts.id_of(number) for number in new]

    def remove(self, number: int) -> None:
        """Take a contact off the list."""
        self._numbers.remove(number)
        self._found.clear()

    def _fitting(self, query: str, sort_by: str) -> list[int]:
        if (query, sort_by) not in self._found:
            if len(self._found) >= _MOST_QUERIES:
                self._found.clear()
            self._found[query, sort_by] = self._find(query, sort_by)
        return self._found[query, sort_by]

    def _find(self, query: str, sort_by: str) -> list[int]:
        fits = read_query(query) if query else None
        numbers = [n for n in self._numbers if fits is None or fits(self.record(n))]
        if sort_by == "lastModifiedTime":
            numbers.sort(key=lambda number: self.record(number)["lastModifiedTime"])
        return numbers
