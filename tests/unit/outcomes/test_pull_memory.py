"""Memory: a pull of many pages holds what a pull of few pages holds."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from outbound.clock import Deadline, format_time
from outbound.cxone.platform.outcomes import PlatformCalls
from outbound.cxone.ports.outcomes import CallRecord, OutcomePage, OutcomeQuery
from outbound.outcomes.analysis import Analysis
from outbound.outcomes.job import Job, Part, Position, new_job
from outbound.outcomes.pager import Pager, Run
from outbound.outcomes.part_writer import PartWriter
from outbound.outcomes.reporter import Reporter
from outbound.outcomes.settings import OutcomeSettings
from outbound.store.objects import Lake
from worlds.aws import FakeClock

START = datetime(2026, 3, 10, 8, tzinfo=UTC)
PAGE = 2000
PART = 4000


class EndlessCalls:
    """A port that makes each page when it is asked for."""

    def __init__(self, pages: int) -> None:
        self.pages = pages

    def page(self, query: OutcomeQuery, page_token: str) -> OutcomePage:
        number = int(page_token or 0)
        calls = PlatformCalls([_call(number * PAGE + n) for n in range(PAGE)])
        return OutcomePage(calls, str(number + 1) if number + 1 < self.pages else "", 1)


def _call(number: int) -> dict[str, Any]:
    started = START + timedelta(seconds=number % 3600)
    return {
        "id": f"call-{number:032}",
        "campaignId": "spring",
        "dispositionCode": "BUSY",
        "startTime": started.isoformat(),
        "direction": "OUTBOUND",
        "agentId": f"agent-{number % 20}",
    }


class ForgetfulJobs:
    """Checks pages off and keeps nothing of them."""

    def checkpoint(self, job: Job, position: Position, part: Part, now: datetime) -> Job:
        return replace(job, position=position)


class NoS3:
    """Keeps nothing, and takes long enough for the next part to be gathered meanwhile."""

    def put_object(self, **more: Any) -> None:
        time.sleep(1)


@contextmanager
def _traced() -> Iterator[None]:
    gc.collect()
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


def _pull(pages: int) -> int:
    """Pull so many pages; give the most bytes that were held at any moment."""
    clock = FakeClock()
    pager = Pager(EndlessCalls(pages), ForgetfulJobs(), PartWriter(Lake(NoS3(), "lake")), clock)  # type: ignore[arg-type]
    end = START + timedelta(hours=1)
    run = Run(new_job("spring", START, end, "schedule", end, "c"))
    query = OutcomeQuery("spring", START, end, (), PAGE)
    with _traced():
        pager.read(run, query, OutcomeSettings(part_records=PART), Deadline(clock, 3600))
        most = tracemalloc.get_traced_memory()[1]
    assert (run.pages, run.records) == (pages, pages * PAGE)
    return most


@pytest.mark.slow
def test_memory_does_not_grow_with_the_pages() -> None:
    """Once a part is being written while the next is gathered, no more is held however many there are."""
    few = _pull(4 * PART // PAGE)
    assert _pull(10 * PART // PAGE) < 1.15 * few


@pytest.mark.slow
def test_no_call_is_held_when_a_pull_is_over() -> None:
    _pull(4)
    gc.collect()
    held = [one for one in gc.get_objects() if isinstance(one, CallRecord) and one.call_id is not None]
    assert held == []


class ManyParts:
    """Parts of a job, each with an analysis of some 100 KB, made when they are read."""

    def first(self, job_id: str, pages: int) -> Iterator[Part]:
        for page in range(pages):
            analysis = Analysis()
            analysis.agents = {f"{agent:090}": [1, page] for agent in range(1000)}
            yield Part(page, f"key-{page}", "sha", 1, 1, {}, analysis.to_json())


class ManyPages(ForgetfulJobs):
    parts = ManyParts()

    def complete(self, *ended: Any) -> None:
        return None


@pytest.mark.slow
def test_ending_a_job_holds_the_analysis_of_one_page_at_a_time() -> None:
    clock = FakeClock()
    reporter = Reporter(ManyPages(), Lake(NoS3(), "lake"), "acme", clock)  # type: ignore[arg-type]
    end = START + timedelta(hours=1)
    position = Position(page=100, since=format_time(START))
    job = replace(
        new_job("spring", START, end, "schedule", end, "c"), position=position, initiated_at=format_time(end)
    )
    with _traced():
        assert reporter.complete(job, OutcomeSettings(), Deadline(clock, 60)) is None
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
