"""A window of calls that was pulled, and where its calls and their judgements lie in the lake.

manifests/outcomes/dt=.../<campaign>/<job>.json      what was pulled: parts, generation
staged/call_audit/dt=.../<campaign>/<job>-<page>     judgements, until all of the window are made
call_audit/dt=.../<campaign>/<job>-<page>            judgements as Athena reads them
manifests/call_audit/dt=.../<campaign>/<job>.json    what the window came to
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from outbound.clock import midnight_after, parse_time

_PULLED = "manifests/outcomes"
_JUDGED = "manifests/call_audit"
_TIMES = re.compile(r"-(\d{8}T\d{6}Z)-(\d{8}T\d{6}Z)\.json\Z")


@dataclass(frozen=True, slots=True)
class PulledPart:
    """An object with calls of the window."""

    page: int
    key: str


@dataclass(frozen=True, slots=True)
class PulledWindow:
    """A window of which the lake has all calls."""

    job_id: str
    campaign_id: str
    start: datetime
    end: datetime
    generation: int
    manifest: str
    parts: Sequence[PulledPart]

    @property
    def result_key(self) -> str:
        """Where it stands what the window came to."""
        return f"{_JUDGED}/{self._place}.json"

    def judged_key(self, page: int) -> str:
        """Return where the judgements of a part's calls lie."""
        return f"call_audit/{self._place}-{page:06}.jsonl.gz"

    def staged_key(self, page: int) -> str:
        """Return where the judgements of a part's calls wait until all of the window are made."""
        return f"staged/{self.judged_key(page)}"

    @property
    def _place(self) -> str:
        return f"dt={self.start:%Y-%m-%d}/{self.campaign_id}/{self.job_id}"


def pulled_window(manifest: str, document: Mapping[str, Any]) -> PulledWindow:
    """Return the window of a manifest of pulled outcomes."""
    return PulledWindow(
        document["job_id"],
        document["campaign_id"],
        parse_time(document["window"]["start"]),
        parse_time(document["window"]["end"]),
        int(document["generation"]),
        manifest,
        tuple(PulledPart(int(part["page"]), part["key"]) for part in document["parts"]),
    )


def is_pulled_manifest(key: object) -> bool:
    """Return True if a value is the key of a manifest of pulled outcomes."""
    return isinstance(key, str) and key.startswith(f"{_PULLED}/dt=") and bool(_TIMES.search(key))


def days_between(start: datetime, end: datetime) -> Iterator[datetime]:
    """Return the days of UTC that a period touches, each by its first moment or the period's."""
    while start < end:
        yield start
        start = midnight_after(start)


def pulled_prefix(day: datetime, campaign_id: str) -> str:
    """Return where the manifests of a day lie, of one campaign or of all."""
    return f"{_PULLED}/dt={day:%Y-%m-%d}/" + (f"{campaign_id}/" if campaign_id else "")


def judged_prefix(day: datetime, campaign_id: str) -> str:
    """Return where it stands what the windows of a day came to, of one campaign or of all."""
    return f"{_JUDGED}/dt={day:%Y-%m-%d}/" + (f"{campaign_id}/" if campaign_id else "")


def times_in(key: str) -> tuple[datetime, datetime] | None:
    """Return the times that the key of a manifest names, None where it names none."""
    found = _TIMES.search(key)
    return (_moment(found[1]), _moment(found[2])) if found else None


def in_time_order(keys: Sequence[str], start: datetime, end: datetime) -> list[str]:
    """Return the keys of windows that touch a period, in the order of their starts."""
    timed = [(times, key) for key in keys if (times := times_in(key))]
    return [key for times, key in sorted(timed) if times[0] < end and times[1] > start]


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
