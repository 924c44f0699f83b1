"""What a step of the workflow answers: an outcome that a Choice routes, and how long to wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from outbound.store.archive_run import RunStatus


class Outcome(StrEnum):
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
    """The campaign dials again: somebody else resumed it."""

    CLOSED = "closed"
    """The maintenance window has closed."""

    AGAIN = "again"
    """Some attempts are to be sent again."""

    FAILED = "failed"
    """The run cannot go on; it says why itself."""

    SUPERSEDED = "superseded"
    """The run is another execution's by now, or has ended."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a step."""

    outcome: Outcome
    seconds: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    calls: int = 0
    """How many calls of the function its execution has had; it is given back with the next one."""

    def document(self) -> dict[str, object]:
        """The answer as the workflow gets it."""
        counts = dict(self.counts)
        return {
            "outcome": self.outcome.value,
            "seconds": self.seconds,
            "counts": counts,
            "calls": self.calls,
        }


class Superseded(Exception):
    """The run was changed by somebody else since it was read: read it again."""


class RunFailed(Exception):
    """A run cannot go on, and trying again would not help."""

    def __init__(self, reason: str, message: str, ending: RunStatus = RunStatus.FAILED) -> None:
        """Give a reason for programs and a message for people, and what the run then is."""
        super().__init__(message)
        self.reason = reason
        self.ending = ending.value
