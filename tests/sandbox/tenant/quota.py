"""Quotas, counted exactly: a log of arrival times, not buckets that let twice the limit pass."""

import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.wire.refusal import Refusal
from sandbox.world import Quota


class Window:
    """The requests let through in the window of this moment, at most `limit`."""

    def __init__(self, quota: Quota) -> None:
        """Start empty."""
        self._quota = quota
        self._admitted: deque[float] = deque()
        self.highest = 0

    def admit(self, now: float) -> float:
        """Let a request through and return 0, or return the seconds until one fits."""
        while self._admitted and self._ends(self._admitted[0]) <= now:
            self._admitted.popleft()
        if len(self._admitted) >= self._quota.limit:
            return self._ends(self._admitted[0] if self._admitted else now) - now
        self._admitted.append(now)
        self.highest = max(self.highest, len(self._admitted))
        return 0

    def _ends(self, moment: float) -> float:
        """Return when a request of that moment no longer counts."""
        seconds = self._quota.seconds
        return (moment // seconds + 1) * seconds if self._quota.fixed else moment + seconds


class Quotas:
    """The windows of every quota; a refused request does not use one up."""

    def __init__(
        self, quotas: Mapping[str, Quota | None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Start with all of them free."""
        self._quotas = quotas
        self._clock = clock
        self._windows: dict[tuple[str, str], Window] = {}
        self._admitted = dict.fromkeys(quotas, 0)
        self._refused = dict.fromkeys(quotas, 0)

    def take(self, name: str, part: str = "") -> None:
        """Count a request against quota `name`, or refuse it with 429.

        `part` separates what is counted apart, such as the campaign for `contacts`.
        """
        quota = self._quotas[name]
        if quota is None:
            self._admitted[name] += 1
            return
        window = self._windows.setdefault((name, part), Window(quota))
        wait = window.admit(self._clock())
        if wait > 0:
            self._refused[name] += 1
            raise _exhausted(name, wait)
        self._admitted[name] += 1

    def counts(self) -> dict[str, dict[str, Any]]:
        """Return for each quota what it let through, refused, and the fullest window seen."""
        return {
            name: {
                "limit": quota and quota.limit,
                "seconds": quota and quota.seconds,
                "admitted": self._admitted[name],
                "refused": self._refused[name],
                "highest": max(
                    (one.highest for (owner, _), one in self._windows.items() if owner == name),
                    default=0,
                ),
            }
            for name, quota in self._quotas.items()
        }


def _exhausted(name: str, wait: float) -> Refusal:
    return Refusal(
        429,
        "rate_limited",
        f"The quota {name} is used up.",
        headers={"Retry-After": str(max(1, math.ceil(wait)))},
    )
