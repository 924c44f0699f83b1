"""Reading a campaign's list of attempts to its end, while it may change under the reader.

The list is read by offsets, so what comes or goes before the reader shifts all that follows. Each page is
asked for one record early: it has to begin with the last record of the page before.

    page 0     a b c d
    page 1           d e f g        as it was: e f g are new
    page 1           c d e f        shifted: something came in front, the list is read again

A list that changes with every reading is taken as it is in the end: what was read twice is dropped by
whoever consumes it, what was missed is the next run's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

import orjson

from outbound.archiving.settings import ArchiveSettings
from outbound.clock import Deadline
from outbound.cxone.ports import Attempt, AttemptsPort
from outbound.observability import logger
from outbound.store.archive_run import ListPlace

# Time to write down the page in hand.
MARGIN_SECONDS = 5.0

Keep = Callable[[ListPlace, Sequence[Attempt]], None]
Checkpoint = Callable[[ListPlace], None]


class Listing:
    """Reads lists of attempts."""

    def __init__(self, port: AttemptsPort) -> None:
        """Read through this port."""
        self._port = port

    def read(
        self,
        campaign_id: str,
        place: ListPlace,
        settings: ArchiveSettings,
        deadline: Deadline,
        keep: Keep,
        checkpoint: Checkpoint,
    ) -> ListPlace:
        """Read on from a place until the list ends or the deadline is near, and give the place reached.

        Each page is kept before its place is written down.
        """
        while not place.done and deadline.left() > MARGIN_SECONDS:
            place = self._next(campaign_id, place, settings, keep)
            checkpoint(place)
        return place

    def _next(self, campaign_id: str, place: ListPlace, settings: ArchiveSettings, keep: Keep) -> ListPlace:
        overlap = 1 if place.offset else 0
        page = self._port.page(campaign_id, settings.page_size, place.offset - overlap)
        if overlap and (not page or digest_of(page[0]) != place.tail):
            if place.reading + 1 < settings.most_readings:
                logger.info("the list has changed and is read again", extra={"campaign_id": campaign_id})
                return ListPlace(reading=place.reading + 1)
            place = replace(place, unstable=True)
        fresh = page[overlap:]
        if fresh:
            keep(place, fresh)
        ended = len(page) < settings.page_size
        full = place.offset + len(fresh) >= settings.most_attempts
        return replace(
            place,
            page=place.page + bool(fresh),
            offset=place.offset + len(fresh),
            tail=digest_of(page[-1]) if page else place.tail,
            done=ended or full,
            truncated=full and not ended,
        )


def digest_of(attempt: Attempt) -> str:
    """Give what tells a record from others, whatever it lacks."""
    return hashlib.sha256(orjson.dumps(attempt.source, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
