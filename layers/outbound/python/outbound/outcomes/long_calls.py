"""Calls that were under way when their window was pulled: it is pulled once more when they must have ended.

    window ends -- settled: pulled ............ longest call later: pulled again, quietly
                                                  what differs is switched to, counted and published

A call appears in CXone when it has ended, or without a code while it lasts. Without the second look those
that take long, which are those that convert, would be missing for good.
"""

from __future__ import annotations

from outbound.clock import Clock
from outbound.outcomes.dispatcher import Dispatcher
from outbound.outcomes.job import job_of
from outbound.outcomes.jobs import Jobs
from outbound.store.table import Item


class LongCalls:
    """Plans the second pull of windows, which the sweeper finds due."""

    def __init__(self, jobs: Jobs, dispatcher: Dispatcher, clock: Clock) -> None:
        """Plan these jobs anew, and send them."""
        self._jobs = jobs
        self._dispatcher = dispatcher
        self._clock = clock

    def pull_again(self, item: Item) -> None:
        """Plan a completed job anew; one that was planned otherwise meanwhile is left as it is."""
        job, now = job_of(item), self._clock.now()
        written = self._jobs.again(job, "", job.correlation_id, now, now, quiet=True)
        if written.done:
            self._dispatcher.send([job_of(written.item)], now)
