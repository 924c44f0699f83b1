"""How many completed attempts a campaign has, and how many of them are hard to archive."""

from collections.abc import Mapping
from dataclasses import dataclass, field

#: The outcomes that the archive document approves of.
DEFAULT_ARCHIVABLE_CODES: tuple[str, ...] = ("SURVEY_TAKEN", "NO_ANSWER", "BUSY", "DISCONNECTED")

#: The ways in which an attempt can differ from one that is archived without a thought. "repeated" is
#: a place in the list that shows an earlier attempt again; "without_extras" lacks only what has a
#: default, and can be archived.
ODD_ATTEMPTS: tuple[str, ...] = (
    "unapproved",
    "not_anonymised",
    "without_anonymised",
    "without_outcome",
    "without_contact",
    "without_id",
    "without_extras",
    "repeated",
)


@dataclass(frozen=True, slots=True)
class Attempts:
    """The list of a campaign's completed attempts, `count` places long.

    `outcomes` are weights; the values of `odd` are shares of all places, and one place is at most one
    of these. What is archived leaves the list `archive_seconds` after the request.
    """

    count: int = 0
    outcomes: Mapping[str, float] = field(
        default_factory=lambda: {"NO_ANSWER": 55, "BUSY": 15, "DISCONNECTED": 20, "SURVEY_TAKEN": 10}
    )
    odd: Mapping[str, float] = field(default_factory=dict)
    archive_seconds: float = 0

    def __post_init__(self) -> None:
        """Refuse what could not be generated as asked."""
        if self.count < 0 or self.archive_seconds < 0:
            raise ValueError("attempts: count and archive_seconds are from 0")
        if not self.outcomes or min(self.outcomes.values()) < 0 or sum(self.outcomes.values()) <= 0:
            raise ValueError("attempts: outcomes need weights")
        if unknown := set(self.odd) - set(ODD_ATTEMPTS):
            raise ValueError(f"attempts: no such odd kind {sorted(unknown)}")
        if self.odd and (min(self.odd.values()) < 0 or sum(self.odd.values()) > 1):
            raise ValueError("attempts: shares are from 0 and at most 1 together")
