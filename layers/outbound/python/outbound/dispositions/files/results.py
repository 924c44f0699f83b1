"""How a file is answered: a result with a row for each of its rows, a report, its last state and its fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from outbound.clock import Clock, Deadline, format_time
from outbound.dispositions.files.completion import rows_behind
from outbound.dispositions.files.ledger import DispositionFile, DispositionFiles, ResultProgress
from outbound.dispositions.ledger import DispositionLedger
from outbound.dispositions.metrics import DispositionMetric
from outbound.dispositions.reports import Tally, outcome_of
from outbound.events import Event, new_event
from outbound.events.facts.dispositions import DispositionFileFinished
from outbound.files.copies import lay_beside
from outbound.files.inbox import Inbox, UploadLost
from outbound.files.ledger import FileState
from outbound.files.lists import AnswerList, ListText
from outbound.files.names import FileRefused, report_key, result_key
from outbound.files.tables import escaped
from outbound.logs import logger
from outbound.metrics import measure
from outbound.queues import TryLater
from outbound.store.outbox import Outbox
from outbound.store.table import Item

COLUMNS = (
    *("row", "contact_id", "campaign_id", "outcome_code"),
    *("outcome", "reason", "field", "message"),
)
# Rows between two looks at the time left.
_SLICE = 1000


class ResultWriter:
    """Writes the results of files."""

    def __init__(
        self, files: DispositionFiles, ledger: DispositionLedger, inbox: Inbox, clock: Clock
    ) -> None:
        """Write into this inbox."""
        self._files = files
        self._ledger = ledger
        self._inbox = inbox
        self._clock = clock

    def write(self, file: DispositionFile, until: Deadline) -> tuple[DispositionFile, Tally]:
        """Write the result of a file whose rows have ended.

        Returns:
            The file as it is written down then, and what its rows amount to.

        Raises:
            TryLater: The deadline came before the end.
        """
        try:
            return self._write_rest(file, until)
        except UploadLost:
            # It was completed by a run that was cut off, or it is a day old: written anew, it is the same.
            latest = self._files.get(file.file_id) or file
            self._files.save(replace(latest, result=ResultProgress()), self._clock.now())
            raise TryLater(0, "the result is written anew") from None

    def _write_rest(self, file: DispositionFile, until: Deadline) -> tuple[DispositionFile, Tally]:
        tally = Tally(file.result.tally)
        answer = AnswerList(self._inbox, result_key(file.key, file.file_id), file.file_id)
        text = ListText(COLUMNS if file.result.row == 0 else ())
        for number, item in rows_behind(self._ledger, file, file.result.row):
            tally.add(item)
            text.add([number, *map(escaped, _cells(item))])
            if answer.is_full(text):
                written = answer.add_part(file.result, text, number)
                done = replace(file, result=replace(written, tally=tally.to_json()))
                file = self._files.save(done, self._clock.now())
            if number % _SLICE == 0 and until.left() <= 0:
                raise TryLater(0, f"{file.result.row} of {file.place.row} rows are answered")
        answer.end(file.result, text)
        return file, tally


def _cells(item: Item) -> Sequence[str]:
    about = item.get("about", {})
    who = [item.get(name, "") for name in ("contact_id", "campaign_id", "outcome_code")]
    return [*who, outcome_of(item), *(about.get(name, "") for name in ("reason", "field", "message"))]


class FileCloser:
    """Ends the files of one tenant: report, state, fact."""

    def __init__(
        self, files: DispositionFiles, inbox: Inbox, outbox: Outbox, tenant: str, clock: Clock
    ) -> None:
        """Report into this inbox and publish through this outbox."""
        self._files = files
        self._inbox = inbox
        self._outbox = outbox
        self._tenant = tenant
        self._clock = clock

    def finish(self, file: DispositionFile, tally: Tally) -> None:
        """End a file whose result is written."""
        answered = ResultProgress(file.place.row, file.result.upload_id, tally=tally.to_json())
        self._end(replace(file, state=FileState.FINISHED, result=answered), tally, with_report=True)
        measure(DispositionMetric.DISPOSITION_FILES_FINISHED)

    def refuse(self, file: DispositionFile, why: FileRefused, *, with_report: bool = True) -> None:
        """End a file that is not taken.

        Args:
            file: The file as it was read.
            why: The reason, for programs and for people.
            with_report: Whether it is answered with a report: not where another file has taken its place.
        """
        logger.warning("a file was refused", extra={"file_id": file.file_id, "reason": why.reason})
        refused = replace(file, state=FileState.REFUSED, reason=why.reason, message=why.message)
        self._end(refused, Tally(), with_report)
        measure(DispositionMetric.DISPOSITION_FILES_REFUSED)

    def publish(self, file: DispositionFile) -> None:
        """Publish what an ended file still carries."""
        self._outbox.publish_left(self._files.key(file.file_id))

    def _end(self, file: DispositionFile, tally: Tally, with_report: bool) -> None:
        now = self._clock.now()
        about = self._about(file)
        if with_report:
            document = {
                **about,
                "finished_at": format_time(now),
                **tally.report(),
                "audit_trail": _trail(file),
            }
            self._inbox.put_document(report_key(file.key, file.file_id), document, file.file_id)
            lay_beside(self._inbox, file, _answers(file))
        self._files.save(file, now, [self._fact(file, about | tally.report(), with_report)])

    def _about(self, file: DispositionFile) -> dict[str, Any]:
        return {
            "file_id": file.file_id,
            "file": file.key,
            "bucket": self._inbox.bucket,
            "size": file.size,
            "uploaded_at": format_time(file.uploaded_at),
            "status": file.state.value,
            "reason": file.reason or None,
            "message": file.message or None,
            "rows": file.place.row,
            "refusals": file.refusals,
        }

    def _fact(self, file: DispositionFile, about: dict[str, Any], with_report: bool) -> Event:
        answers: dict[str, Any] = {
            "result": result_key(file.key, file.file_id) if file.state is FileState.FINISHED else None,
            "report": report_key(file.key, file.file_id) if with_report else None,
        }
        fact = DispositionFileFinished(**about, **answers)
        effect = (file.file_id, *([str(file.attempt)] if file.attempt > 1 else []))
        return new_event(fact, self._tenant, self._clock.now(), effect, file.file_id)


def _answers(file: DispositionFile) -> dict[str, str]:
    answers = {report_key(file.key, file.file_id): report_key(file.key)}
    if file.state is FileState.FINISHED:
        return {result_key(file.key, file.file_id): result_key(file.key), **answers}
    return answers


def _trail(file: DispositionFile) -> dict[str, Any]:
    """Return where each row's end can be looked up."""
    return {
        "correlation_id": file.file_id,
        "result": result_key(file.key, file.file_id) if file.state is FileState.FINISHED else None,
        "audit_log": "every event with this correlation_id",
        "command": f"outbound dispositions show {file.file_id}",
    }
