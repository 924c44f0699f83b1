"""Queries to CXone: checked before a request is wasted, each refusal naming its field."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from outbound.campaign_ids import is_campaign_id
from outbound.clock import format_time
from outbound.cxone.ports.outcomes import OutcomeQuery
from outbound.outcomes.windows import Window

if TYPE_CHECKING:
    # The sweeper asks for an id to be checked; it need not load pydantic for that.
    from outbound.outcomes.settings import OutcomeSettings

MAX_PAGE_SIZE = 5000


class InvalidQuery(ValueError):
    """A query that CXone would refuse, or should never get; names the field."""

    def __init__(self, field: str, message: str) -> None:
        """Name the field and what is wrong with it."""
        super().__init__(f"{field}: {message}")
        self.field = field


def checked(
    campaign_id: str,
    window: Window,
    codes: Sequence[str],
    page_size: int,
    settings: OutcomeSettings,
    now: datetime,
) -> OutcomeQuery:
    """Return the query of a pull.

    Whether CXone still has the window is not looked at here: a query that was in time is read to its end.

    Args:
        campaign_id: Whose outcomes.
        window: Of which time.
        codes: The codes of the outcomes that are asked for.
        page_size: Records of a page.
        settings: Say which codes may be asked for.
        now: No window reaches beyond it.

    Raises:
        InvalidQuery: Names the first field that cannot be.
    """
    check_campaign_id(campaign_id)
    _check_times(window, now)
    check_codes(codes, settings)
    if isinstance(page_size, bool) or not 1 <= page_size <= MAX_PAGE_SIZE:
        raise InvalidQuery("page_size", f"{page_size} is not between 1 and {MAX_PAGE_SIZE}")
    return OutcomeQuery(campaign_id, window.start, window.end, tuple(codes), page_size)


def check_campaign_id(campaign_id: str) -> None:
    """Refuse what is not a campaign id; it becomes part of keys and paths."""
    if not is_campaign_id(campaign_id):
        raise InvalidQuery("campaign_id", "use 1 to 64 letters, digits, '-' or '_'")


def check_window(window: Window, settings: OutcomeSettings, now: datetime) -> None:
    """Refuse a window that is naive, reversed, in the future, or older than CXone's retention."""
    _check_times(window, now)
    oldest = retained_since(settings, now)
    if window.start < oldest:
        raise InvalidQuery(
            "start",
            f"{format_time(window.start)} is older than the {settings.retention_days} days that CXone keeps;"
            f" use {format_time(oldest)} or later",
        )


def _check_times(window: Window, now: datetime) -> None:
    for field, moment in (("start", window.start), ("end", window.end)):
        if moment.tzinfo is None:
            raise InvalidQuery(
                field, f"{moment.isoformat()} has no UTC offset; write it like 2026-01-31T08:00:00Z"
            )
    if window.start >= window.end:
        raise InvalidQuery(
            "start", f"{format_time(window.start)} is not before the end {format_time(window.end)}"
        )
    if window.end > now:
        raise InvalidQuery("end", f"{format_time(window.end)} is in the future; it is now {format_time(now)}")


def check_codes(codes: Sequence[str], settings: OutcomeSettings) -> None:
    """Refuse codes that have no category, unless the settings pass them through."""
    if settings.unknown_codes == "refuse" and (unknown := sorted(set(codes) - set(settings.categories))):
        known = ", ".join(sorted(settings.categories))
        raise InvalidQuery(
            "outcome_codes",
            f"{', '.join(unknown)} has no category; give it one in the settings document, or use {known}",
        )


def retained_since(settings: OutcomeSettings, now: datetime) -> datetime:
    """The oldest moment whose calls CXone still has, in whole seconds."""
    return (now - timedelta(days=settings.retention_days)).replace(microsecond=0) + timedelta(seconds=1)
