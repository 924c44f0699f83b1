"""Takes a file from its arrival to its answer, a step at a time, over as many runs as that needs.

    new object --> checking --> reading --> waiting --> answering --> finished
                      |            |                       |
                      |            |                       +-- result, report, fact
                      |            +-- rows to the queue; broken ones are rejected at once
                      +-- refused, with a report and a fact

Whatever a run is cut off at, the next one goes on from what was written down last, and what it does again
comes out the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from outbound.clock import Clock, Deadline
from outbound.dispositions.files.answering import Answerer
from outbound.dispositions.files.checking import check
from outbound.dispositions.files.content import Block
from outbound.dispositions.files.ending import Endings
from outbound.dispositions.files.names import Notice, Unfit, file_id_of, is_ours, notice_of
from outbound.dispositions.files.reading import RowReader
from outbound.dispositions.files.sending import NotSent
from outbound.dispositions.files.waiting import RowWatch
from outbound.dispositions.settings import DispositionSettings
from outbound.dispositions.waiting import AGAIN_SECONDS
from outbound.events import PublishFailed
from outbound.observability import logger
from outbound.queues import TryLater, growing
from outbound.store.disposition_files import (
    ENDED_FILES,
    DispositionFile,
    DispositionFiles,
    FileState,
    Overtaken,
)
from outbound.store.inbox import Found, Gone, Inbox

# Another run has the file in hand; its slice takes seconds.
_OVERTAKEN_SECONDS = 30.0
_GONE = "gone"


class FileHandler:
    """Handles the files of one tenant."""

    def __init__(
        self,
        files: DispositionFiles,
        inbox: Inbox,
        reader: RowReader,
        watch: RowWatch,
        answerer: Answerer,
        endings: Endings,
        clock: Clock,
    ) -> None:
        """Take files out of this inbox, and answer them there."""
        self._files = files
        self._inbox = inbox
        self._reader = reader
        self._watch = watch
        self._answerer = answerer
        self._endings = endings
        self._clock = clock

    def take(
        self, record: Mapping[str, Any], settings: Callable[[], DispositionSettings], until: Deadline
    ) -> None:
        """Take the report of a new object; return when its file is answered and the answer is said.

        Raises TryLater until then, Refused for what is no such report.
        """
        notice = notice_of(record)
        if is_ours(notice.key):
            return
        logger.append_keys(file=notice.key)
        try:
            self._go_on(self._known(notice), settings(), until)
        except Overtaken:
            raise TryLater(_OVERTAKEN_SECONDS, "another run has the file in hand") from None
        except (NotSent, PublishFailed, ClientError, BotoCoreError) as error:
            logger.warning("a file waits", exc_info=True)
            raise growing(record, type(error).__name__, AGAIN_SECONDS) from error

    def _known(self, notice: Notice) -> DispositionFile:
        """Give the file that a notice is about, as far as it has come."""
        found = None
        if not notice.etag:
            found = self._found(notice)
            notice = replace(notice, etag=found.etag)
        file_id = file_id_of(notice.bucket, notice.key, notice.etag, notice.version)
        if file := self._files.get(file_id):
            return file
        return self._register(file_id, notice, found or self._found(notice))

    def _found(self, notice: Notice) -> Found:
        try:
            return self._inbox.find(notice.key, notice.version)
        except Gone:
            return Found(notice.key, "", notice.version, 0, self._clock.now())

    def _register(self, file_id: str, notice: Notice, found: Found) -> DispositionFile:
        file = DispositionFile(file_id, notice.key, notice.etag, notice.version, found.size, found.modified)
        if not found.etag or found.etag != notice.etag:
            file = replace(file, reason=_GONE)
        return self._files.register(file, self._clock.now())

    def _go_on(self, file: DispositionFile, settings: DispositionSettings, until: Deadline) -> None:
        try:
            self._advance(file, settings, until)
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
