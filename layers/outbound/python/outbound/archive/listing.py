"""Reading a campaign's list of attempts to its end, while it may change under the reader.

The list is read by offsets, so what comes or goes before the reader shifts all that follows. Each page is
asked for one record early: it has to begin with the last record of the page before.

    page 0     a b c d
    page 1           d e f g        as it was: e f g are new
    page 1           c d e f        shifted: something came in front, the list is read again

Reading ends where nothing follows the last record, not with a page that is short: CXone may give fewer than
were asked for. Of a list that changes with every reading the place says so (`unstable`). Collecting reads on
to its end: what was read twice is dropped by the consumer, what was missed is the next run's. Checking does
not (`only_stable`): it asks what is gone, and what was not seen is not gone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import orjson

from outbound.clock import Deadline
from outbound.cxone.ports.attempts import Attempt, AttemptsPort
from outbound.observability import logger
from outbound.store.archive_run import ListPlace

# Time to write down the page in hand.
MARGIN_SECONDS = 5.0

Keep = Callable[[ListPlace, Sequence[Attempt]], None]
Checkpoint = Callable[[ListPlace], None]


@dataclass(frozen=True, slots=True)
class ListLimits:
    """How a list is read; one that changes under `most_readings` is then read as it is, or given up."""

    page_size: int
    most_readings: int
    most_records: int
    only_stable: bool = False


class Listing:
    """Reads lists of attempts."""

    def __init__(self, port: AttemptsPort) -> None:
        """Read through this port."""
        self._port = port

    def read(
        self,
        campaign_id: str,
        place: ListPlace,
        limits: ListLimits,
        deadline: Deadline,
        keep: Keep,
        checkpoint: Checkpoint,
    ) -> ListPlace:
        """Read on from a place until the list ends or the deadline is near, and return the place reached.

        Each page is kept before its place is written down. A list that goes on behind `most_records` is left
        there (`truncated`).
        """
        while not place.done and deadline.left() > MARGIN_SECONDS:
            place = self._next(campaign_id, place, limits, keep)
            checkpoint(place)
        return place

    def _next(self, campaign_id: str, place: ListPlace, limits: ListLimits, keep: Keep) -> ListPlace:
        overlap = 1 if place.offset else 0
        page = self._port.page(campaign_id, limits.page_size, place.offset - overlap)
        fresh = page[overlap:]
        if overlap and (not page or digest_of(page[0]) != place.tail):
            if place.reading + 1 < limits.most_readings:
                logger.info("the list has changed and is read again", extra={"campaign_id": campaign_id})
                return ListPlace(reading=place.reading + 1)
            # Nobody knows what the first record is, so it is no overlap.
            place, fresh = replace(place, unstable=True, done=limits.only_stable), page
        if place.done or place.offset >= limits.most_records or not fresh:
            return replace(place, done=True, truncated=bool(fresh) and not place.done)
        keep(place, fresh)
        return replace(
            place, page=place.page + 1, offset=place.offset + len(fresh), tail=digest_of(fresh[-1])
        )


def digest_of(attempt: Attempt) -> str:
    """Give what tells a record from others, whatever it lacks."""
    return hashlib.sha256(orjson.dumps(attempt.source, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
