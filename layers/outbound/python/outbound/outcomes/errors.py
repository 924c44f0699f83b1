"""What stops a pull: for good, until the operator has repaired something, or because another run has it."""

from __future__ import annotations

from outbound.cxone.errors import CxoneError, Forbidden


class Superseded(Exception):
    """The lease was lost: another run has the job now. This one must not write any more."""


class PullFailed(Exception):
    """The job cannot be continued, and trying again at once would not help."""

    def __init__(self, reason: str, message: str, field: str = "", afresh: bool = False) -> None:
        """Say why a job cannot be continued.

        Args:
            reason: For programs.
            message: For people.
            field: The field of the query that is at fault, if one is.
            afresh: Whether the next try begins at the first page: the position itself may be what is wrong.
        """
        super().__init__(message)
        self.reason = reason
        self.field = field
        self.afresh = afresh


class OutOfRetention(PullFailed):
    """CXone has none of the window's calls any more; no try can help."""

    def __init__(self, message: str) -> None:
        """Take the message, which names the window and what CXone still has."""
        super().__init__("out_of_retention", message, field="start")


def refused(error: CxoneError) -> PullFailed:
    """Return the failure that an error means which no retry of the same call can heal.

    A page token that has run out looks like many things; only a missing scope says nothing about it.
    """
    field = getattr(error, "field", "")
    return PullFailed(error.reason, str(error), field, afresh=not isinstance(error, Forbidden))
