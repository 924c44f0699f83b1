"""Where a pull stands, moved from page to page, and how pages without an end are noticed.

A page token that comes round again would be followed for ever. A run of pages

    A - B - C - D - E - C - D - E - C - ...

is noticed by Brent's method: a landmark is kept and moved forward after 1, 2, 4, 8, ... pages. Once its
distance is as long as the circle, the landmark is met again, at the price of a few rounds and of no memory.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime

from outbound.clock import format_time
from outbound.cxone.ports.outcomes import OutcomePage
from outbound.outcomes.errors import PullFailed
from outbound.outcomes.job import Position
from outbound.outcomes.settings import OutcomeSettings

# A token travels in a URL, and is written down with every checkpoint.
_LONGEST_TOKEN = 4096


def first(since: datetime, codes: tuple[str, ...]) -> Position:
    """Return the position before the first page of a query."""
    return Position(since=format_time(since), query=query_id(codes))


def query_id(codes: tuple[str, ...]) -> str:
    """Return what tells queries for different codes apart: a page token belongs to one of them."""
    return hashlib.sha256(",".join(codes).encode()).hexdigest()[:16]


def after(position: Position, page: OutcomePage, duplicates: int) -> Position:
    """Return the position after a page.

    Args:
        position: Where the page was read.
        page: The page, with the token of the next one and how many tries it took.
        duplicates: How many of its calls were dropped because an earlier page had them.
    """
    moved = replace(
        position,
        page=position.page + 1,
        token=page.next_token,
        failed_tries=position.failed_tries + page.tries - 1,
        duplicates=position.duplicates + duplicates,
        since_landmark=position.since_landmark + 1,
    )
    if moved.since_landmark < moved.landmark_reach:
        return moved
    return replace(moved, landmark=page.next_token, since_landmark=0, landmark_reach=2 * moved.landmark_reach)


def check_end(position: Position, next_token: str, settings: OutcomeSettings) -> None:
    """Raise PullFailed where the pages have no end: a token that came before, or more pages than can be."""
    if next_token in (position.landmark, position.token):
        raise PullFailed(
            "page_token_repeats",
            "CXone's page tokens go round in a circle: the window cannot be read to its end;"
            " if it lasts, report it to NICE",
            afresh=True,
        )
    if len(next_token) > _LONGEST_TOKEN:
        raise PullFailed("page_token_too_long", f"a page token has {len(next_token)} characters", afresh=True)
    if position.page + 1 >= settings.max_pages:
        raise PullFailed(
            "too_many_pages",
            f"more than {settings.max_pages} pages; raise max_pages or page_size if this is real",
            afresh=True,
        )
