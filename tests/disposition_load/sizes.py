"""How large a load test is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """A load test: so many dispositions for each campaign, about so many of its contacts.

    Some of them come by webhook, in deliveries of so many each. `seconds` is how long all may take, and
    `calls_a_second` the quota of each campaign.
    """

    campaigns: tuple[str, ...]
    dispositions: int
    contacts: int
    by_webhook: int
    in_a_delivery: int
    seconds: float
    times: int = 3
    calls_a_second: int = 10
    seed: int = 7


SMALL = Size(("load-1", "load-2"), 250, 40, by_webhook=50, in_a_delivery=10, seconds=150)
FULL = Size(tuple(f"load-{n}" for n in range(1, 21)), 500, 60, by_webhook=50, in_a_delivery=10, seconds=1200)
