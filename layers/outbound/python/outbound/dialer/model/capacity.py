"""What a team, its calls and its pacing come to, with intervals at 95 %."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from outbound.dialer.model.arrivals import ArrivingCalls
from outbound.dialer.model.assumptions import ASSUMPTIONS, Assumptions
from outbound.dialer.model.call_flow import CallFlow
from outbound.dialer.model.dialled import DialledCalls
from outbound.dialer.model.document import ModelDocument
from outbound.dialer.model.estimates import Estimate, estimate, share, share_of_events
from outbound.dialer.model.tally import Tally

# A single replication is cut into pieces that stand for replications.
_PIECES = 10
_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Capacity:
    """What was measured. `waited`, the share of callers who had to wait at all, is not in the document."""

    abandonment: Estimate
    occupancy: Estimate
    caller_wait_seconds: Estimate
    agent_wait_seconds: Estimate
    trunk_use: Estimate
    trunk_blocking: Estimate
    waited: Estimate
    events: int
    seconds: float

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        measures = {name: getattr(self, name).as_document() for name in MEASURES}
        return {**measures, "events": self.events, "seconds": round(self.seconds, 3)}


MEASURES = (
    "abandonment",
    "occupancy",
    "caller_wait_seconds",
    "agent_wait_seconds",
    "trunk_use",
    "trunk_blocking",
)
"""The measures of the document, in its order."""


def simulate_capacity(
    document: ModelDocument,
    assumed: Assumptions = ASSUMPTIONS,
    cpu_seconds: Callable[[], float] = time.process_time,
) -> Capacity:
    """Simulate a document and return what came of it; the same document, the same answer.

    Args:
        document: Team, calls, pacing, and how often and how long to try.
        assumed: What the document does not say.
        cpu_seconds: The clock that `seconds` of the answer is read from.
    """
    trial = Trial(document, assumed, cpu_seconds)
    trial.run(document.replications)
    return trial.capacity()


class Trial:
    """The replications of a document as far as they were run; more of them narrow the intervals."""

    def __init__(
        self,
        document: ModelDocument,
        assumed: Assumptions = ASSUMPTIONS,
        cpu_seconds: Callable[[], float] = time.process_time,
    ) -> None:
        """Run nothing yet."""
        self.document = document
        self.replications = 0
        self._assumed = assumed
        self._cpu_seconds = cpu_seconds
        self._tallies: list[Tally] = []
        self._events = 0
        self._seconds = 0.0

    def run(self, replications: int) -> None:
        """Run until there are so many replications, or all of the document."""
        began = self._cpu_seconds()
        until = min(replications, self.document.replications)
        for replication in range(self.replications, until):
            found, done = _replicate(self.document, replication, self._assumed)
            self._tallies += found
            self._events += done
        self.replications = max(self.replications, until)
        self._seconds += self._cpu_seconds() - began

    @property
    def is_complete(self) -> bool:
        """Whether all replications of the document were run."""
        return self.replications >= self.document.replications

    def capacity(self) -> Capacity:
        """Return what was measured so far, which takes two replications (or the only one)."""
        return _capacity(self.document, self._tallies, self._events, self._seconds)


def _replicate(document: ModelDocument, replication: int, assumed: Assumptions) -> tuple[list[Tally], int]:
    """Run one replication, and return its tallies without the warm-up, and its events.

    The only replication of a document gives several tallies, of its consecutive pieces.
    """
    warm_up, seconds = document.warm_up_seconds, document.hours * _HOUR
    simulation = _call_flow(document, replication, warm_up, assumed)
    pieces = _PIECES if document.replications == 1 else 1
    before, tallies = simulation.run(warm_up), []
    for piece in range(1, pieces + 1):
        now = simulation.run(warm_up + seconds * piece / pieces)
        tallies.append(now.since(before))
        before = now
    return tallies, simulation.events


def _call_flow(document: ModelDocument, replication: int, warm_up: float, assumed: Assumptions) -> CallFlow:
    if document.pacing is not None:
        return DialledCalls(document, document.pacing, replication, warm_up, assumed)
    # The document has one of the two.
    return ArrivingCalls(document, document.arrivals_per_second or 0.0, replication, warm_up, assumed)


def _capacity(document: ModelDocument, tallies: Sequence[Tally], events: int, seconds: float) -> Capacity:
    trunks = document.trunks or inf
    return Capacity(
        abandonment=share_of_events([(one.abandoned, one.answered) for one in tallies]),
        occupancy=share([(one.busy_seconds, one.agent_seconds) for one in tallies]),
        caller_wait_seconds=estimate([(one.caller_wait, one.answered) for one in tallies]),
        agent_wait_seconds=estimate([(one.agent_wait, one.connected) for one in tallies]),
        trunk_use=share([(one.trunk_seconds, trunks * one.seconds) for one in tallies]),
        trunk_blocking=share_of_events([(one.blocked, one.attempts) for one in tallies]),
        waited=share_of_events([(one.waited, one.answered) for one in tallies]),
        events=events,
        seconds=seconds,
    )
