"""The tenant's quotas, shared by all functions: one conditional update takes a place.

How many calls, in how many seconds: `BUDGETS` in `cxone.settings`.

A quota of n calls in a window has n places. A place lets a call leave when the one before it on the same
place left a whole window ago; so no window, wherever it begins, has more than n calls, and a quota that
was not used is free at once.

    place 0   |------ window ------|  free  |------ window ------|
    place 1      |------ window ------|------ window ------|
              ^ a call leaves         ^ the next one on place 1, taken while it still had to wait

The item of a quota holds, per place, the moment (milliseconds) at which its latest call leaves, which may
lie ahead. An update moves one place, on the condition that its latest call is old enough: a caller that
loses a place to another is told all of them by the refusal, and takes a free one. Both
priorities use the same places: the first ones are kept for the high one, which may use the others too.

The window is 3 % longer than CXone's, or as much longer as the budget's `jitter_seconds` says. That much a
call may be delayed between leaving here and being counted there, and the clocks of two hosts may differ,
before CXone could count one call too many. As this holds for every window, it holds for fixed ones.

Where `jitter_seconds` is set, the window is so short that calls that leave together may arrive further apart
than that. There those that have to wait leave one after the other, and not all at once again.

A 429 is written down beside the places (`held`), so that changed settings do not forget it. Where a quota is
each campaign's own, it is also written to the item of them all (`held_by_campaigns`), which is where the
same budget looks when it is no longer `per_campaign`; and a campaign's quota looks there for `held`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import choice, uniform
from threading import Lock
from typing import Any

from outbound.clock import Clock
from outbound.cxone.errors import RateLimited
from outbound.cxone.metrics import CxoneMetric
from outbound.cxone.quota_places import SECOND, Place, PlaceLog, Priority, Shape
from outbound.cxone.settings import Budget
from outbound.metrics import measure
from outbound.store.table import Key, Table

_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# A place further away than this is not waited for inside a function: the message goes back instead.
MAX_WAIT_SECONDS = 5.0
# What was read so long ago (seconds) shows nearly all places that others have taken.
_FRESH_SECONDS = 0.005
# Places that become free within so little of each other (milliseconds) are as good as one another.
_ABOUT = 250
# So many places are looked at for the soonest that is at no other call's time.
_MOST_APART = 20
# A caller that lost a place to another looks again after up to this (seconds), doubled each time.
_LOST_SECONDS = 0.01
# A campaign's quota looks that often whether the quota of all campaigns was held back.
_SHARED_SECONDS = 5.0
# A caller that waits longer than this looks, before leaving, whether a 429 came meanwhile.
_LONG_WAIT = 1 * SECOND
# A call that leaves so much later than its caller wanted to wait has no time left, and its place goes back.
_TOO_LATE = 1 * SECOND
# A call that overslept leaves so much later (milliseconds) than it noticed: that is written down until then.
# Where it took longer, the next try has more time.
_LEADS = (25, 50, 100)
_TRIES = 6
_ROUNDS = 3
# An item that is not written any more is deleted, long after its last window.
_KEPT = 24 * 3600 * SECOND


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a caller wants: a place of a priority, at the `latest` then, of the quota that is kept in `key`.

    `shared_key` is the item of all campaigns; for a quota that is not each campaign's own it is the same.
    """

    key: Key
    shared_key: Key
    shape: Shape
    priority: Priority
    latest: int


