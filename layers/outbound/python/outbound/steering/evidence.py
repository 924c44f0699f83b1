"""What a history proves of a campaign's success rate: a breach, a recovery, or neither, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from outbound.steering.health import Sample, independent, newest

if TYPE_CHECKING:
    from outbound.steering.settings import FailoverSettings


class Finding(StrEnum):
    """What is proven, or why nothing is."""

    BREACH = "breach"
    RECOVERY = "recovery"
    NOT_PROVEN = "not_proven"
    TOO_FEW_CALLS = "too_few_calls"
    TOO_FEW_WINDOWS = "too_few_windows"
    METRICS_STALE = "metrics_stale"
    METRICS_MISSING = "metrics_missing"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A finding with the windows that it rests on, the newest first.

    `is_counted` is False where CXone named no number of calls, and windows in a row had to do.
    """

    finding: Finding
    threshold: float
    samples: tuple[Sample, ...] = ()
    is_counted: bool = True


@dataclass(frozen=True, slots=True)
class Proof:
    """Judges histories by settings, and by the threshold that the campaign itself may name."""

    settings: FailoverSettings
    threshold: float

    def of(self, history: Sequence[Sample], now: datetime, since: datetime | None = None) -> Evidence:
        """Return what fresh metrics prove.

        Args:
            history: The campaign's samples.
            now: The present moment.
            since: Windows that begin before that are about another time: what was before a failover does not
                count after it.
        """
        fresh = [each for each in history if each.is_fresh(now, self.settings.stale_after)]
        if not fresh:
            return self._none(Finding.METRICS_STALE if history else Finding.METRICS_MISSING)
        if since is not None:
            fresh = [each for each in fresh if each.start >= since]
        counted = newest(each for each in fresh if each.counted_successes is not None)
        if counted is not None:
            return self._by_counts(counted)
        if all(each.rate is None for each in fresh):
            return self._none(Finding.TOO_FEW_WINDOWS)
        return self._by_windows([each for each in history if since is None or each.start >= since])

    def last_of(self, history: Sequence[Sample]) -> Evidence:
        """Return what the last window with enough calls proves, however old it is.

        A campaign that does not dial has no fresh metrics; what it was like when it dialled still counts. A
        rate alone does not: of a campaign that makes no calls it may be anything.
        """
        enough = [each for each in history if (each.calls or 0) >= self.settings.min_calls]
        counted = newest(each for each in enough if each.counted_successes is not None)
        return self._none(Finding.METRICS_MISSING) if counted is None else self._by_counts(counted)

    def _by_counts(self, sample: Sample) -> Evidence:
        return Evidence(self._counted_finding(sample), self.threshold, (sample,))

    def _counted_finding(self, sample: Sample) -> Finding:
        if (sample.calls or 0) < self.settings.min_calls:
            return Finding.TOO_FEW_CALLS
        if sample.bounds.proves_below(self.threshold):
            return Finding.BREACH
        return Finding.RECOVERY if sample.bounds.proves_above(self.threshold) else Finding.NOT_PROVEN

    def _by_windows(self, history: Sequence[Sample]) -> Evidence:
        """Compare the last windows in a row: what lies behind a gap is about another time."""
        rates = (each for each in history if each.calls is None and each.rate is not None)
        windows = independent(rates, self.settings.windows)
        row = windows[:1]
        for older in windows[1:]:
            if row[-1].start - older.end > self.settings.stale_after:
                break
            row.append(older)
        finding = self._finding_of_rates([each.rate for each in row if each.rate is not None])
        return Evidence(finding, self.threshold, tuple(row), is_counted=False)

    def _finding_of_rates(self, rates: Sequence[float]) -> Finding:
        if len(rates) < self.settings.windows:
            return Finding.TOO_FEW_WINDOWS
        if max(rates) < self.threshold:
            return Finding.BREACH
        return Finding.RECOVERY if min(rates) > self.threshold else Finding.NOT_PROVEN

    def _none(self, finding: Finding) -> Evidence:
        return Evidence(finding, self.threshold)
