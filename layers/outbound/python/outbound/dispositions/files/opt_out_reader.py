"""Records who must not be called because of a file of dispositions."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from outbound.clock import Clock
from outbound.dispositions.do_not_call import DoNotCall, OptOut
from outbound.dispositions.files.ledger import DispositionFile
from outbound.dispositions.files.names import row_id
from outbound.dispositions.files.reader import Pace
from outbound.files.refusal_reader import Pending, RefusalRecording

# What was published takes moments to the ledger of consent; rows are not queued sooner.
_HEAD_START_SECONDS = 5.0


def opt_out_recording(
    do_not_call: DoNotCall, clock: Clock, pace: Pace
) -> RefusalRecording[DispositionFile, OptOut]:
    """Return what records and publishes opt-outs, as many at once as rows go out."""

    def record_one(file: DispositionFile, pending: Pending[OptOut]) -> None:
        """Record an opt-out with its row's request; others of the row have items of their own beside it."""
        request_id, beside = row_id(file.file_id, pending.row), ""
        if pending.number:
            request_id, beside = f"{request_id}-{pending.refusal.contact_id}", "#refusals"
        uploaded_at, now = file.uploaded_at, clock.now()
        do_not_call.record(file.file_id, request_id, pending.refusal, uploaded_at, now, beside)

    def record(file: DispositionFile, pending: Sequence[Pending[OptOut]]) -> None:
        with ThreadPoolExecutor(pace.at_once) as threads:
            for _ in threads.map(lambda each: record_one(file, each), pending):
                pass

    return RefusalRecording(record, pace.rows, _HEAD_START_SECONDS)
