"""The tenant's quotas, shared by all functions: one conditional update takes a place.

Each budget is a generic cell rate algorithm with a burst of one. The item holds `tat`, the moment
(milliseconds) at which the next call may leave:

    now        tat                        tat + step
     |----------|----------------------------|
                ^ this call leaves here      ^ and the next one here

Whoever adds `step` to `tat` owns the place that it moved past. Calls leave evenly, a little slower than
the quota, so that jitter on the way never makes one call too many.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from outbound.clock import Clock
from outbound.cxone.errors import RateLimited
from outbound.cxone.settings import Budget
from outbound.observability import Metric, measure
from outbound.store.table import Key, Table

Lane = Literal["normal", "priority"]
_LANES: tuple[Lane, ...] = ("normal", "priority")

# Share of the quota that is used. The rest absorbs jitter between leaving here and arriving there.
_USED = 0.97
# A place further away than this is not waited for inside a function: the message goes back instead.
MAX_WAIT_SECONDS = 5.0


class Budgets:
    """Takes places in the tenant's quotas."""

    def __init__(self, table: Table, tenant: str, clock: Clock) -> None:
        """Keep the budgets of one tenant in the token table."""
        self._table = table
        self._tenant = tenant
        self._clock = clock

    def take(self, name: str, budget: Budget, lane: Lane = "normal", campaign_id: str = "", max_wait: float = MAX_WAIT_SECONDS) -> None:
        """Return when the call may leave.

        Waits up to `max_wait` seconds. Raises RateLimited with the moment of the next free place where
        that is further away; the place is then not taken.
        """
        if not budget.enforced:
            return
        key = self._key(name, budget, lane, campaign_id)
        now = self._milliseconds()
        leaves = self._reserve(key, now, _step(budget, lane), now + int(max_wait * 1000))
        wait = (leaves - now) / 1000
        if wait > 0:
            measure(Metric.QUOTA_WAIT, wait)
            self._clock.sleep(wait)

    def push_back(self, name: str, budget: Budget, until: datetime, campaign_id: str = "") -> None:
        """Let nobody leave before `until`, on either lane: CXone itself said that the quota is used up."""
        if not budget.enforced:
            return
        values = {":until": int(until.timestamp() * 1000)}
        condition = "attribute_not_exists(#tat) OR #tat < :until"
        for key in {self._key(name, budget, lane, campaign_id) for lane in _LANES}:
            self._table.update(key, "SET #tat = :until", values, condition)

    def _reserve(self, key: Key, now: int, step: int, latest: int) -> int:
        """Take the next place and give the moment at which it leaves."""
        # Under load the next place lies ahead, so this one update is the usual way.
        taken = self._table.update(
            key,
            "SET #tat = #tat + :step",
            {":step": step, ":now": now, ":latest": latest},
            "#tat > :now AND #tat <= :latest",
        )
        if taken.done:
            return int(taken.item["tat"]) - step
        if int(taken.item.get("tat", 0)) <= now:
            return self._reserve_idle(key, now, step, latest)
        retry_at = datetime.fromtimestamp(int(taken.item["tat"]) / 1000, UTC)
        raise RateLimited(f"the budget {key.sk} has no place within {(latest - now) / 1000:.0f} s", retry_at)

    def _reserve_idle(self, key: Key, now: int, step: int, latest: int) -> int:
        condition = "attribute_not_exists(#tat) OR #tat <= :now"
        taken = self._table.update(key, "SET #tat = :next", {":next": now + step, ":now": now}, condition)
        # Where several found the budget idle, one leaves at once and the others queue up behind it.
        return now if taken.done else self._reserve(key, now, step, latest)

    def _key(self, name: str, budget: Budget, lane: Lane, campaign_id: str) -> Key:
        owner = f"{name}#{campaign_id}" if budget.per_campaign else name
        return Key(f"{self._tenant}#budget", f"{owner}#{lane}" if budget.reserved else owner)

    def _milliseconds(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


def _step(budget: Budget, lane: Lane) -> int:
    """Milliseconds between two calls of a lane."""
    share = 1.0
    if budget.reserved:
        share = budget.reserved if lane == "priority" else 1 - budget.reserved
    return round(1000 * budget.per_seconds / (budget.calls * _USED * share))
