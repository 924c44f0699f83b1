"""A request for the dashboard as API Gateway hands it over, and whether a page of ours made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PAGE, HEALTH = "/dashboard", "/dashboard/health"
METHODS = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What was asked for; headers by their lower-cased names, never shown, since they hold the password."""

    method: str
    resource: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, Sequence[str]] = field(repr=False)

    def value(self, name: str) -> str:
        """Return the one value of a parameter, empty where it is not there or there more than once."""
        values = self.query.get(name, ())
        return values[0].strip() if len(values) == 1 else ""

    def accepts_gzip(self) -> bool:
        """Return True if the answer may be compressed."""
        return any("gzip" in value.lower() for value in self.headers.get("accept-encoding", ()))

    def is_of_another_page(self) -> bool:
        """Return True if a page of another site fetches or frames this one; a link that was followed may.

        Browsers say so by headers that no script can set. Programs, and browsers of before 2023, say nothing.
        """
        if self._first("sec-fetch-site") in ("", "same-origin", "none"):
            return False
        # Into a tab of its own: a frame is a navigation, too, with another destination.
        followed = self._first("sec-fetch-mode") == "navigate", self._first("sec-fetch-dest") == "document"
        return not (self.method in METHODS and all(followed))

    def _first(self, name: str) -> str:
        values = self.headers.get(name, ())
        return values[0].strip().lower() if values else ""


def request_of(event: Mapping[str, Any]) -> PageRequest:
    """Return the request in an event of a REST API's proxy integration, or of its authorizer."""
    return PageRequest(
        method=str(event.get("httpMethod", "")),
        resource=str(event.get("resource", "")),
        query=_texts(event, "multiValueQueryStringParameters", "queryStringParameters", lower=False),
        headers=_texts(event, "multiValueHeaders", "headers", lower=True),
    )


def _texts(event: Mapping[str, Any], many: str, one: str, lower: bool) -> dict[str, tuple[str, ...]]:
    named = event.get(many) or {
        name: [] if value is None else [value] for name, value in (event.get(one) or {}).items()
    }
    found: dict[str, tuple[str, ...]] = {}
    for name, values in named.items():
        key = name.lower() if lower else name
        found[key] = (*found.get(key, ()), *map(str, values or ()))
    return found
