"""Takes a file of consent from its arrival to its answer, a step at a time, over as many runs as it needs.

    new object --> noting --> checking --> reading --> answering --> finished
                      |          |            |            |
                      |          |            |            +-- list of wrong rows, report, fact
                      |          |            +-- rows into the ledger of consent; wrong ones are counted
                      |          +-- refused, with a report and a fact
                      +-- what forbids is recorded, whatever else is wrong with the file

Wherever a run is cut off, the next one resumes from what was written down last, and what it repeats comes
out the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from outbound.clock import Clock, Deadline, Invocation
from outbound.consent.bulk import BulkRecorder
from outbound.consent.files.answers import FileCloser, WrongRowLister
from outbound.consent.files.names import PREFIX, ConsentFile, ConsentFiles, file_id_of
from outbound.consent.files.reader import RowReader, refusal_recording
from outbound.consent.files.rows import COLUMNS, REFUSALS, FileRefusal
from outbound.files.arrivals import Arrivals, FileKind
from outbound.files.check import check
from outbound.files.content import Block
from outbound.files.inbox import Inbox
from outbound.files.ledger import FileState
from outbound.files.refusal_reader import RefusalReader
from outbound.queues import TryLater, work
from outbound.runtime import Runtime, Work

# Unpacked. A million rows have some hundred megabytes.
MOST_BYTES = 2**33
# Enough to end a slice of rows.
_MARGIN_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How many rows are recorded between two notes of the place, and by how many calls to AWS at once."""

    rows: int = 2000
    at_once: int = 8


_PACE = Pace()


def may_be_tried_again(file: ConsentFile) -> bool:
    """Return True if a file has ended, and not all of it is recorded: put again, it is a new attempt."""
    return file.state is FileState.REFUSED or (file.state is FileState.FINISHED and file.failed > 0)


_KIND = FileKind(
    PREFIX,
    file_id_of,
    ConsentFile,
    may_be_tried_again,
    keeps_its_time=lambda _: False,
)


@dataclass(frozen=True, slots=True)
class Steps:
    """What processes a file, in this order."""

    refusals: RefusalReader[ConsentFile, FileRefusal]
    rows: RowReader
    lister: WrongRowLister
    closer: FileCloser


class FileProcessor:
    """Takes the files of one tenant from arrival to answer."""

    def __init__(self, files: ConsentFiles, inbox: Inbox, steps: Steps, clock: Clock) -> None:
        """Take files out of this inbox, and answer them there."""
        self._files = files
        self._steps = steps
        self._clock = clock
        self._arrivals = Arrivals(_KIND, files, inbox, steps.closer, clock)

    @classmethod
    def of(cls, runtime: Runtime, inbox: Inbox, pace: Pace = _PACE) -> FileProcessor:
        """Return the processor of an inbox's files, whose rows go into the stack's ledger of consent."""
        tenant, clock = runtime.tenant, runtime.clock
        files, recorder = ConsentFiles(runtime.state, tenant), BulkRecorder.of(runtime, pace.at_once)
        steps = Steps(
            RefusalReader(files, refusal_recording(recorder, tenant, pace.rows), clock),
            RowReader(files, recorder, tenant, clock, pace.rows),
            WrongRowLister(files, inbox, tenant, clock),
            FileCloser(files, inbox, runtime.outbox, tenant, clock),
        )
        return cls(files, inbox, steps, clock)

    def take(self, record: Mapping[str, Any], until: Deadline) -> None:
        """Take the notice of a new object; return when its file is answered and that is published.

        Raises:
            TryLater: The file is not answered yet.
            Refused: The message is not a notice of a new object.
        """
        self._arrivals.take(record, partial(self._advance, until))

    def _advance(self, until: Deadline, file: ConsentFile, block: Block) -> None:
        if file.state is FileState.NOTING:
            file = self._steps.refusals.read(file, block, REFUSALS, until)
        if file.state is FileState.CHECKING:
            file = self._check(file, block, until)
        if file.state is FileState.READING:
            file = self._steps.rows.read(file, block, until)
        if file.state is FileState.ANSWERING:
            self._steps.closer.finish(self._steps.lister.write(file, block, until))

    def _check(self, file: ConsentFile, block: Block, until: Deadline) -> ConsentFile:
        checked = check(file, COLUMNS, block, MOST_BYTES, until)
        checked = replace(checked, first=checked.place, listed=checked.place)
        checked = self._files.save(checked, self._clock.now())
        if checked.state is FileState.CHECKING:
            raise TryLater(0, f"{checked.checked} bytes are checked, and there are more")
        return checked


def build(runtime: Runtime) -> Work:
    """Return the work of the function behind the queue of new files."""
    queue = runtime.queue
    files = FileProcessor.of(runtime, Inbox(runtime.client("s3"), runtime.name("LAKE_BUCKET")))

    def read(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        until = runtime.deadline(invocation, _MARGIN_SECONDS)
        return work(event, queue, partial(files.take, until=until), invocation)

    return read
