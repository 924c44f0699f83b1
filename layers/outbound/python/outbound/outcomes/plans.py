"""What a plan wants and what it does: values and sums, apart from who writes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from outbound.events import Event
from outbound.outcomes.job import Job
from outbound.outcomes.query import retained_since
from outbound.outcomes.settings import OutcomeSettings
from outbound.outcomes.windows import Window
from outbound.store.registry import Campaign


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be planned of a campaign, from when on its jobs are sent, and who asked.

    Without `asked` it is the beat that plans, from the campaign's watermark on.
    """

    until: datetime
    send_at: datetime
    correlation_id: str
    settings: OutcomeSettings
    asked: Window | None = None
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One transaction of a plan: new jobs, the watermark behind them, and what is reported as lost."""

    jobs: Sequence[Job]
    planned_until: datetime | None
    lost: Sequence[Event]
    last: bool


def start_of(campaign: Campaign, wanted: Wanted, now: datetime) -> datetime:
    """Give where a plan begins: where it was asked to, at the watermark, or where the campaign's calls do."""
    if wanted.asked is not None:
        return wanted.asked.start
    first_window = now - timedelta(days=wanted.settings.first_window_days)
    return (campaign.planned_until or campaign.start or first_window).replace(microsecond=0)


def retained(window: Window, settings: OutcomeSettings, now: datetime) -> Window:
    """Clamp a window to what CXone still has; one of which it has nothing stays as it is."""
    oldest = retained_since(settings, now)
    return Window(oldest, window.end) if window.start < oldest < window.end else window


def settled(end: datetime, settings: OutcomeSettings) -> datetime:
    """Give the moment from which on the calls before `end` are complete."""
    return end + timedelta(seconds=settings.settling_seconds)


def by_due(jobs: Iterable[Job]) -> Iterator[tuple[datetime, list[Job]]]:
    """Give jobs together that are sent at the same moment."""
    found: dict[int, list[Job]] = {}
    for job in jobs:
        found.setdefault(job.due_at, []).append(job)
    for due_at, some in found.items():
        yield datetime.fromtimestamp(due_at, UTC), some
