"""How a file is answered: a list of the rows that are not recorded, a report, its last state and its fact."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any

from outbound.clock import Clock, Deadline, format_time
from outbound.consent.files.names import ConsentFile, ConsentFiles
from outbound.consent.files.rows import rows_of
from outbound.consent.metrics import ConsentMetric
from outbound.events import Event, new_event
from outbound.events.facts.consent import ConsentFileFinished
from outbound.files.content import Block, Place
from outbound.files.copies import lay_beside
from outbound.files.inbox import Inbox, UploadLost
from outbound.files.ledger import FileState
from outbound.files.lists import AnswerList, HeldLost, ListProgress
from outbound.files.names import FileRefused, report_key, wrong_rows_key
from outbound.files.tables import escaped
from outbound.logs import logger
from outbound.metrics import measure
from outbound.queues import TryLater
from outbound.store.outbox import Outbox

COLUMNS = ("row", "line", "field", "reason")
# Rows between two looks at the time left.
_SLICE = 1000


class WrongRowLister:
    """Writes the lists of rows that are not recorded."""

    def __init__(self, files: ConsentFiles, inbox: Inbox, tenant: str, clock: Clock) -> None:
        """Write into this inbox."""
        self._files = files
        self._inbox = inbox
        self._tenant = tenant
        self._clock = clock

    def write(self, file: ConsentFile, block: Block, until: Deadline) -> ConsentFile:
        """Write the list of a file all of whose rows were read: where each stands, and why it is wrong.

        Raises TryLater where the deadline came before the end.
        """
        if not file.failed:
            return file
        try:
            return self._write_rest(file, block, until)
        except (UploadLost, HeldLost):
            # It was completed by a run that was cut off, or it is a day old: written anew, it is the same.
            latest = self._files.get(file.file_id) or file
            anew = replace(latest, listed=latest.first, answer=ListProgress())
            self._files.save(anew, self._clock.now())
            raise TryLater(0, "the list of wrong rows is written anew") from None

    def _write_rest(self, file: ConsentFile, block: Block, until: Deadline) -> ConsentFile:
        answer = AnswerList(self._inbox, wrong_rows_key(file.key, file.file_id), file.file_id)
        text = answer.held(file.answer, COLUMNS)
        rows = rows_of(file, block, file.listed, self._tenant)
        while part := list(islice(rows, _SLICE)):
            for row in part:
                if row.wrong:
                    cells = (row.wrong.field, row.wrong.reason)
                    text.add([row.place.row, row.place.line, *map(escaped, cells)])
            place = part[-1].place
            if answer.is_full(text):
                file = self._note(file, answer.add_part(file.answer, text, place.row), place)
            if until.left() <= 0:
                self._note(file, answer.hold(file.answer, text, place.row), place)
                raise TryLater(0, f"the wrong rows up to {place.row} are listed")
        answer.end(file.answer, text)
        return file

    def _note(self, file: ConsentFile, written: ListProgress, place: Place) -> ConsentFile:
        return self._files.save(replace(file, answer=written, listed=place), self._clock.now())


class FileCloser:
    """Ends the files of one tenant: report, state, fact."""

    def __init__(self, files: ConsentFiles, inbox: Inbox, outbox: Outbox, tenant: str, clock: Clock) -> None:
        """Report into this inbox and publish through this outbox."""
        self._files = files
        self._inbox = inbox
        self._outbox = outbox
        self._tenant = tenant
        self._clock = clock

    def finish(self, file: ConsentFile) -> None:
        """End a file whose rows are recorded and whose wrong ones are listed."""
        self._end(replace(file, state=FileState.FINISHED), with_report=True)
        measure(ConsentMetric.CONSENT_FILES_FINISHED)

    def refuse(self, file: ConsentFile, why: FileRefused, *, with_report: bool = True) -> None:
        """End a file that is not taken; `with_report` unless another has taken its place."""
        logger.warning("a file was refused", extra={"file_id": file.file_id, "reason": why.reason})
        refused = replace(file, state=FileState.REFUSED, reason=why.reason, message=why.message)
        self._end(refused, with_report)
        measure(ConsentMetric.CONSENT_FILES_REFUSED)

    def publish(self, file: ConsentFile) -> None:
        """Publish what an ended file still carries."""
        self._outbox.publish_left(self._files.key(file.file_id))

    def _end(self, file: ConsentFile, with_report: bool) -> None:
        now = self._clock.now()
        about = account_of(file, self._inbox.bucket)
        if with_report:
            document = {**about, "finished_at": format_time(now)}
            self._inbox.put_document(report_key(file.key, file.file_id), document, file.file_id)
            lay_beside(self._inbox, file, _answers(file))
        self._files.save(file, now, [self._fact(file, about, with_report)])

    def _fact(self, file: ConsentFile, about: dict[str, Any], with_report: bool) -> Event:
        report = report_key(file.key, file.file_id) if with_report else None
        fact = ConsentFileFinished(**about, report=report)
        effect = (file.file_id, *([str(file.attempt)] if file.attempt > 1 else []))
        return new_event(fact, self._tenant, self._clock.now(), effect, file.file_id)


def account_of(file: ConsentFile, bucket: str) -> dict[str, Any]:
    """Return what became of a file: how many rows are recorded, and how many are not for which reason."""
    listed = file.state is FileState.FINISHED and bool(file.failed)
    return {
        "file_id": file.file_id,
        "file": file.key,
        "bucket": bucket,
        "size": file.size,
        "uploaded_at": format_time(file.uploaded_at),
        "status": file.state.value,
        "reason": file.reason or None,
        "message": file.message or None,
        "rows": file.place.row,
        "refusals": file.refusals,
        "successful": file.successful,
        "failed": file.failed,
        "changes": dict(sorted(file.taken.items())),
        "rejections": dict(sorted(file.wrong.items())),
        "wrong_rows": wrong_rows_key(file.key, file.file_id) if listed else None,
    }


def _answers(file: ConsentFile) -> dict[str, str]:
    answers = {report_key(file.key, file.file_id): report_key(file.key)}
    if file.state is FileState.FINISHED and file.failed:
        return {wrong_rows_key(file.key, file.file_id): wrong_rows_key(file.key), **answers}
    return answers
