"""What the judgements of a window amount to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from outbound.call_audit.call_judge import Judgement, Verdict


@dataclass(slots=True)
class Tally:
    """Counts of calls by verdict, by the name of a violation, and by what keeps a call from being judged.

    A call with two violations counts for both names, so that the names can add up to more than the calls.
    """

    verdicts: Counter[str] = field(default_factory=Counter)
    violations: Counter[str] = field(default_factory=Counter)
    not_proven: Counter[str] = field(default_factory=Counter)
    recorded_after: int = 0

    def add(self, judgement: Judgement) -> None:
        """Count a call."""
        self.verdicts[judgement.verdict.value] += 1
        self.violations.update(judgement.violations)
        if judgement.verdict is Verdict.NOT_JUDGED:
            self.not_proven.update(judgement.not_proven)
        self.recorded_after += judgement.recorded_after_the_call

    @property
    def calls(self) -> int:
        """How many calls were judged or tried."""
        return self.verdicts.total()

    def document(self) -> dict[str, Any]:
        """Return the counts as they stand in the window's result, and are read back."""
        return {
            "calls": self.calls,
            **{verdict.value: self.verdicts[verdict.value] for verdict in Verdict},
            "by_violation": dict(sorted(self.violations.items())),
            "by_reason": dict(sorted(self.not_proven.items())),
            "recorded_after_the_call": self.recorded_after,
        }


def tally_of(document: Mapping[str, Any]) -> Tally:
    """Read counts back; of an empty document they are none."""
    return Tally(
        Counter({verdict.value: int(document.get(verdict.value, 0)) for verdict in Verdict}),
        Counter(document.get("by_violation", {})),
        Counter(document.get("by_reason", {})),
        int(document.get("recorded_after_the_call", 0)),
    )
