"""Watching what became of a change: its operation, or, where the answer was lost, what is in force.

look -> IN_PROGRESS: wait 2 s, 4 s, ... 30 s, so many times; asked once more, then given up
-> COMPLETED, or not known any more: what is in force says what it did
-> FAILED
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from outbound.cxone.ports.dialer import DialerPort, OperationStatus
from outbound.dialer.rollouts import Sent
from outbound.dialer.settings import WatchSettings


class Seen(StrEnum):
    """What a look came to."""

    ENDED = "ended"
    """What is in force says what it did."""

    FAILED = "failed"
    OPEN = "open"
    """It is not at its end: look again later."""

    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class Look:
    """A look at a change: what it came to, the change as it is known then, and what CXone says."""

    seen: Seen
    sent: Sent
    details: str = ""


def look_at(
    port: DialerPort, sent: Sent, watch: WatchSettings, in_force: Callable[[], bool], *, urgent: bool = False
) -> Look:
    """Look once at a change that was sent.

    Args:
        port: Asks CXone.
        sent: The change, as it is known.
        watch: How often it is looked at.
        in_force: Returns True if what was asked for is in force: that is looked at where no operation is
            known, since the answer was lost.
        urgent: Whether the share of the quota that is kept for rollbacks may be used.
    """
    if sent.ended:
        return Look(Seen.FAILED if sent.ended == OperationStatus.FAILED else Seen.ENDED, sent)
    if sent.version and not sent.operation_id:
        return Look(Seen.ENDED, _completed(sent))
    if not sent.version:
        return Look(Seen.ENDED, _completed(sent)) if in_force() else _not_yet(sent, watch)
    operation = port.operation(sent.operation_id, urgent=urgent)
    if operation.status is OperationStatus.IN_PROGRESS:
        return _not_yet(sent, watch)
    ended = replace(sent, ended=operation.status.value)
    seen = Seen.FAILED if operation.status is OperationStatus.FAILED else Seen.ENDED
    return Look(seen, ended, operation.details)


def wait_seconds(looks: int, watch: WatchSettings) -> int:
    """Return how long to wait after so many looks."""
    return int(min(watch.longest_wait_seconds, watch.first_wait_seconds * 2 ** min(max(0, looks - 1), 20)))


def _completed(sent: Sent) -> Sent:
    return replace(sent, ended=OperationStatus.COMPLETED.value)


def _not_yet(sent: Sent, watch: WatchSettings) -> Look:
    looked = replace(sent, looks=sent.looks + 1)
    return Look(Seen.GIVEN_UP if sent.looks >= watch.max_looks else Seen.OPEN, looked)
