"""When a delivery is tried again, and when it dies.

A delivery dies of an answer that the same request would get again (`verdict_on`), of a failure of its last
attempt (`is_last_attempt`; with the packaged waits that is the twelfth, after some three days), and where
nothing can be sent: its body cannot be made, or its address must not be connected to. What is dead lies in
the dead-letter queue, from which an operator may send it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from random import uniform

from outbound.backoff import retry_after
from outbound.http_statuses import is_passing

# A wait up to this is the queue's business (its visibility), a longer one the ledger's: a message that is
# invisible for hours could not be brought forward, and each of its returns counts as a receive.
LONGEST_IN_QUEUE = 900.0

# Several thousand deliveries that failed together are not to come back together.
_JITTER = 0.2
# The circuit's pause doubles up to a quarter of an hour; a switched-off destination is looked at anew
# after a quarter of an hour, then ever less often: the operator's command brings its deliveries forward.
_LONGEST_OPEN = 900.0
_FIRST_OFF = 900.0
_LONGEST_OFF = 6 * 3600.0


_GONE = 410


class Verdict(StrEnum):
    """What an answer means for its delivery."""

    DELIVERED = "delivered"
    """It was taken."""

    UNWANTED = "unwanted"
    """The destination wants nothing any more: it is switched off, and its deliveries are parked."""

    TRY_AGAIN = "try again"
    """Another attempt may be taken, if there is one left."""

    DEAD = "dead"
    """Every other attempt would be answered like this one."""


def verdict_on(status: int) -> Verdict:
    """Return what an answer's HTTP status means for its delivery."""
    if 200 <= status < 300:
        return Verdict.DELIVERED
    if status == _GONE:
        return Verdict.UNWANTED
    return Verdict.TRY_AGAIN if is_passing(status) else Verdict.DEAD


def is_last_attempt(attempts: int, max_attempts: int) -> bool:
    """Return True if a delivery dies should the attempt fail that is the `attempts`th one."""
    return attempts >= max_attempts


def wait_after(
    attempts: int, waits: Sequence[float], header: str | None, longest: float, now: datetime
) -> float:
    """Return the seconds until the next try.

    Args:
        attempts: How often it was tried, 1 or more.
        waits: The seconds after each attempt; the last one counts for all after it.
        header: The answer's Retry-After, which can lengthen a wait up to `longest`, and never shorten it.
        longest: The longest wait (seconds) that a destination may ask for.
        now: What a date in the header is compared with.
    """
    own = waits[min(attempts, len(waits)) - 1] * uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - jitter
    requested = retry_after(header, now) or 0.0
    return max(own, min(requested, longest))


def wait_for_circuit(parks: int, recovery_seconds: float) -> float:
    """Return the seconds to leave a delivery parked whose circuit was open that many times before."""
    return _doubled(recovery_seconds, parks, _LONGEST_OPEN)


def wait_for_switch(parks: int) -> float:
    """Return the seconds to leave a delivery parked whose destination was off that many times before."""
    return _doubled(_FIRST_OFF, parks, _LONGEST_OFF)


def _doubled(first: float, times: int, longest: float) -> float:
    return min(longest, first * 2.0 ** min(times, 16)) * uniform(1, 1 + 2 * _JITTER)  # noqa: S311 - jitter
