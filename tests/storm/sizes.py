"""How large a storm is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Size:
    """A storm: so many different deliveries about so many contacts, and what goes wrong from half-way on.

    The other side answers 503 to so many deliveries in a row, then cuts so many connections after it took
    what came, and as many before. `seconds` is how long all of it may take to arrive.
    """

    deliveries: int
    contacts: int
    refusals: int
    cuts: int
    seconds: float
    circuit: Mapping[str, int] = field(default_factory=dict)
    times: int = 3
    seed: int = 11


# The circuit stays closed: once it opens it does so for half a minute at least.
SMALL = Size(deliveries=200, contacts=40, refusals=20, cuts=8, seconds=120, circuit={"failures": 100})
# Refusals open the circuit; what is parked then comes back with the sweeper's minutes.
FULL = Size(
    deliveries=2_000, contacts=400, refusals=60, cuts=40, seconds=600, circuit={"recovery_seconds": 30}
)
