"""Workers interleaved call by call, in an order that a test gives, each of which may die at any call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from typing import Any

from outbound.queues import TryLater

# What of the store, the bus and CXone's adapter is one outside call.
_CALLS = ("get", "get_many", "put", "update", "transact", "query", "publish", "contact", "dispose")


class Gone(BaseException):
    """The process of a worker has ended."""


Step = Callable[[Callable[[], Any]], Any]


class Turns:
    """Lets one worker at a time go on to its next call, in the order that a schedule gives."""

    def __init__(self, schedule: list[int], workers: int) -> None:
        self._schedule = iter(schedule)
        self._waiting: dict[int, threading.Event] = {}
        self._left = set(range(workers))
        self._changed = threading.Condition()

    def wait(self, worker: int) -> None:
        """Come back when it is this worker's turn."""
        turn = threading.Event()
        with self._changed:
            self._waiting[worker] = turn
            self._changed.notify()
        turn.wait(30)

    def step(self, worker: int, dies_at: tuple[int, bool] | None = None) -> Step:
        """Give what lets a worker's calls through one by one.

        It dies at its nth call, if it is to: before the call, or after it and before it sees the answer.
        """
        calls = count()

        def step(call: Callable[[], Any]) -> Any:
            self.wait(worker)
            mine = next(calls)
            if dies_at == (mine, False):
                raise Gone
            answer = call()
            if dies_at == (mine, True):
                raise Gone
            return answer

        return step

    def start(self, worker: int, work: Callable[[], object]) -> threading.Thread:
        """Start a worker; it is done when its work ends, it dies, or its message has to come back."""

        def run() -> None:
            try:
                with suppress(Gone, TryLater):
                    work()
            finally:
                self._done(worker)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def _done(self, worker: int) -> None:
        with self._changed:
            self._left.discard(worker)
            self._changed.notify()

    def run(self) -> None:
        """Give turns until every worker is done."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._left <= set(self._waiting), 30)
                if not self._left:
                    return
                ready = sorted(self._left)
                chosen = ready[next(self._schedule, 0) % len(ready)]
                turn = self._waiting.pop(chosen)
            turn.set()


class Stepped:
    """An object whose every call waits for its worker's turn; the worker may die before or after one."""

    def __init__(self, inner: Any, step: Step, calls: Sequence[str] = _CALLS) -> None:
        self._inner = inner
        self._step = step
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in self._calls:
            return found
        return lambda *given, **named: self._step(lambda: found(*given, **named))
