"""When a disposition that cannot be applied now comes back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import exp2
from random import random
from typing import Any, NoReturn

from outbound.clock import parse_time
from outbound.cxone.errors import CxoneError, OutOfTime, RateLimited
from outbound.dispositions.busy_contacts import Wait
from outbound.dispositions.ledger import DispositionRequest
from outbound.dispositions.metrics import DispositionMetric
from outbound.dispositions.requests import Rejected
from outbound.metrics import measure
from outbound.queues import Refused, TryLater, exponential_backoff, times_received
from outbound.store.table import Item

# When CXone or AWS are down, in seconds, at first.
AGAIN_SECONDS = 5.0

# A do-not-call that has waited for longer than others may is looked at that often, in seconds, and as long
# as its message lasts: two weeks and 200 receives, less what the dead-letter queue is to be reached in.
_PARKED_SECONDS = 7200.0
_LONGEST_PARKED = timedelta(days=12)
_MOST_RECEIVES = 190

# Most claims of a contact last for less than that: a read and a write of CXone.
_CLAIM_SECONDS = 2.0

# What is turned away for the quota comes back within a second at first. With every tenth time it is spread
# over twice as long, up to that many seconds: a backlog of three days then stays below those receives.
_RECEIVES_DOUBLE = 10
_MOST_SPREAD_SECONDS = 7200.0


class ContactBusy(Exception):
    """A contact is in the dialer's hands: its disposition is to come later, not never."""

    def __init__(self, request: DispositionRequest, state: str) -> None:
        """Name the request that waits, and what CXone calls the state of its contact."""
        super().__init__(f"the contact is {state}")
        self.request = request
        self.state = state


class ContactClaimed(Exception):
    """Another disposition of the contact is being applied, until a moment (Unix seconds) at the latest."""

    def __init__(self, until: float) -> None:
        """Take the moment until which the claim lasts."""
        super().__init__("another disposition of the contact is being applied")
        self.until = until


def wait_for_contact(
    busy: ContactBusy, item: Item, wait: Wait, record: Mapping[str, Any], now: datetime
) -> NoReturn:
    """Raise what says when to look at a busy contact again.

    A do-not-call is never rejected for waiting too long: it is parked.

    Args:
        busy: The request that waits.
        item: The request's item, with how often it was deferred and since when.
        wait: How long requests wait.
        record: The request's message.
        now: The moment of this look.

    Raises:
        TryLater: The message is to come back.
        Rejected: The request has waited for too long.
        Refused: It is a do-not-call whose message would not last any longer: into the dead-letter queue.
    """
    since = item.get("deferred_since")
    waited = (now - parse_time(since)).total_seconds() if since else 0.0
    measure(DispositionMetric.DISPOSITIONS_DEFERRED)
    measure(DispositionMetric.DISPOSITION_DEFERRED_AGE, waited)
    if waited < wait.max_seconds:
        raise TryLater(wait.seconds(int(item.get("deferrals", 1))), str(busy))
    if not busy.request.forbids:
        message = f"the contact was {busy.state} for {waited:.0f} s; send it again once the call has ended"
        raise Rejected(message, "contact_id", "contact_busy")
    if timedelta(seconds=max(waited, _age(record, now))) >= _LONGEST_PARKED:
        raise Refused(f"the contact of a do-not-call was {busy.state} for days; end its call, then redrive")
    if times_received(record) >= _MOST_RECEIVES:
        raise Refused(f"the contact of a do-not-call is still {busy.state}; end its call, then redrive")
    raise TryLater(_PARKED_SECONDS, f"{busy}, and the disposition is a do-not-call")


def count_delay(error: CxoneError, record: Mapping[str, Any], now: datetime) -> None:
    """Let the alarm for waiting dispositions see a do-not-call that CXone cannot take."""
    if not isinstance(error, RateLimited | OutOfTime):
        measure(DispositionMetric.DISPOSITION_DEFERRED_AGE, max(0.0, _age(record, now)))


def _age(record: Mapping[str, Any], now: datetime) -> float:
    """Return for how many seconds a message has been on its queue, 0 where the record does not say."""
    sent = record.get("attributes", {}).get("SentTimestamp")
    return (now - datetime.fromtimestamp(int(sent) / 1000, UTC)).total_seconds() if sent else 0.0


def wait_for_claim(taken: ContactClaimed, record: Mapping[str, Any], now: datetime) -> TryLater:
    """Return when to come back to a contact that another request has: soon, most claims last a moment.

    How often the message came says nothing of the claim: most returns may have been the quota's.
    """
    longest = max(1.0, taken.until - now.timestamp() + 1.0)
    return TryLater(min(longest, _CLAIM_SECONDS + _spread(record)), str(taken))


def wait_for_cxone(error: CxoneError, record: Mapping[str, Any], now: datetime) -> TryLater:
    """Return when to come back after CXone, or the quota, or the time left did not allow it."""
    if isinstance(error, OutOfTime):
        return TryLater(0, error.reason)
    if error.retry_at is not None:
        return TryLater((error.retry_at - now).total_seconds() + _spread(record), error.reason)
    return exponential_backoff(record, error.reason, AGAIN_SECONDS)


def _spread(record: Mapping[str, Any]) -> float:
    """Return so many seconds that those that were turned away together are not so again.

    More for a message that came often: many wait then, and each has so many receives only.
    """
    most = min(_MOST_SPREAD_SECONDS, exp2(times_received(record) / _RECEIVES_DOUBLE))
    return most * random()  # noqa: S311 - jitter
