"""From judged contacts to parts of a run: rows in buckets, one object of the lake, fingerprints."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from outbound.calling.forbidden import Forbidden
from outbound.events import Bus
from outbound.metrics import measure
from outbound.segments.contact_judge import Judged
from outbound.segments.metrics import SegmentMetric
from outbound.segments.runs import Part, SegmentRun
from outbound.segments.suppressions import suppression_of
from outbound.store.buckets import BucketedLines, stored_marks, stored_offsets
from outbound.store.objects import Lake, line_of

PREFIX = "segments"


class OpenPart:
    """Rows that are gathered for one object."""

    def __init__(self) -> None:
        """Begin without a row."""
        self.lines = BucketedLines()
        self.marks: list[int] = []
        self.conflicts: list[tuple[str, Forbidden]] = []

    @property
    def count(self) -> int:
        """How many rows it has."""
        return len(self.marks)

    def add(self, judged: Judged, mark: int) -> None:
        """Add a contact with this fingerprint."""
        self.marks.append(mark)
        self.lines.add(mark, line_of(judged.row))
        if judged.conflict:
            self.conflicts.append((judged.row["contact_id"], judged.conflict))


class PartWriter:
    """Writes parts to the lake, and asks for the suppressions that they show to be needed."""

    def __init__(self, lake: Lake, bus: Bus, tenant: str) -> None:
        """Write to this lake; ask on this bus."""
        self._lake = lake
        self._bus = bus
        self._tenant = tenant

    def write(self, run: SegmentRun, gathered: OpenPart, now: datetime) -> Part:
        """Ask for the suppressions of a part, write its rows, and return it as it is listed.

        Before the run checks the part off: a run that is cut off asks again, for the same ones.
        """
        self._suppress(run, gathered.conflicts, now)
        number = run.cursor.parts
        stored = self._lake.write_gzipped(object_key(run, number), gathered.lines)
        return Part(
            number,
            stored.key,
            stored.sha256,
            gathered.count,
            stored.size,
            stored_offsets(gathered.lines.offsets),
            stored_marks(gathered.marks),
        )

    def _suppress(self, run: SegmentRun, conflicts: Sequence[tuple[str, Forbidden]], now: datetime) -> None:
        if conflicts:
            requests = [
                suppression_of(self._tenant, run.campaign_id, contact_id, forbidden, now)
                for contact_id, forbidden in conflicts
            ]
            self._bus.publish(requests)
            measure(SegmentMetric.SUPPRESSIONS_REQUESTED, len(requests))


def object_key(run: SegmentRun, number: int) -> str:
    """Return the key of a part's object: the same part of the same attempt, the same key."""
    return f"{PREFIX}/dt={run.judged_at:%Y-%m-%d}/{run.campaign_id}/{run.run_id}-{number:04}.jsonl.gz"
