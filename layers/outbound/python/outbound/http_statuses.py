"""Which HTTP statuses pass by themselves: one table for calls to CXone and for deliveries."""

from __future__ import annotations

# Request Timeout, Too Early, Too Many Requests. Of 5xx all do, those of proxies (520 to 599) too.
_PASSING = frozenset({408, 425, 429})


def is_passing(status: int) -> bool:
    """Return True if the same request may succeed later, so that it is worth another try."""
    return status >= 500 or status in _PASSING


def is_interim(status: int) -> bool:
    """Return True if the final answer is still to come: 1xx, of which there may be several."""
    return 100 <= status < 200
