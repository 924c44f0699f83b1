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
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from outbound.clock import Clock, Deadline, Invocation
from outbound.dispositions.deferral import AGAIN_SECONDS
from outbound.dispositions.do_not_call import DoNotCall
from outbound.dispositions.facts import DispositionFacts
from outbound.dispositions.files.completion import RowWatch
from outbound.dispositions.files.content import Block
from outbound.dispositions.files.inbox import Inbox, InboxObject, ObjectGone
from outbound.dispositions.files.ledger import (
    ENDED_FILES,
    ConcurrentUpdate,
    DispositionFile,
    DispositionFiles,
    FileState,
)
from outbound.dispositions.files.names import (
    FileRefused,
    UploadNotice,
    file_id_of,
    is_named_like_an_answer,
    notice_of,
)
from outbound.dispositions.files.opt_out_reader import OptOutReader
from outbound.dispositions.files.reader import NotSent, Pace, RowQueue, RowReader, RowRejecter
from outbound.dispositions.files.results import FileCloser, ResultWriter
from outbound.dispositions.files.validation import check
from outbound.dispositions.ledger import DispositionLedger
from outbound.dispositions.reports import Tally
from outbound.dispositions.settings import DispositionSettings
from outbound.do_not_call import DoNotCallCodes
from outbound.events import PublishFailed
from outbound.logs import logger
from outbound.queues import TryLater, exponential_backoff, work
from outbound.runtime import Runtime, Work
from outbound.settings import ConfigurationError

# Another run works on the file; its slice takes seconds.
_OTHER_RUN_SECONDS = 30.0
_GONE = "gone"

# A slice of rows takes about a second, and is what a run that is cut off repeats.
_PACE = Pace(rows=500, at_once=8)
# Enough to end a slice of rows.
_MARGIN_SECONDS = 20.0

Settings = Callable[[], DispositionSettings]


def may_be_tried_again(file: DispositionFile) -> bool:
    """Return True if a file has ended, and not all of it with an effect: put again, it is a new attempt."""
    if file.state is FileState.FINISHED:
        return bool(Tally(file.result.tally).rejections)
    return file.state is FileState.REFUSED


@dataclass(frozen=True, slots=True)
class Steps:
    """What processes a file, in this order."""

    opt_outs: OptOutReader
    rows: RowReader
    watch: RowWatch
    results: ResultWriter
    closer: FileCloser


class FileProcessor:
    """Takes the files of one tenant from arrival to answer."""

    def __init__(self, files: DispositionFiles, inbox: Inbox, steps: Steps, clock: Clock) -> None:
        """Take files out of this inbox, and answer them there."""
        self._files = files
        self._inbox = inbox
        self._steps = steps
        self._clock = clock

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
            OptOutReader(files, do_not_call, clock, pace),
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
        notice = notice_of(record)
        if notice.key.endswith("/"):
            # A mere folder.
            return
        logger.append_keys(file=notice.key)
        codes = do_not_call_codes or (lambda: settings().do_not_call_codes)
        try:
            if file := self._file_of(notice):
                self._continue(file, settings, codes, until)
        except ConcurrentUpdate:
            raise TryLater(_OTHER_RUN_SECONDS, "another run works on the file") from None
        except (NotSent, PublishFailed, ConfigurationError, ClientError, BotoCoreError) as error:
            logger.warning("a file waits", exc_info=True)
            raise exponential_backoff(record, type(error).__name__, AGAIN_SECONDS) from error

    def _file_of(self, notice: UploadNotice) -> DispositionFile | None:
        """Return the file that a notice is about, as far as it has come; None for an answer of ours."""
        found = None
        if not notice.etag:
            found = self._object_of(notice)
            notice = replace(notice, etag=found.etag)
        file_id = file_id_of(notice.bucket, notice.key, notice.etag, notice.version)
        if file := self._files.get(file_id):
            return self._restarted(file, notice)
        found = found or self._object_of(notice)
        # What cannot be looked at any more and has the name of an answer was one: nothing is lost with it.
        is_missing = not found.etag or found.etag != notice.etag
        if found.answers or (is_missing and is_named_like_an_answer(notice.key)):
            return None
        return self._register(file_id, notice, found)

    def _restarted(self, file: DispositionFile, notice: UploadNotice) -> DispositionFile:
        """Return a file that begins anew if it was put there once more, unless all of it had its effect."""
        if notice.arrival in ("", file.arrival) or not may_be_tried_again(file):
            return file
        found = self._object_of(notice)
        if found.etag != notice.etag:
            return file
        self._steps.closer.publish(file)
        # Rows without a time of their own keep that of the first upload: they say nothing new.
        uploaded_at = file.uploaded_at if file.state is FileState.FINISHED else found.modified
        new = DispositionFile(file.file_id, file.key, file.etag, file.version, found.size, uploaded_at)
        attempt, revision = file.attempt + 1, file.revision
        new = replace(new, arrival=notice.arrival, attempt=attempt, revision=revision)
        return self._files.save(new, self._clock.now())

    def _object_of(self, notice: UploadNotice) -> InboxObject:
        try:
            return self._inbox.find(notice.key, notice.version)
        except ObjectGone:
            return InboxObject(notice.key, "", notice.version, 0, self._clock.now())

    def _register(self, file_id: str, notice: UploadNotice, found: InboxObject) -> DispositionFile:
        file = DispositionFile(file_id, notice.key, notice.etag, notice.version, found.size, found.modified)
        file = replace(file, arrival=notice.arrival)
        if not found.etag or found.etag != notice.etag:
            file = replace(file, reason=_GONE)
        return self._files.register(file, self._clock.now())

    def _continue(
        self, file: DispositionFile, settings: Settings, codes: Callable[[], Iterable[str]], until: Deadline
    ) -> None:
        try:
            if file.state is FileState.NOTING and file.reason != _GONE:
                file = self._steps.opt_outs.read(file, self._block(file), codes(), until)
            if file.state not in ENDED_FILES:
                self._advance(file, settings(), until)
        except FileRefused as refused:
            self._refuse(file, refused)
        except ObjectGone:
            self._refuse(file, FileRefused(_GONE, "it was removed or replaced before all of it was read"))
        self._steps.closer.publish(file)

    def _refuse(self, file: DispositionFile, why: FileRefused) -> None:
        """End a file as it is written down by now, which is further than when this run began."""
        latest = self._files.get(file.file_id) or file
        if latest.state not in ENDED_FILES:
            # What lies there now is another file, and the report would be taken for its own.
            self._steps.closer.refuse(latest, why, with_report=why.reason != _GONE)

    def _advance(self, file: DispositionFile, settings: DispositionSettings, until: Deadline) -> None:
        block = self._block(file)
        if file.reason == _GONE:
            raise ObjectGone
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
        checked = self._files.save(check(file, block, settings.max_file_bytes, until), self._clock.now())
        if checked.state is FileState.CHECKING:
            raise TryLater(0, f"{checked.checked} bytes are checked, and there are more")
        return checked

    def _block(self, file: DispositionFile) -> Block:
        return partial(self._inbox.block, file.key, file.etag, file.version)


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
