"""What a step of a rollout returns: an outcome that a Choice routes, and how long to wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from outbound.complaints import Complaint
from outbound.dialer.rollouts import Stage


class StepOutcome(StrEnum):
    """How a step ended; `rollout.asl.json` knows each of them."""

    COMPLETE = "complete"
    """The step's work is done."""

    MORE = "more"
    """The function's time is nearly up: call the same step again."""

    LATER = "later"
    """Call the same step again after `seconds`."""

    AGAIN = "again"
    """What the step before did has to be done again."""

    UNDO = "undo"
    """What was changed is to be undone."""

    ENDED = "ended"
    """How the rollout ends is decided: it is to be finished."""

    SUPERSEDED = "superseded"
    """Another execution has the rollout by now, or it has ended."""

    EXHAUSTED = "exhausted"
    """The execution has had its calls: the next one continues."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """The result of a step."""

    outcome: StepOutcome
    seconds: int = 0
    calls: int = 0
    """How many calls of the function its execution has had; the workflow passes it to the next one."""

    def document(self) -> dict[str, object]:
        """The result as the workflow gets it."""
        return {"outcome": self.outcome.value, "seconds": self.seconds, "calls": self.calls}


class RolloutEnds(Exception):
    """A rollout ends here, and how: its stage, a reason for programs, and a message for people."""

    def __init__(
        self,
        stage: Stage,
        reason: str,
        message: str,
        *,
        complaints: Sequence[Complaint] = (),
        version_found: str = "",
        operation_open: bool = False,
    ) -> None:
        """End a rollout.

        Args:
            stage: How it ends.
            reason: Why, as a short name.
            message: Why.
            complaints: All that is wrong with it, where it is refused.
            version_found: The version in force that is not ours.
            operation_open: Whether CXone had not ended an operation of ours.
        """
        super().__init__(message)
        self.stage = stage
        self.reason = reason
        self.complaints = tuple(complaints)
        self.version_found = version_found
        self.operation_open = operation_open


class RolloutUndone(Exception):
    """What a rollout changed is to be undone: a reason for programs, and a message for people."""

    def __init__(self, reason: str, message: str) -> None:
        """Say why."""
        super().__init__(message)
        self.reason = reason
