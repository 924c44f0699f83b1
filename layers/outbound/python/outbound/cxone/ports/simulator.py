"""CXone's own simulator of its dialer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class SimulatorRun:
    """What CXone's simulator is asked; `concurrency` and `algorithm` are as in the dialer's settings."""

    minutes: int
    calls: int
    """How many calls it is to place."""

    concurrency: Mapping[str, Any]
    algorithm: Mapping[str, Any]
    trunks: int | None = None
    """None: as many as are wanted."""


@dataclass(frozen=True, slots=True)
class SimulatorAnswer:
    """What CXone expects, None where it does not say; shares are from 0 to 1.

    It says a number and not how sure it is.
    """

    abandonment: float | None
    occupancy: float | None
    caller_wait_seconds: float | None
    source: Mapping[str, Any] = field(default_factory=dict)
    """The answer as it came."""


class SimulatorPort(Protocol):
    """Runs CXone's simulator. It changes nothing there."""

    def run(self, run: SimulatorRun) -> SimulatorAnswer:
        """Return what CXone expects. Raises the errors of `outbound.cxone.errors`."""
