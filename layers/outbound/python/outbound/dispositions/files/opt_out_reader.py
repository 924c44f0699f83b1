"""Notes who must not be called because of a file, before anything else of the file is looked at.

However large the file is and whatever is wrong with it: a refusal in its last row is said before its first
row is queued.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from outbound.clock import Clock, Deadline
from outbound.dispositions.do_not_call import DoNotCall, Refusal
from outbound.dispositions.files.content import Block
from outbound.dispositions.files.ledger import DispositionFile, DispositionFiles, FileState, Place
from outbound.dispositions.files.names import Unfit, row_id
from outbound.dispositions.files.opt_outs import Found, refusals_of
from outbound.dispositions.files.reader import Pace
from outbound.observability import logger
from outbound.queues import TryLater

# Unpacked; what is larger is a file that nobody may send.
_MOST_BYTES = 2**33
# Rows between two looks at the time left.
_ROWS = 1000
# What was said is on its way to the ledger of consent for moments; rows are not queued sooner.
_HEAD_START_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Pending:
    """A refusal that is to be said: its row, and its number among those of the row."""

    row: int
    number: int
    refusal: Refusal


class RefusalReader:
    """Reads files for who must not be called."""

    def __init__(self, files: DispositionFiles, do_not_call: DoNotCall, clock: Clock, pace: Pace) -> None:
        """Say so many at once as rows go out, and note the place as often."""
        self._files = files
        self._do_not_call = do_not_call
        self._clock = clock
        self._at_once = pace.at_once
        self._together = pace.rows

    def read(
        self, file: DispositionFile, block: Block, codes: Iterable[str], until: Deadline
    ) -> DispositionFile:
        """Return a file all of whose refusals are said, ready to be checked.

        Raises TryLater at the deadline; the next run goes on where this one stopped.
        """
        pending: list[_Pending] = []
        place = file.noted
        with ThreadPoolExecutor(self._at_once) as threads:
            for found in self._found(file, block, codes):
                place = found.place
                pending += [_Pending(place.row, *one) for one in enumerate(found.refusals)]
                if len(pending) >= self._together:
                    file, pending = self._say(file, place, pending, threads, until), []
                if place.row % _ROWS == 0 and until.left() <= 0:
                    self._say(file, place, pending, threads, until)
                    raise TryLater(0, f"{place.row} rows are looked through for refusals")
            file = self._say(file, place, pending, threads, until)
        if file.refusals:
            self._clock.sleep(min(_HEAD_START_SECONDS, max(0.0, until.left())))
        return self._files.save(replace(file, state=FileState.CHECKING), self._clock.now())

    def _found(self, file: DispositionFile, block: Block, codes: Iterable[str]) -> Iterator[Found]:
        try:
            for found in refusals_of(block, file.size, codes, file.noted):
                yield found
                if found.place.offset > _MOST_BYTES:
                    return
        except Unfit as unfit:
            # Up to here it could be read; the check refuses it.
            logger.warning("a file cannot be read to its end", extra={"reason": unfit.reason})

    def _say(
        self,
        file: DispositionFile,
        place: Place,
        pending: Sequence[_Pending],
        threads: ThreadPoolExecutor,
        until: Deadline,
    ) -> DispositionFile:
        """Say refusals, and write down that all up to a place are said."""

        def say(one: _Pending) -> None:
            self._say_one(file, one)

        for first in range(0, len(pending), self._together):
            # One broken row can hold a whole file: what is said already costs the next run little.
            if first and until.left() <= 0:
                raise TryLater(0, "refusals of one row are left to be said")
            for _ in threads.map(say, pending[first : first + self._together]):
                pass
        said = replace(file, noted=place, refusals=file.refusals + len(pending))
        return self._files.save(said, self._clock.now()) if pending or until.left() <= 0 else said

    def _say_one(self, file: DispositionFile, one: _Pending) -> None:
        """Say a refusal with its row's request; others of the same row have items of their own beside it."""
        request_id, beside = row_id(file.file_id, one.row), ""
        if one.number:
            request_id, beside = f"{request_id}-{one.refusal.contact_id}", "#refusals"
        now = self._clock.now()
        self._do_not_call.say(file.file_id, request_id, one.refusal, file.uploaded_at, now, beside)
