"""Takes a file from its arrival to its answer, a step at a time, over as many runs as that needs.

    new object --> noting --> checking --> reading --> waiting --> answering --> finished
                      |          |            |                       |
                      |          |            |                       +-- result, report, fact
                      |          |            +-- rows to the queue; broken ones are rejected at once,
                      |          |                and all of them once the file is cancelled
                      |          +-- refused, with a report and a fact
                      +-- opt-outs are published, whatever else is wrong with the file

A file that was refused, or had rows rejected, begins anew when the same is put there once more: what was
applied stays, the rest is tried again.

Wherever a run is cut off, the next one resumes from what was written down last, and what it repeats comes
out the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from outbound.clock import Clock, Deadline, Invocation
from outbound.dispositions.do_not_call import DoNotCall, OptOut
from outbound.dispositions.facts import DispositionFacts
from outbound.dispositions.files.completion import RowWatch
from outbound.dispositions.files.ledger import DispositionFile, DispositionFiles
from outbound.dispositions.files.names import PREFIX, file_id_of
from outbound.dispositions.files.opt_out_reader import opt_out_recording
from outbound.dispositions.files.opt_outs import opt_outs_by
from outbound.dispositions.files.reader import Pace, RowQueue, RowReader, RowRejecter
from outbound.dispositions.files.results import FileCloser, ResultWriter
from outbound.dispositions.files.rows import COLUMNS
from outbound.dispositions.ledger import DispositionLedger
from outbound.dispositions.reports import Tally
from outbound.dispositions.settings import DispositionSettings
from outbound.do_not_call import DoNotCallCodes
from outbound.files.arrivals import Arrivals, FileKind
from outbound.files.check import check
from outbound.files.content import Block
from outbound.files.inbox import Inbox
from outbound.files.ledger import FileState
from outbound.files.refusal_reader import RefusalReader
from outbound.queues import TryLater, work
from outbound.runtime import Runtime, Work

# A slice of rows takes about a second, and is what a run that is cut off repeats.
_PACE = Pace(rows=500, at_once=8)
# Enough to end a slice of rows.
_MARGIN_SECONDS = 20.0


def may_be_tried_again(file: DispositionFile) -> bool:
    """Return True if a file has ended, and not all of it with an effect: put again, it is a new attempt."""
    if file.state is FileState.FINISHED:
        return bool(Tally(file.result.tally).rejections)
    return file.state is FileState.REFUSED


_KIND = FileKind(
    PREFIX,
    file_id_of,
    DispositionFile,
    may_be_tried_again,
    keeps_its_time=lambda file: file.state is FileState.FINISHED,
)


@dataclass(frozen=True, slots=True)
class Steps:
    """What processes a file, in this order."""

    opt_outs: RefusalReader[DispositionFile, OptOut]
    rows: RowReader
    watch: RowWatch
    results: ResultWriter
    closer: FileCloser


class FileProcessor:
    """Takes the files of one tenant from arrival to answer."""

    def __init__(self, files: DispositionFiles, inbox: Inbox, steps: Steps, clock: Clock) -> None:
        """Take files out of this inbox, and answer them there."""
        self._files = files
        self._steps = steps
        self._clock = clock
        self._arrivals = Arrivals(_KIND, files, inbox, steps.closer, clock)

    @classmethod
    def of(cls, runtime: Runtime, inbox: Inbox, pace: Pace = _PACE) -> FileProcessor:
        """Return the processor of an inbox's files, whose rows go to the stack's queue of dispositions."""
        table, tenant, clock, outbox = runtime.state, runtime.tenant, runtime.clock, runtime.outbox
        queue = RowQueue(runtime.client("sqs"), runtime.name("DISPOSITIONS_QUEUE_URL"), clock)
        files, ledger = DispositionFiles(table, tenant), DispositionLedger(table, tenant)
        facts = DispositionFacts(tenant)
        do_not_call = DoNotCall(ledger, outbox, facts)
        rejecter = RowRejecter(ledger, do_not_call, facts, clock)
        steps = Steps(
            RefusalReader(files, opt_out_recording(do_not_call, clock, pace), clock),
            RowReader(files, rejecter, queue, tenant, clock, pace),
            RowWatch(files, ledger, clock),
            ResultWriter(files, ledger, inbox, clock),
            FileCloser(files, inbox, outbox, tenant, clock),
        )
        return cls(files, inbox, steps, clock)

    def take(
        self,
        record: Mapping[str, Any],
        settings: Callable[[], DispositionSettings],
        until: Deadline,
        do_not_call_codes: Callable[[], Iterable[str]] | None = None,
    ) -> None:
        """Take the notice of a new object; return when its file is answered and that is published.

        Args:
            record: The message of the notice.
            settings: The settings as they are now; may raise ConfigurationError.
            until: When this run has to hand over.
            do_not_call_codes: The codes that forbid to call, which can be had whatever is wrong with the
                settings; by default those of the settings.

        Raises:
            TryLater: The file is not answered yet.
            Refused: The message is not a notice of a new object.
        """
        codes = do_not_call_codes or (lambda: settings().do_not_call_codes)

        def advance(file: DispositionFile, block: Block) -> None:
            if file.state is FileState.NOTING:
                file = self._steps.opt_outs.read(file, block, opt_outs_by(codes()), until)
            self._advance(file, block, settings(), until)

        self._arrivals.take(record, advance)

    def _advance(
        self, file: DispositionFile, block: Block, settings: DispositionSettings, until: Deadline
    ) -> None:
        if file.state is FileState.CHECKING:
            file = self._check(file, block, settings, until)
        if file.state is FileState.READING:
            file = self._steps.rows.read(file, block, settings, until)
        if file.state is FileState.WAITING:
            file = self._steps.watch.wait(file, settings, until)
        if file.state is FileState.ANSWERING:
            answered, tally = self._steps.results.write(file, until)
            self._steps.closer.finish(answered, tally)

    def _check(
        self, file: DispositionFile, block: Block, settings: DispositionSettings, until: Deadline
    ) -> DispositionFile:
        checked = check(file, COLUMNS, block, settings.max_file_bytes, until)
        checked = self._files.save(checked, self._clock.now())
        if checked.state is FileState.CHECKING:
            raise TryLater(0, f"{checked.checked} bytes are checked, and there are more")
        return checked


def build(runtime: Runtime) -> Work:
    """Return the work of the function behind the queue of new files."""
    documents, queue = runtime.documents, runtime.queue
    settings = partial(documents.get, "dispositions", DispositionSettings)
    files = FileProcessor.of(runtime, Inbox(runtime.client("s3"), runtime.name("LAKE_BUCKET")))

    def codes() -> Iterable[str]:
        return documents.get("dispositions", DoNotCallCodes, else_packaged=True).codes

    def read(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        until = runtime.deadline(invocation, _MARGIN_SECONDS)
        take = partial(files.take, settings=settings, until=until, do_not_call_codes=codes)
        return work(event, queue, take, invocation)

    return read
