"""Callers side by side under one quota, in a time of their own: what waits here costs no time.

Each caller is a thread with a clock whose sleep hands over to whichever caller wakes next, so one runs at a
time and every run is the same. The table is a real one that takes some milliseconds for each read and write,
so that callers come between each other's reading and writing.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

from outbound.cxone.quota import Budgets
from outbound.cxone.quota_places import Priority
from outbound.cxone.settings import Budget
from outbound.store.table import Key, Table, Written
from worlds.aws import ENVIRONMENT, AwsWorld

BEGIN = datetime(2026, 3, 10, 12, 0, 0, 123_456, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Time:
    """The one time of all callers; `run` lets each go on when its turn has come."""

    def __init__(self) -> None:
        self.now = BEGIN
        self._turns: list[tuple[datetime, int, threading.Event]] = []
        self._numbers = count()
        self._over = threading.Event()
        self._failures: list[BaseException] = []

    def start(self, work: Callable[[], None], after: float = 0) -> None:
        """Let some work begin so many seconds from now."""
        mine = self._turn(after)

        def one() -> None:
            mine.wait()
            try:
                work()
            except BaseException as error:
                self._failures.append(error)
            finally:
                self._over.set()

        threading.Thread(target=one, daemon=True).start()

    def sleep(self, seconds: float) -> None:
        """Let others go on until it is time."""
        mine = self._turn(seconds)
        self._over.set()
        mine.wait()

    def run(self) -> None:
        """Return when all work is done; raise what any of it raised."""
        while self._turns and not self._failures:
            self.now, _, turn = heapq.heappop(self._turns)
            self._over.clear()
            turn.set()
            self._over.wait()
        if self._failures:
            raise self._failures[0]

    def _turn(self, seconds: float) -> threading.Event:
        turn = threading.Event()
        heapq.heappush(self._turns, (self.now + SECOND * max(0.0, seconds), next(self._numbers), turn))
        return turn


class CallersClock:
    """The clock of one caller's host, which may be a little off, and whose sleeper may wake late."""

    def __init__(self, time: Time, off: float = 0, late: Callable[[], float] = float) -> None:
        self._time = time
        self._off = SECOND * off
        self._late = late

    def now(self) -> datetime:
        return self._time.now + self._off

    def monotonic(self) -> float:
        return (self._time.now - BEGIN) / SECOND

    def sleep(self, seconds: float) -> None:
        self._time.sleep(max(0.0, seconds) + self._late())


class SlowTable(Table):
    """A table that takes its time, and counts the writes to each item."""

    def __init__(self, aws: AwsWorld, time: Time, chance: Random) -> None:
        super().__init__(aws.dynamodb, ENVIRONMENT["TOKEN_TABLE"])
        self._time = time
        self._chance = chance
        self.writes = 0

    def get(self, key: Key) -> dict[str, Any] | None:
        self._pause()
        item = super().get(key)
        self._pause()
        return item

    def update(self, key: Key, expression: str, values: Mapping[str, Any], condition: str = "") -> Written:
        self._pause()
        written = super().update(key, expression, values, condition)
        self.writes += 1
        self._pause()
        return written

    def _pause(self) -> None:
        self._time.sleep(self._chance.uniform(0.001, 0.004))


@dataclass
class Callers:
    """Callers that each have their own memory of the quota, as functions have, and what they did."""

    aws: AwsWorld
    chance: Random
    time: Time = field(default_factory=Time)
    left: list[tuple[datetime, int]] = field(default_factory=list)
    """When each call left, in the order of time, and how many might be in its window: what the settings said
    when it took its place, or when it left if that is more."""
    writes: list[int] = field(default_factory=list)
    """How many writes each place cost."""

    def __post_init__(self) -> None:
        self.empty()

    def empty(self) -> None:
        """Forget all quotas, as a new table would."""
        name = ENVIRONMENT["TOKEN_TABLE"]
        for item in list(self.aws.table("TOKEN_TABLE").query(f"{ENVIRONMENT['TENANT']}#budget")):
            key = {"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}}
            self.aws.dynamodb.delete_item(TableName=name, Key=key)

    def budgets(self, **clock: Any) -> tuple[Budgets, SlowTable]:
        """The memory and the table of one caller."""
        table = SlowTable(self.aws, self.time, self.chance)
        return Budgets(table, ENVIRONMENT["TENANT"], CallersClock(self.time, **clock)), table

    def moments(self) -> list[datetime]:
        """When each call left."""
        return [moment for moment, _ in self.left]

    def caller(
        self,
        settings: Callable[[], Budget],
        priority: Priority,
        pause: Callable[[], float],
        until: float,
        **clock: Any,
    ) -> Callable[[], None]:
        """Work that makes one call after the other until then, under the settings of the moment."""
        budgets, table = self.budgets(**clock)

        def work() -> None:
            from outbound.cxone.errors import RateLimited

            while self.time.now < BEGIN + SECOND * until:
                budget, before = settings(), table.writes
                try:
                    budgets.take("outbound", budget, priority)
                except RateLimited as refused:
                    # A message comes back when it was told to, or a little later.
                    self.time.sleep((refused.retry_at - self.time.now) / SECOND + self.chance.random() / 10)
                    continue
                self.left.append((self.time.now, max(budget.calls, settings().calls)))
                self.writes.append(table.writes - before)
                self.time.sleep(pause())

        return work


def busiest(moments: list[datetime], seconds: float) -> int:
    """The most that any window of that length has, both its ends included."""
    moments = sorted(moments)
    window = SECOND * seconds
    most = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] > window:
            first += 1
        most = max(most, last - first + 1)
    return most
