"""What dialling offers to the trunks: dials a second, the load of them, and the share that is blocked."""

from __future__ import annotations

from dataclasses import dataclass

from outbound.dialer.model.closed_forms import erlang_b
from outbound.dialer.settings import Assumed


@dataclass(frozen=True, slots=True)
class TrunkLoad:
    """The load of a team that is kept busy.

    `dials_per_second` is what the team needs, whatever the spacing allows; `erlang` what that offers.
    """

    dials_per_second: float
    erlang: float

    def blocking(self, trunks: int) -> float:
        """Return the share of dials that find no trunk free."""
        return erlang_b(trunks, self.erlang)


def trunk_load(agents: int, occupancy: float, assumed: Assumed) -> TrunkLoad:
    """Return the load of a team.

    Ringing and talking hold a trunk, wrap-up does not. A machine holds one as long as a dial without an
    answer: which of the two is longer depends on its detection, and neither is long.

    Args:
        agents: How many are logged in.
        occupancy: The share of their time that is talk and wrap-up, from 0 to 1.
        assumed: What is assumed of calls.
    """
    handling = assumed.talk_seconds + assumed.wrap_seconds
    if not assumed.answer_rate:
        return TrunkLoad(0.0, 0.0)
    dials = agents * occupancy / (assumed.answer_rate * handling)
    answered = assumed.answer_rate * (assumed.ring_seconds + assumed.talk_seconds)
    return TrunkLoad(dials, dials * (answered + (1 - assumed.answer_rate) * assumed.no_answer_seconds))
