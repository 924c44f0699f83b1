"""Answered calls that arrive at random moments, as the closed forms have them."""

from __future__ import annotations

from math import inf

from outbound.dialer.model.assumptions import Assumptions
from outbound.dialer.model.call_flow import PERSON, CallFlow
from outbound.dialer.model.document import ModelDocument, Patience
from outbound.dialer.model.durations import Draw, exponential, fixed


class ArrivingCalls(CallFlow):
    """A Poisson stream of calls; the one that finds every trunk taken is lost."""

    def __init__(
        self,
        document: ModelDocument,
        arrivals_per_second: float,
        replication: int,
        warm_up: float,
        assumed: Assumptions,
    ) -> None:
        """Plan the first arrival."""
        super().__init__(document, replication, warm_up, assumed)
        self._draw_gap = exponential(1 / arrivals_per_second, self._stream("gap"))
        self._patience = self._patience_of(document.patience)
        self._at(self._draw_gap(), self._arrive, 0)

    def _patience_of(self, patience: Patience | None) -> Draw:
        source = self._stream("patience")
        if patience is None:
            return fixed(inf, source)
        if patience.exponential is None:
            return fixed(patience.fixed or 0.0, source)
        return exponential(patience.exponential, source)

    def _draw_patience(self) -> float:
        return self._patience()

    def _follow(self, now: float) -> None:
        """Arrivals do not ask how the agents are."""

    def _arrive(self, now: float, _: int) -> None:
        self._at(now + self._draw_gap(), self._arrive, 0)
        self._attempts += 1
        if self.in_flight >= self._trunks:
            self._blocked += 1
            return
        self._seize(now)
        self.answered += 1
        self._offer(now, PERSON)
