"""Takes a file from its arrival to its answer, a step at a time, over as many runs as that needs.

    new object --> noting --> checking --> reading --> waiting --> answering --> finished
                      |          |            |                       |
                      |          |            |                       +-- result, report, fact
                      |          |            +-- rows to the queue; broken ones are rejected at once,
                      |          |                and all of them once the file is cancelled
                      |          +-- refused, with a report and a fact
                      +-- who must not be called is said, whatever else is wrong with the file

A file that was refused, or had rows rejected, begins anew when the same is put there once more: what was
applied stays, the rest is tried again.

Whatever a run is cut off at, the next one goes on from what was written down last, and what it does again
comes out the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from outbound.clock import Clock, Deadline
from outbound.dispositions.deferral import AGAIN_SECONDS
from outbound.dispositions.do_not_call import DoNotCall
from outbound.dispositions.facts import Facts
from outbound.dispositions.files.completion import RowWatch
from outbound.dispositions.files.content import Block
from outbound.dispositions.files.inbox import Found, Gone, Inbox
from outbound.dispositions.files.ledger import (
    ENDED_FILES,
    DispositionFile,
    DispositionFiles,
    FileState,
    Overtaken,
)
from outbound.dispositions.files.names import (
    Notice,
    Unfit,
    file_id_of,
    is_named_like_an_answer,
    notice_of,
)
from outbound.dispositions.files.opt_out_reader import RefusalReader
from outbound.dispositions.files.reader import NotSent, Pace, RowQueue, RowReader, RowRejecter
from outbound.dispositions.files.results import Answerer, Endings
from outbound.dispositions.files.validation import check
from outbound.dispositions.ledger import DispositionLedger
from outbound.dispositions.reports import Tally
from outbound.dispositions.settings import DispositionSettings
from outbound.do_not_call import DoNotCallCodes
from outbound.events import PublishFailed
from outbound.observability import logger
from outbound.queues import Invocation, TryLater, growing, work
from outbound.runtime import Runtime, Work
from outbound.settings import ConfigurationError

# Another run has the file in hand; its slice takes seconds.
_OVERTAKEN_SECONDS = 30.0
_GONE = "gone"

# A slice of rows takes about a second, and is what a run that is cut off repeats.
_PACE = Pace(rows=500, at_once=8)
# Enough to end a slice of rows.
_MARGIN_SECONDS = 20.0

Settings = Callable[[], DispositionSettings]


def may_be_tried_again(file: DispositionFile) -> bool:
    """Return True if a file has ended, and not all of it with an effect: the same is then a new attempt."""
    if file.state is FileState.FINISHED:
        return bool(Tally(file.answered.tally).rejections)
    return file.state is FileState.REFUSED


@dataclass(frozen=True, slots=True)
class Steps:
    """What is done with a file, in this order."""

    refusals: RefusalReader
    reader: RowReader
    watch: RowWatch
    answerer: Answerer
    endings: Endings


class FileHandler:
    """Handles the files of one tenant."""

    def __init__(self, files: DispositionFiles, inbox: Inbox, steps: Steps, clock: Clock) -> None:
        """Take files out of this inbox, and answer them there."""
        self._files = files
        self._inbox = inbox
        self._refusals = steps.refusals
        self._reader = steps.reader
        self._watch = steps.watch
        self._answerer = steps.answerer
        self._endings = steps.endings
        self._clock = clock

    def take(
        self,
        record: Mapping[str, Any],
        settings: Callable[[], DispositionSettings],
        until: Deadline,
        do_not_call_codes: Callable[[], Iterable[str]] | None = None,
    ) -> None:
        """Take the report of a new object; return when its file is answered and the answer is said.

        `do_not_call_codes` can be had whatever is wrong with the settings; by default those of the settings.
        Raises TryLater until then, Refused for what is no such report.
        """
        notice = notice_of(record)
        if notice.key.endswith("/"):
            # A mere folder.
            return
        logger.append_keys(file=notice.key)
        codes = do_not_call_codes or (lambda: settings().do_not_call_codes)
        try:
            if file := self._known(notice):
                self._go_on(file, settings, codes, until)
        except Overtaken:
            raise TryLater(_OVERTAKEN_SECONDS, "another run has the file in hand") from None
        except (NotSent, PublishFailed, ConfigurationError, ClientError, BotoCoreError) as error:
            logger.warning("a file waits", exc_info=True)
            raise growing(record, type(error).__name__, AGAIN_SECONDS) from error

    def _known(self, notice: Notice) -> DispositionFile | None:
        """Return the file that a notice is about, as far as it has come; None for an answer of ours."""
        found = None
        if not notice.etag:
            found = self._found(notice)
            notice = replace(notice, etag=found.etag)
        file_id = file_id_of(notice.bucket, notice.key, notice.etag, notice.version)
        if file := self._files.get(file_id):
            return self._again(file, notice)
        found = found or self._found(notice)
        # What cannot be looked at any more and has the name of an answer was one: nobody misses it.
        is_missing = not found.etag or found.etag != notice.etag
        if found.answers or (is_missing and is_named_like_an_answer(notice.key)):
            return None
        return self._register(file_id, notice, found)

    def _again(self, file: DispositionFile, notice: Notice) -> DispositionFile:
        """Begin a file anew that was put there once more, unless all of it had its effect."""
        if notice.arrival in ("", file.arrival) or not may_be_tried_again(file):
            return file
        found = self._found(notice)
        if found.etag != notice.etag:
            return file
        self._endings.publish(file)
        # Rows without a time of their own keep that of the first upload: they say nothing new.
        uploaded_at = file.uploaded_at if file.state is FileState.FINISHED else found.modified
        new = DispositionFile(file.file_id, file.key, file.etag, file.version, found.size, uploaded_at)
        attempt, revision = file.attempt + 1, file.revision
        new = replace(new, arrival=notice.arrival, attempt=attempt, revision=revision)
        return self._files.save(new, self._clock.now())

    def _found(self, notice: Notice) -> Found:
        try:
            return self._inbox.find(notice.key, notice.version)
        except Gone:
            return Found(notice.key, "", notice.version, 0, self._clock.now())

    def _register(self, file_id: str, notice: Notice, found: Found) -> DispositionFile:
        file = DispositionFile(file_id, notice.key, notice.etag, notice.version, found.size, found.modified)
        file = replace(file, arrival=notice.arrival)
        if not found.etag or found.etag != notice.etag:
            file = replace(file, reason=_GONE)
        return self._files.register(file, self._clock.now())

    def _go_on(
        self, file: DispositionFile, settings: Settings, codes: Callable[[], Iterable[str]], until: Deadline
    ) -> None:
        try:
            if file.state is FileState.NOTING and file.reason != _GONE:
                file = self._refusals.read(file, self._block(file), codes(), until)
            if file.state not in ENDED_FILES:
                self._advance(file, settings(), until)
        except Unfit as unfit:
            self._refuse(file, unfit)
        except Gone:
            self._refuse(file, Unfit(_GONE, "it was removed or replaced before all of it was read"))
        self._endings.publish(file)

    def _refuse(self, file: DispositionFile, why: Unfit) -> None:
        """End a file as it is written down, which is further than when this run took it up."""
        now = self._files.get(file.file_id) or file
        if now.state not in ENDED_FILES:
            # What lies there now is another file, and the report would be taken for its own.
            self._endings.refuse(now, why, with_report=why.reason != _GONE)

    def _advance(self, file: DispositionFile, settings: DispositionSettings, until: Deadline) -> None:
        block = self._block(file)
        if file.reason == _GONE:
            raise Gone
        if file.state is FileState.CHECKING:
            file = self._check(file, block, settings, until)
        if file.state is FileState.READING:
            file = self._reader.read(file, block, settings, until)
        if file.state is FileState.WAITING:
            file = self._watch.wait(file, settings, until)
        if file.state is FileState.ANSWERING:
            answered, tally = self._answerer.answer(file, until)
            self._endings.finish(answered, tally)

    def _check(
        self, file: DispositionFile, block: Block, settings: DispositionSettings, until: Deadline
    ) -> DispositionFile:
        checked = self._files.save(check(file, block, settings.max_file_bytes, until), self._clock.now())
        if checked.state is FileState.CHECKING:
            raise TryLater(0, f"{checked.checked} bytes are checked, and there are more")
        return checked

    def _block(self, file: DispositionFile) -> Block:
        return partial(self._inbox.block, file.key, file.etag, file.version)


def file_handler(runtime: Runtime, inbox: Inbox, pace: Pace = _PACE) -> FileHandler:
    """Return the handler of an inbox's files, whose rows go to the stack's queue of dispositions."""
    table, tenant, clock = runtime.state, runtime.tenant, runtime.clock
    queue = RowQueue(runtime.client("sqs"), runtime.name("DISPOSITIONS_QUEUE_URL"), clock)
    files, ledger, outbox = (
        DispositionFiles(table, tenant),
        DispositionLedger(table, tenant),
        runtime.outbox,
    )
    facts = Facts(tenant)
    do_not_call = DoNotCall(ledger, outbox, facts)
    rejecter = RowRejecter(ledger, do_not_call, facts, clock)
    steps = Steps(
        RefusalReader(files, do_not_call, clock, pace),
        RowReader(files, rejecter, queue, tenant, clock, pace),
        RowWatch(files, ledger, clock),
        Answerer(files, ledger, inbox, clock),
        Endings(files, inbox, outbox, tenant, clock),
    )
    return FileHandler(files, inbox, steps, clock)


def build(runtime: Runtime) -> Work:
    """Return the work of the function that is told of new files."""
    documents, queue = runtime.documents, runtime.queue
    settings = partial(documents.get, "dispositions", DispositionSettings)
    files = file_handler(runtime, Inbox(runtime.client("s3"), runtime.name("LAKE_BUCKET")))

    def codes() -> Iterable[str]:
        return documents.get("dispositions", DoNotCallCodes, else_packaged=True).codes

    def read(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        until = runtime.deadline(invocation, _MARGIN_SECONDS)
        take = partial(files.take, settings=settings, until=until, do_not_call_codes=codes)
        return work(event, queue, take, invocation)

    return read
