"""Takes the notice of a new object to the file that it is about, and the file a step further.

The same content under the same name is the same file, whatever is reported of it and how often. One that
was refused, or not taken whole, begins anew when the same is put there once more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from outbound.clock import Clock
from outbound.events import PublishFailed
from outbound.files.content import Block
from outbound.files.inbox import Inbox, InboxObject, ObjectGone
from outbound.files.ledger import ENDED_FILES, ConcurrentUpdate, F, FileLedger, InboxFile
from outbound.files.names import FileRefused, UploadNotice, is_named_like_an_answer, notice_of
from outbound.logs import logger
from outbound.queues import TryLater, exponential_backoff
from outbound.settings import ConfigurationError

# Another run works on the file; its slice takes seconds.
_OTHER_RUN_SECONDS = 30.0
# When AWS refuses, in seconds, at first.
_AGAIN_SECONDS = 15.0
_GONE = "gone"

E_contra = TypeVar("E_contra", bound=InboxFile, contravariant=True)


class Retryable(Exception):
    """A step could not be done now, and another try can help: the file's message comes back."""


class Closer(Protocol[E_contra]):
    """What ends files."""

    def refuse(self, file: E_contra, why: FileRefused, *, with_report: bool = True) -> None:
        """End a file that is not taken; `with_report` unless another has taken its place."""

    def publish(self, file: E_contra) -> None:
        """Publish what an ended file still carries."""


@dataclass(frozen=True, slots=True)
class FileKind(Generic[F]):
    """What files of one inbox are: the prefix of their keys, their ids, and their first state."""

    prefix: str
    id_of: Callable[[str, str, str, str], str]
    """Returns a file's id by bucket, key, tag and version."""

    new: Callable[[str, str, str, str, int, datetime], F]
    """Makes a file by id, key, tag, version, size and the time of its upload."""

    may_be_tried_again: Callable[[F], bool]
    """Whether a file has ended, and not all of it with an effect: put again, it is a new attempt."""

    keeps_its_time: Callable[[F], bool]
    """Whether rows without a time of their own keep that of the first upload in a new attempt."""


class Arrivals(Generic[F]):
    """Finds the files of an inbox and lets them be worked on."""

    def __init__(
        self, kind: FileKind[F], files: FileLedger[F], inbox: Inbox, closer: Closer[F], clock: Clock
    ) -> None:
        """Take files out of this inbox, and end them by this closer."""
        self._kind = kind
        self._files = files
        self._inbox = inbox
        self._closer = closer
        self._clock = clock

    def take(self, record: Mapping[str, Any], advance: Callable[[F, Block], None]) -> None:
        """Take the notice of a new object; return when its file has ended and that is published.

        Args:
            record: The message of the notice.
            advance: Takes a file, whose bytes it is given, as far as it can; raises TryLater where that is
                not to its end.

        Raises:
            TryLater: The file has not ended yet.
            Refused: The message is not a notice of a new object.
        """
        notice = notice_of(record, self._kind.prefix)
        if notice.key.endswith("/"):
            # A mere folder.
            return
        logger.append_keys(file=notice.key)
        try:
            if file := self._file_of(notice):
                self._continue(file, advance)
        except ConcurrentUpdate:
            raise TryLater(_OTHER_RUN_SECONDS, "another run works on the file") from None
        except (Retryable, PublishFailed, ConfigurationError, ClientError, BotoCoreError) as error:
            logger.warning("a file waits", exc_info=True)
            raise exponential_backoff(record, type(error).__name__, _AGAIN_SECONDS) from error

    def _file_of(self, notice: UploadNotice) -> F | None:
        """Return the file that a notice is about, as far as it has come; None for an answer of ours."""
        found = None
        if not notice.etag:
            found = self._object_of(notice)
            notice = replace(notice, etag=found.etag)
        file_id = self._kind.id_of(notice.bucket, notice.key, notice.etag, notice.version)
        if file := self._files.get(file_id):
            return self._restarted(file, notice)
        found = found or self._object_of(notice)
        # What cannot be looked at any more and has the name of an answer was one: nothing is lost with it.
        is_missing = not found.etag or found.etag != notice.etag
        if found.answers or (is_missing and is_named_like_an_answer(notice.key)):
            return None
        return self._register(file_id, notice, found)

    def _restarted(self, file: F, notice: UploadNotice) -> F:
        """Return a file that begins anew if it was put there once more, unless all of it had its effect."""
        if notice.arrival in ("", file.arrival) or not self._kind.may_be_tried_again(file):
            return file
        found = self._object_of(notice)
        if found.etag != notice.etag:
            return file
        self._closer.publish(file)
        # Rows without a time of their own keep that of the first upload: they say nothing new.
        uploaded_at = file.uploaded_at if self._kind.keeps_its_time(file) else found.modified
        new = self._kind.new(file.file_id, file.key, file.etag, file.version, found.size, uploaded_at)
        attempt, revision = file.attempt + 1, file.revision
        new = replace(new, arrival=notice.arrival, attempt=attempt, revision=revision)
        return self._files.save(new, self._clock.now())

    def _object_of(self, notice: UploadNotice) -> InboxObject:
        try:
            return self._inbox.find(notice.key, notice.version)
        except ObjectGone:
            return InboxObject(notice.key, "", notice.version, 0, self._clock.now())

    def _register(self, file_id: str, notice: UploadNotice, found: InboxObject) -> F:
        file = self._kind.new(file_id, notice.key, notice.etag, notice.version, found.size, found.modified)
        file = replace(file, arrival=notice.arrival)
        if not found.etag or found.etag != notice.etag:
            file = replace(file, reason=_GONE)
        return self._files.register(file, self._clock.now())

    def _continue(self, file: F, advance: Callable[[F, Block], None]) -> None:
        try:
            if file.state not in ENDED_FILES:
                if file.reason == _GONE:
                    raise ObjectGone
                advance(file, partial(self._inbox.block, file.key, file.etag, file.version))
        except FileRefused as refused:
            self._refuse(file, refused)
        except ObjectGone:
            self._refuse(file, FileRefused(_GONE, "it was removed or replaced before all of it was read"))
        self._closer.publish(file)

    def _refuse(self, file: F, why: FileRefused) -> None:
        """End a file as it is written down by now, which is further than when this run began."""
        latest = self._files.get(file.file_id) or file
        if latest.state not in ENDED_FILES:
            # What lies there now is another file, and the report would be taken for its own.
            self._closer.refuse(latest, why, with_report=why.reason != _GONE)
