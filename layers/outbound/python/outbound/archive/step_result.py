"""What a step of the workflow returns: an outcome that a Choice routes, and how long to wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from outbound.archive.runs import RunStatus


class StepOutcome(StrEnum):
    """How a step ended; `archive.asl.json` knows each of them."""

    COMPLETE = "complete"
    """The step's work is done."""

    MORE = "more"
    """The function's time is nearly up: call the same step again."""

    LATER = "later"
    """Call the same step again after `seconds`."""

    EMPTY = "empty"
    """There is nothing to archive."""

    PAUSED = "paused"
    """The campaign does not dial."""

    CONFLICT = "conflict"
    """The campaign dials again: it was resumed by another party than this run."""

    CLOSED = "closed"
    """The maintenance window has closed."""

    AGAIN = "again"
    """Some attempts are to be sent again."""

    FAILED = "failed"
    """The run cannot continue; its progress has the reason."""

    SUPERSEDED = "superseded"
    """Another execution has the run by now, or it has ended."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """The result of a step."""

    outcome: StepOutcome
    seconds: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    calls: int = 0
    """How many calls of the function its execution has had; the workflow passes it to the next one."""

    def document(self) -> dict[str, object]:
        """The result as the workflow gets it."""
        counts = dict(self.counts)
        return {
            "outcome": self.outcome.value,
            "seconds": self.seconds,
            "counts": counts,
            "calls": self.calls,
        }


class RunFailed(Exception):
    """A run cannot continue, and trying again would not help."""

    def __init__(self, reason: str, message: str, ending: RunStatus = RunStatus.FAILED) -> None:
        """End a run with a reason for programs and a message for people, and the status that it then has."""
        super().__init__(message)
        self.reason = reason
        self.ending = ending.value