class Budgets:
    """Takes places in the tenant's quotas; threads may share it."""

    def __init__(self, table: Table, tenant: str, clock: Clock) -> None:
        """Keep the budgets of one tenant in the token table."""
        self._table = table
        self._tenant = tenant
        self._clock = clock
        self._logs: dict[Key, tuple[float, PlaceLog]] = {}
        self._locks: dict[Key, Lock] = {}
        self._latest: dict[Key, int] = {}

    def take(
        self,
        name: str,
        budget: Budget,
        priority: Priority = "normal",
        campaign_id: str = "",
        max_wait: float = MAX_WAIT_SECONDS,
    ) -> None:
        """Return when the call may leave.

        Args:
            name: The budget, as the settings call it.
            budget: Its settings.
            priority: Whether the call may use the share that is kept for urgent ones.
            campaign_id: Whose quota it is, where each campaign has its own.
            max_wait: The most seconds to wait.

        Raises:
            RateLimited: The next free place is further away; it names the moment, and the place is not taken.
        """
        if not budget.enforced:
            return
        key, latest = self._key(name, budget, campaign_id), self._now() + int(max_wait * SECOND)
        claim = _Claim(key, self._key(name), Shape.of(budget), priority, latest)
        for _ in range(_ROUNDS):
            if self._leave(claim, self._reserve(claim)):
                return
        raise _no_place(claim, self._now(), f"had {_ROUNDS} places, none of which a call could leave on")

    def push_back(self, name: str, budget: Budget, until: datetime, campaign_id: str = "") -> None:
        """Let no call leave before `until`: CXone itself says that the quota is used up."""
        if not budget.enforced:
            return
        window = Shape.of(budget).window
        self._hold(self._key(name, budget, campaign_id), "held", until, window)
        if budget.per_campaign:
            self._hold(self._key(name), "held_by_campaigns", until, window)

    def _hold(self, key: Key, attribute: str, until: datetime, window: int) -> None:
        moment = -((_EPOCH - until) // _MILLISECOND)
        values = {":until": moment, ":ttl": _ttl(moment, window)}
        condition = f"attribute_not_exists(#{attribute}) OR #{attribute} < :until"
        held = self._table.update(key, f"SET #{attribute} = :until, #ttl = :ttl", values, condition)
        self._remember(key, held.item)

    def _reserve(self, claim: _Claim) -> Place:
        """Take the next place. Threads take turns, so that they do not take places from each other."""
        with self._locks.setdefault(claim.key, Lock()):
            for lost in range(_TRIES):
                within_reach = self._within_reach(claim, lost)
                # The place of the last call is a good one: others that come as often have theirs.
                mine = [place for place in within_reach if place.number == self._latest.get(claim.key)]
                place = choice(mine or within_reach)  # noqa: S311 - so that not all want the same
                if self._move(claim, place.number, place.leaves - claim.shape.window, place.leaves):
                    self._latest[claim.key] = place.number
                    return place
                self._clock.sleep(uniform(0, _LOST_SECONDS * 2**lost))  # noqa: S311 - lets others go first
        raise _no_place(claim, self._now(), f"lost {_TRIES} places to other callers")

    def _within_reach(self, claim: _Claim, lost: int) -> list[Place]:
        """The places of which a call takes any: all that are free at once, else those free about soonest.

        So several callers that look at the same time do not all want the same one. With each place `lost` to
        another, places that are free somewhat later will do.
        """
        log = self._log(claim.key, _FRESH_SECONDS)
        now = self._now()
        earliest = max(now, self._held(claim, log))
        places = log.next_places(claim.shape, claim.priority, earliest)
        if places[0].leaves > now and claim.shape.apart:
            places = log.one_by_one(places[:_MOST_APART], claim.shape)
        soonest = places[0].leaves
        if soonest > max(now, claim.latest):
            wait = max(0, claim.latest - now) / SECOND
            raise _no_place(claim, soonest, f"has no place within {wait:.0f} s")
        if soonest == earliest:
            free = [place for place in places if place.leaves == earliest]
            return [place for place in free if place.number < claim.shape.reserved] or free
        about = soonest + min(_ABOUT * 4**lost, claim.shape.window // 4)
        return [place for place in places if place.leaves <= min(about, claim.latest)]

    def _leave(self, claim: _Claim, place: Place) -> bool:
        """Wait for the moment of a place; return True if the call may leave on it, else it is given back."""
        wait = place.leaves - self._now()
        if wait > 0:
            measure(CxoneMetric.QUOTA_WAIT, wait / SECOND)
            self._sleep_until(place.leaves)
        if wait > _LONG_WAIT and self._held(claim, self._log(claim.key, _FRESH_SECONDS)) > place.leaves:
            self._give_back(claim, place)
            return False
        for lead in _LEADS:
            if self._late(claim, place) <= claim.shape.margin // 2:
                return True
            # It overslept. The place counts from when the call leaves in truth, unless another stands behind.
            leaves = self._now() + lead
            if not self._move(claim, place.number, place.leaves, leaves):
                break
            place = Place(place.number, leaves)
            self._sleep_until(leaves)
        if self._late(claim, place) <= claim.shape.margin:
            return True
        self._give_back(claim, place)
        return False

    def _late(self, claim: _Claim, place: Place) -> int:
        """How much later than its place a call would leave; raises RateLimited where its time is up."""
        now = self._now()
        if now > claim.latest + _TOO_LATE:
            self._give_back(claim, place)
            raise _no_place(claim, now, "kept a call waiting for longer than it could wait")
        return now - place.leaves

    def _sleep_until(self, moment: int) -> None:
        self._clock.sleep(max(0, moment - self._now()) / SECOND)

    def _move(self, claim: _Claim, number: int, before: int, leaves: int) -> bool:
        """Write down that a call leaves at `leaves`, if the one before it leaves no later than `before`."""
        name = f"#p{number}"
        values = {":before": before, ":leaves": leaves, ":ttl": _ttl(leaves, claim.shape.window)}
        condition = (
            f"(attribute_not_exists({name}) OR {name} <= :before)"
            " AND (attribute_not_exists(#held) OR #held <= :leaves)"
        )
        moved = self._table.update(claim.key, f"SET {name} = :leaves, #ttl = :ttl", values, condition)
        self._remember(claim.key, moved.item)
        return moved.done

    def _give_back(self, claim: _Claim, place: Place) -> None:
        """Let another have a place that is not used after all, unless one stands behind already."""
        name = f"#p{place.number}"
        values = {":before": place.leaves - claim.shape.window, ":leaves": place.leaves}
        given = self._table.update(claim.key, f"SET {name} = :before", values, f"{name} = :leaves")
        self._remember(claim.key, given.item)

    def _held(self, claim: _Claim, log: PlaceLog) -> int:
        """The moment until which a 429 holds the calls of a quota back."""
        if claim.key == claim.shared_key:
            return max(log.held, log.held_by_campaigns)
        return max(log.held, self._log(claim.shared_key, _SHARED_SECONDS).held)

    def _log(self, key: Key, seconds: float) -> PlaceLog:
        """What an item says, as it was at most so many seconds ago."""
        if key in self._logs:
            seen, log = self._logs[key]
            if 0 <= self._clock.monotonic() - seen < seconds:
                return log
        return self._remember(key, self._table.get(key) or {})

    def _remember(self, key: Key, item: Mapping[str, Any]) -> PlaceLog:
        log = PlaceLog.of(item)
        self._logs[key] = (self._clock.monotonic(), log)
        return log

    def _key(self, name: str, budget: Budget | None = None, campaign_id: str = "") -> Key:
        owner = f"{name}#{campaign_id}" if budget and budget.per_campaign else name
        return Key(f"{self._tenant}#budget", owner)

    def _now(self) -> int:
        return (self._clock.now() - _EPOCH) // _MILLISECOND


def _no_place(claim: _Claim, moment: int, reason: str) -> RateLimited:
    retry_at = _EPOCH + moment * _MILLISECOND
    return RateLimited(f"the budget {claim.key.sk} {reason}", retry_at)


def _ttl(leaves: int, window: int) -> int:
    """When an item may be deleted (Unix seconds): long after the window of its latest call."""
    return (leaves + window + _KEPT) // SECOND
