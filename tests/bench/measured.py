"""What a figure came to, beside what it is to reach."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_HOLDS: dict[str, Callable[[float, float], bool]] = {
    "at most": operator.le,
    "at least": operator.ge,
    "exactly": operator.eq,
    "none": lambda *_: True,
}


@dataclass(frozen=True)
class Target:
    """What a figure is to reach: "at most" 1.3, for instance; with the bound "none" it is only told."""

    bound: str
    value: float = 0
    unit: str = ""

    @property
    def judges(self) -> bool:
        """Whether a measured value can miss it."""
        return self.bound != "none"

    def met_by(self, value: float) -> bool:
        """Tell whether a measured value is good enough."""
        return _HOLDS[self.bound](value, self.value)

    def __str__(self) -> str:
        return f"{self.bound} {self.value:g} {self.unit}".strip() if self.judges else "none"

    def shown(self, value: float) -> str:
        """Write a value as people read it."""
        number = f"{value:g}" if value == int(value) else f"{value:.3f}"
        return f"{number} {self.unit}".strip()


@dataclass(frozen=True)
class Measured:
    """One row of the table: what was measured, what came of it, and what it is made of.

    `note` is for people, `detail` for programs; `profile` says where the time went, in the lines of a table,
    where that was looked into.
    """

    what: str
    value: float
    target: Target
    note: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    profile: tuple[tuple[str, ...], ...] = ()

    @property
    def met(self) -> bool:
        """Whether the figure is reached."""
        return self.target.met_by(self.value)

    def as_document(self) -> dict[str, Any]:
        """Give the row as JSON holds it."""
        return {
            "what": self.what,
            "value": round(self.value, 4),
            "bound": self.target.bound,
            "target": self.target.value,
            "unit": self.target.unit,
            "met": self.met,
            "note": self.note,
            "detail": dict(self.detail),
            "profile": [list(line) for line in self.profile],
        }
