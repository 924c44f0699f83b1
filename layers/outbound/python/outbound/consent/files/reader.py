"""Records the rows of a file: in slices, each noted when all of it is in the ledger.

A run that is cut off repeats a slice; its rows are the same changes, so that nothing happens twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice

from outbound.clock import Clock, Deadline
from outbound.consent.bulk import BulkRecorder
from outbound.consent.changes import InvalidChange
from outbound.consent.facts import Origin
from outbound.consent.files.names import ConsentFile, ConsentFiles
from outbound.consent.files.rows import ConsentRow, FileRefusal, refused_change, rows_of
from outbound.consent.metrics import ConsentMetric
from outbound.files.content import Block
from outbound.files.ledger import FileState
from outbound.files.refusal_reader import Pending, RefusalRecording
from outbound.metrics import measure
from outbound.queues import TryLater
from outbound.store.consent_state import Change, Register, Value

# So many reasons are counted apart: names of columns that are not known make any number of them.
_MOST_REASONS = 50
_OTHERS = "others"
_NAMES = {
    (Register.CALL, Value.REVOKED): "revoked",
    (Register.DO_NOT_CALL, Value.SET): "do_not_call",
    (Register.DO_NOT_CALL, Value.LIFTED): "do_not_call_lifted",
    (Register.RECORD, Value.DELETED): "deleted",
    (Register.RECORD, Value.RESTORED): "restored",
}


def name_of(change: Change) -> str:
    """Return what a change is counted as: its name, of a grant with its kind."""
    if change.value is Value.GRANTED:
        return f"granted.{change.terms.kind}"
    return _NAMES[change.register, change.value]


def counted(counts: Mapping[str, int], names: Sequence[str]) -> dict[str, int]:
    """Return counts with more names counted; beyond some fifty different names all are counted as one."""
    more = Counter(counts)
    for name in names:
        more[name if name in more or len(more) < _MOST_REASONS else _OTHERS] += 1
    return dict(more)


def complaint_of(wrong: InvalidChange) -> str:
    """Return what is wrong with a row, with the field where it is one."""
    return f"{wrong.field}: {wrong.reason}" if wrong.field else wrong.reason


def refusal_recording(
    recorder: BulkRecorder, tenant: str, together: int
) -> RefusalRecording[ConsentFile, FileRefusal]:
    """Return what records the refusals of files, so many at a time."""

    def record(file: ConsentFile, pending: Sequence[Pending[FileRefusal]]) -> None:
        changes = [refused_change(each.refusal, file, tenant) for each in pending]
        recorder.record(changes, origin_of(file, tenant))

    return RefusalRecording(record, together)


def origin_of(file: ConsentFile, tenant: str) -> Origin:
    """Return what facts of a file's rows name as what asked for them."""
    return Origin(tenant, file.file_id, file.file_id)


class RowReader:
    """Records the rows of files."""

    def __init__(
        self, files: ConsentFiles, recorder: BulkRecorder, tenant: str, clock: Clock, together: int
    ) -> None:
        """Record so many rows between two notes of the place."""
        self._files = files
        self._recorder = recorder
        self._tenant = tenant
        self._clock = clock
        self._together = together

    def read(self, file: ConsentFile, block: Block, until: Deadline) -> ConsentFile:
        """Record a checked file to its end; return it as it is then.

        Raises TryLater where the deadline came before the end.
        """
        rows = rows_of(file, block, file.place, self._tenant)
        while part := list(islice(rows, self._together)):
            changes = [row.change for row in part if row.change]
            self._recorder.record(changes, origin_of(file, self._tenant))
            file = self._note(file, part)
            if until.left() <= 0:
                raise TryLater(0, f"{file.place.row} rows are recorded, and there may be more")
        return self._files.save(replace(file, state=FileState.ANSWERING), self._clock.now())

    def _note(self, file: ConsentFile, part: Sequence[ConsentRow]) -> ConsentFile:
        wrong = [complaint_of(row.wrong) for row in part if row.wrong]
        noted = replace(
            file,
            place=part[-1].place,
            taken=counted(file.taken, [name_of(row.change) for row in part if row.change]),
            wrong=counted(file.wrong, wrong),
        )
        saved = self._files.save(noted, self._clock.now())
        measure(ConsentMetric.CONSENT_ROWS_READ, len(part))
        if wrong:
            measure(ConsentMetric.CONSENT_ROWS_REJECTED, len(wrong))
        return saved
