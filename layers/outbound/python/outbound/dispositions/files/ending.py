"""How a file ends: its report beside it, its state, and its fact."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from outbound.clock import Clock, format_time
from outbound.dispositions.files.inbox import Gone, Inbox
from outbound.dispositions.files.ledger import Answered, DispositionFile, DispositionFiles, FileState
from outbound.dispositions.files.names import Unfit, report_key, result_key
from outbound.dispositions.reports import Tally
from outbound.events import Event, EventType, new_event
from outbound.observability import Metric, logger, measure
from outbound.store.outbox import Outbox


class Endings:
    """Ends the files of one tenant."""

    def __init__(
        self, files: DispositionFiles, inbox: Inbox, outbox: Outbox, tenant: str, clock: Clock
    ) -> None:
        """Report into this inbox and say it through this outbox."""
        self._files = files
        self._inbox = inbox
        self._outbox = outbox
        self._tenant = tenant
        self._clock = clock

    def finish(self, file: DispositionFile, tally: Tally) -> None:
        """End a file whose result is written."""
        answered = Answered(file.place.row, file.answered.upload_id, (), tally.to_json())
        self._end(replace(file, state=FileState.FINISHED, answered=answered), tally, with_report=True)
        measure(Metric.DISPOSITION_FILES_FINISHED)

    def refuse(self, file: DispositionFile, why: Unfit, *, with_report: bool = True) -> None:
        """End a file that is not taken; `with_report` unless another has taken its place."""
        logger.warning("a file was refused", extra={"file_id": file.file_id, "reason": why.reason})
        refused = replace(file, state=FileState.REFUSED, reason=why.reason, message=why.message)
        self._end(refused, Tally(), with_report)
        measure(Metric.DISPOSITION_FILES_REFUSED)

    def publish(self, file: DispositionFile) -> None:
        """Say what an ended file may still have to say."""
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
            self._lay_beside(file)
        self._files.save(file, now, [self._fact(file, about | tally.report(), with_report)])

    def _lay_beside(self, file: DispositionFile) -> None:
        """Copy the answers to where people look for them, unless a newer file has the name by now."""
        with suppress(Gone):
            if self._inbox.find(file.key).etag != file.etag:
                return
        if file.state is FileState.FINISHED:
            self._inbox.copy(result_key(file.key, file.file_id), result_key(file.key))
        self._inbox.copy(report_key(file.key, file.file_id), report_key(file.key))

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
        answers = {
            "result": result_key(file.key, file.file_id) if file.state is FileState.FINISHED else None,
            "report": report_key(file.key, file.file_id) if with_report else None,
        }
        data = {**about, **answers}
        effect = (file.file_id, *([str(file.attempt)] if file.attempt > 1 else []))
        kind = EventType.DISPOSITION_FILE_FINISHED
        return new_event(kind, self._tenant, self._clock.now(), effect, data, file.file_id)


def _trail(file: DispositionFile) -> dict[str, Any]:
    """Say where each row's end can be looked up."""
    return {
        "correlation_id": file.file_id,
        "result": result_key(file.key, file.file_id) if file.state is FileState.FINISHED else None,
        "audit_log": "every event with this correlation_id",
        "command": f"outbound dispositions show {file.file_id}",
    }
