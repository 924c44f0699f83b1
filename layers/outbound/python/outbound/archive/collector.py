"""Collecting: a campaign's completed attempts, all of them, before any of them leaves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from outbound.archive.keys import collected_key
from outbound.archive.listing import Listing, ListLimits
from outbound.archive.runs import ListPlace, Run, Runs
from outbound.archive.settings import ArchiveSettings
from outbound.archive.step_result import Answer, Outcome, Superseded
from outbound.clock import Deadline
from outbound.cxone.ports.attempts import Attempt
from outbound.store.lake import Lake, line_of


class Collector:
    """Collects attempts into the lake."""

    def __init__(self, listing: Listing, runs: Runs, lake: Lake) -> None:
        """Keep pages in this lake."""
        self._listing = listing
        self._runs = runs
        self._lake = lake

    def collect(self, run: Run, settings: ArchiveSettings, deadline: Deadline) -> Answer:
        """Read the campaign's list from where the run stands: complete, more, or empty."""
        standing = [run]

        def keep(place: ListPlace, page: Sequence[Attempt]) -> None:
            lines = [line_of(list(without_person(attempt))) for attempt in page]
            self._lake.write_lines(collected_key(run, place.reading, place.page), lines)

        def checkpoint(place: ListPlace) -> None:
            moved = self._runs.advance(standing[0], collected=place, failures=0)
            if moved is None:
                raise Superseded
            standing[0] = moved

        limits = ListLimits(settings.page_size, settings.most_readings, settings.attempts_of_a_run)
        place = self._listing.read(
            run.campaign_id, run.progress.collected, limits, deadline, keep, checkpoint
        )
        counts = {"collected": place.offset, "pages": place.page, "readings": place.reading + 1}
        if not place.done:
            return Answer(Outcome.MORE, counts=counts)
        return Answer(Outcome.COMPLETE if place.offset else Outcome.EMPTY, counts=counts)

    def page(self, run: Run, number: int) -> Iterator[Attempt]:
        """Give the attempts of a collected page."""
        for values in self._lake.read_lines(collected_key(run, run.progress.collected.reading, number)):
            yield Attempt(*values)


def without_person(attempt: Attempt) -> Attempt:
    """Give an attempt as it may be kept: of a person who is not anonymised, no record."""
    return attempt if attempt.anonymised is True else attempt._replace(source=None)
