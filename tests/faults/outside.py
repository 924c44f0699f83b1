"""Every outside call of a piece of work, through one gate: calls to AWS, and calls over HTTP.

AWS calls are caught where every client method passes (`_make_api_call`), above the SDK's own retries, so it
makes no difference whether moto or a real endpoint answers. HTTP calls are caught in `requests.Session`.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from unittest.mock import patch
from urllib.parse import urlsplit

import requests
from botocore.client import BaseClient

import outbound

# Work that makes more calls than this goes round in a circle.
MOST_CALLS = 5_000

HTTP = "http"

Place = tuple[tuple[str, int], ...]
# The product, and the tests that let it work: not what either only uses.
_OURS = (str(Path(outbound.__file__).parent), str(Path(__file__).parents[1]))

# Makes the call itself, with the parameters that it is given: those of the call, or others.
Make = Callable[[Any], Any]


class Cut(BaseException):
    """The process ended here. No exception of the product's, so nothing but a catch-all would catch it."""


@dataclass(frozen=True, slots=True)
class OutsideCall:
    """One outside call, of AWS (then with the client that makes it) or over HTTP."""

    number: int
    service: str
    operation: str
    parameters: Any
    client: Any = None
    place: Place = ()
    """Where it is made: the lines of product and test on the stack, the innermost first."""

    def __str__(self) -> str:
        return f"call {self.number} ({self.service} {self.operation})"


class Disturbance(Protocol):
    """What happens to one of the calls: that of its `number`, and in which of the ways."""

    @property
    def number(self) -> int: ...

    @property
    def kind(self) -> str: ...

    def meets(self, call: OutsideCall) -> bool:
        """Whether this is the call."""

    def happen(self, call: OutsideCall, make: Make) -> Any:
        """Make the call, or not, and give its answer, or raise."""


def _place() -> Place:
    found, frame = [], sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename.startswith(_OURS):
            found.append((frame.f_code.co_filename, frame.f_lineno))
        frame = frame.f_back
    return tuple(found)


class Attempt:
    """One life of a process: its outside calls, and its end, should it be cut off.

    A process that was cut off makes no call any more: not in a `finally`, not from another of its threads.
    """

    def __init__(self, disturbance: Disturbance | None = None) -> None:
        self.disturbance = disturbance
        self.calls: list[OutsideCall] = []
        self.disturbed: OutsideCall | None = None
        self.over = False
        self._cut_threads: set[threading.Thread] = set()
        self._lock = threading.Lock()
        self._threads_before = set(threading.enumerate())

    def outside(self, service: str, operation: str, parameters: Any, client: Any, make: Make) -> Any:
        """Let one call through the gate."""
        call, due = self._noted(service, operation, parameters, client)
        if not due or self.disturbance is None:
            return make(parameters)
        try:
            return self.disturbance.happen(call, make)
        except Cut:
            self._end()
            raise

    def leave_no_survivors(self) -> set[threading.Thread]:
        """Give the threads that this process started and that still run: they belong to the dead."""
        return set(threading.enumerate()) - self._threads_before

    def cut_in(self, thread: threading.Thread) -> bool:
        """Whether the end was seen by this thread."""
        return thread in self._cut_threads

    def _noted(self, service: str, operation: str, parameters: Any, client: Any) -> tuple[OutsideCall, bool]:
        with self._lock:
            if self.over:
                self._cut_threads.add(threading.current_thread())
                raise Cut("a process that was cut off makes no calls")
            # Places are chosen from by the calls of the undisturbed work.
            place = _place() if self.disturbance is None else ()
            call = OutsideCall(len(self.calls) + 1, service, operation, parameters, client, place)
            self.calls.append(call)
            if call.number > MOST_CALLS:
                raise AssertionError(f"more than {MOST_CALLS} outside calls: the work has no end")
            due = self.disturbed is None and self.disturbance is not None and self.disturbance.meets(call)
            if due:
                self.disturbed = call
            return call, due

    def _end(self) -> None:
        with self._lock:
            self.over = True
            self._cut_threads.add(threading.current_thread())


class Gate:
    """Where the outside calls of the process pass that lives at the moment."""

    def __init__(self) -> None:
        self._attempt: Attempt | None = None
        self._dead: set[threading.Thread] = set()

    @contextmanager
    def installed(self) -> Iterator[Gate]:
        """Let all outside calls pass here."""
        _gates.append(self)
        try:
            with (
                patch.object(BaseClient, "_make_api_call", _aws_call),
                patch.object(requests.Session, "send", _http_call),
            ):
                yield self
        finally:
            _gates.remove(self)

    @contextmanager
    def life_of(self, attempt: Attempt) -> Iterator[Attempt]:
        """Let a process live for the length of a `with` block."""
        self._attempt = attempt
        try:
            yield attempt
        finally:
            self._attempt = None
            if attempt.over:
                self._dead |= attempt.leave_no_survivors()

    def outside(self, service: str, operation: str, parameters: Any, client: Any, make: Make) -> Any:
        """Let one call through."""
        if threading.current_thread() in self._dead:
            raise Cut("a thread of a process that was cut off")
        if self._attempt is None or getattr(_own, "unwatched", False):
            return make(parameters)
        return self._attempt.outside(service, operation, parameters, client, make)


_gates: list[Gate] = []
_own = threading.local()
_make_api_call = BaseClient._make_api_call
_send = requests.Session.send


@contextmanager
def unwatched() -> Iterator[None]:
    """Make calls that are not the work's: those of a test, or of AWS itself (Lambda polling a queue)."""
    before = getattr(_own, "unwatched", False)
    _own.unwatched = True
    try:
        yield
    finally:
        _own.unwatched = before


def _aws_call(client: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
    service = client.meta.service_model.service_name
    return _gates[-1].outside(
        service, operation, parameters, client, lambda given: _make_api_call(client, operation, given)
    )


def _http_call(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> Any:
    operation = f"{request.method} {urlsplit(request.url or '').path}"
    return _gates[-1].outside(HTTP, operation, request, None, lambda given: _send(session, given, **options))
