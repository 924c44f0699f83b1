"""How large the load is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Size:
    """A load: so many different deliveries about so many contacts, and what goes wrong from half-way on.

    The other side answers 503 to so many requests in a row. Then it cuts so many connections after it took
    what came, and as many before, each some requests after the last. `seconds` is how long all of it may
    take to arrive once it is sent.
    """

    deliveries: int
    contacts: int
    refusals: int
    cuts: int
    between_cuts: int
    seconds: float
    circuit: Mapping[str, int] = field(default_factory=dict)
    times: int = 3
    seed: int = 11


# The circuit stays closed: once it opens it does so for half a minute at least.
SMALL = Size(
    deliveries=120, contacts=24, refusals=12, cuts=5, between_cuts=5, seconds=120, circuit={"failures": 100}
)
# Refusals open the circuit; what is parked then comes back with the sweeper's minutes. Few are enough: while
# it is open each costs half a minute.
FULL = Size(
    deliveries=2_000,
    contacts=400,
    refusals=10,
    cuts=40,
    between_cuts=10,
    seconds=600,
    circuit={"recovery_seconds": 30},
)
