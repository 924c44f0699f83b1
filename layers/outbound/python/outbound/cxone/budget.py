"""The tenant's quotas, shared by all functions: one conditional update takes a place.

Each budget is a generic cell rate algorithm with a burst of one. The item holds `tat`, the moment
(microseconds) at which the next call may leave:

    now        tat                        tat + interval
     |----------|----------------------------|
                ^ this call leaves here      ^ and the next one here

Whoever adds `interval` to `tat` owns the place that it moved past. Calls leave evenly, a little slower
than the quota, so that jitter on the way never makes one call too many.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Literal

from outbound.clock import Clock
from outbound.cxone.errors import RateLimited
from outbound.cxone.settings import Budget
from outbound.observability import Metric, measure
from outbound.store.table import Key, Table

Lane = Literal["normal", "priority"]
_SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LANES: tuple[Lane, ...] = ("normal", "priority")

# Share of the quota that is used. The rest absorbs jitter between leaving here and arriving there.
_USED = 0.97
# A place further away than this is not waited for inside a function: the message goes back instead.
MAX_WAIT_SECONDS = 5.0
# A budget found idle may be busy by the time of the second update, and is then as the first one wants it.
_ROUNDS = 3


class Budgets:
    """Takes places in the tenant's quotas."""

    def __init__(self, table: Table, tenant: str, clock: Clock) -> None:
        """Keep the budgets of one tenant in the token table."""
        self._table = table
        self._tenant = tenant
        self._clock = clock

    def take(
        self,
        name: str,
        budget: Budget,
        lane: Lane = "normal",
        campaign_id: str = "",
        max_wait: float = MAX_WAIT_SECONDS,
    ) -> None:
        """Return when the call may leave.

        Waits up to `max_wait` seconds. Raises RateLimited with the moment of the next free place where
        that is further away; the place is then not taken.
        """
        if not budget.enforced:
            return
        key = self._key(name, budget, lane, campaign_id)
        for _ in range(_ROUNDS):
            leaves = self._reserve(key, _interval(budget, lane), max_wait)
            wait = (leaves - self._now()) / _SECOND
            if wait > 0:
                measure(Metric.QUOTA_WAIT, wait)
                self._clock.sleep(wait)
            if not self._overslept(leaves, budget):
                return

    def _overslept(self, leaves: int, budget: Budget) -> bool:
        """Whether a call's place is past, where windows are so short that it would crowd those behind it."""
        late = (self._now() - leaves) / _SECOND
        return bool(budget.jitter_seconds) and late > budget.jitter_seconds / 2

    def push_back(self, name: str, budget: Budget, until: datetime, campaign_id: str = "") -> None:
        """Let nobody leave before `until`, on either lane: CXone itself said that the quota is used up."""
        if not budget.enforced:
            return
        values = {":until": _microseconds(until)}
        condition = "attribute_not_exists(#tat) OR #tat < :until"
        for key in {self._key(name, budget, lane, campaign_id) for lane in _LANES}:
            self._table.update(key, "SET #tat = :until", values, condition)

    def _reserve(self, key: Key, interval: int, max_wait: float) -> int:
        """Take the next place and give the moment at which it leaves."""
        now = self._now()
        latest = now + int(max_wait * _SECOND)
        tat = 0
        for _ in range(_ROUNDS):
            # Under load the next place lies ahead, so this one update is the usual way.
            values = {":interval": interval, ":now": now, ":latest": latest}
            condition = "#tat > :now AND #tat <= :latest"
            taken = self._table.update(key, "SET #tat = #tat + :interval", values, condition)
            if taken.done:
                return int(taken.item["tat"]) - interval
            tat = int(taken.item.get("tat", 0))
            if tat > latest:
                break
            values = {":next": now + interval, ":now": now}
            condition = "attribute_not_exists(#tat) OR #tat <= :now"
            taken = self._table.update(key, "SET #tat = :next", values, condition)
            if taken.done:
                return now
        retry_at = datetime.fromtimestamp(tat / _SECOND, UTC)
        raise RateLimited(f"the budget {key.sk} has no place within {max_wait:.0f} s", retry_at)

    def _key(self, name: str, budget: Budget, lane: Lane, campaign_id: str) -> Key:
        owner = f"{name}#{campaign_id}" if budget.per_campaign else name
        return Key(f"{self._tenant}#budget", f"{owner}#{lane}" if budget.reserved else owner)

    def _now(self) -> int:
        return _microseconds(self._clock.now())


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _interval(budget: Budget, lane: Lane) -> int:
    """Microseconds between two calls of a lane, so that none of its windows has more calls than its share."""
    window = max(budget.per_seconds / _USED, budget.per_seconds + budget.jitter_seconds)
    return ceil(_SECOND * window / _share(budget, lane))


def _share(budget: Budget, lane: Lane) -> int:
    """How many of the quota's calls are a lane's; whole ones, so that both lanes together never exceed it."""
    if not budget.reserved:
        return budget.calls
    kept = min(max(1, round(budget.calls * budget.reserved)), budget.calls - 1)
    return kept if lane == "priority" else budget.calls - kept
