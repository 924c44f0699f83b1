"""One replication: callers, agents and trunks, event by event.

    person answers -> an agent is free: talk -> wrap-up -> the agent is free
                   -> waiting -> an agent comes free in time: talk ...
                              -> abandoned -> message (dialled calls)

A call holds a trunk from its first ring to the end of talk or message; an agent is busy from the
connection to the end of wrap-up. Where calls come from is `dialled.py` and `arrivals.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from math import inf
from random import Random

from outbound.dialer.model.assumptions import Assumptions
from outbound.dialer.model.document import Duration, ModelDocument
from outbound.dialer.model.durations import DISTRIBUTIONS, Draw
from outbound.dialer.model.tally import Tally

# What a call is, that an agent is to take.
PERSON, MACHINE = 0, 1
_Entry = tuple[float, int, Callable[[float, int], None], int]


class CallFlow(ABC):
    """One replication of a document; it stands still between calls of `run`.

    Every kind of randomness has a stream of its own, so the n-th call is the same person with the same
    things to say whatever the pacing: two ratios are compared on the same people.
    """

    _message_seconds = 0.0

    def __init__(
        self, document: ModelDocument, replication: int, warm_up: float, assumed: Assumptions
    ) -> None:
        """Log all agents in at time 0; changes of staff come after the warm-up."""
        self.events = 0
        self.agents = self.free = document.agents
        self.busy = self.ringing = self.in_flight = self.wrapping = 0
        self.answered = self.abandoned = 0
        self._assumed = assumed
        self._seed = f"{document.seed}/{replication}"
        self._idle_since = deque([0.0] * document.agents)
        # Agents who pause as soon as they have wrapped up.
        self._leaving = 0
        self._waiting: dict[int, tuple[float, int]] = {}
        self._queue: deque[int] = deque()
        self._waited = self._connected = self._attempts = self._blocked = 0
        self._caller_wait = self._agent_wait = 0.0
        # Time integrals: minus the moment of every begin, plus that of every end.
        self._busy_time = self._trunk_time = self._staff_time = 0.0
        self._trunks = document.trunks or inf
        self._serial = count()
        self._heap: list[_Entry] = []
        self._draw_talk = self._durations("talk", document.talk_seconds)
        self._draw_wrap = self._durations("wrap", document.wrap_seconds)
        for change in document.staffing:
            self._at(warm_up + change.at_seconds, self._staff, change.agents)

    @abstractmethod
    def _draw_patience(self) -> float:
        """Return how long the next caller waits before giving up."""

    @abstractmethod
    def _follow(self, now: float) -> None:
        """Do what follows from a change of agents or calls: a dialer may want to dial."""

    def run(self, until: float) -> Tally:
        """Work through all events up to a moment, and return what was counted since the beginning."""
        heap, done = self._heap, 0
        while heap and heap[0][0] <= until:
            now, _, act, value = heappop(heap)
            act(now, value)
            done += 1
        self.events += done
        return self._tally(until)

    def _tally(self, now: float) -> Tally:
        return Tally(
            self.answered,
            self.abandoned,
            self._waited,
            self._caller_wait,
            self._connected,
            self._agent_wait,
            self._busy_time + self.busy * now,
            self._staff_time + (self.agents + self._leaving) * now,
            self._trunk_time + self.in_flight * now,
            self._attempts,
            self._blocked,
            now,
        )

    def _at(self, when: float, act: Callable[[float, int], None], value: int) -> None:
        heappush(self._heap, (when, next(self._serial), act, value))

    # Trunks.

    def _seize(self, now: float) -> None:
        self.in_flight += 1
        self._trunk_time -= now

    def _release(self, now: float, _: int) -> None:
        self.in_flight -= 1
        self._trunk_time += now
        self._follow(now)

    # Callers and agents.

    def _offer(self, now: float, kind: int) -> None:
        """Connect a call to the agent who is free the longest, or let it wait."""
        if self.free:
            self._connect(now, kind)
            return
        caller = next(self._serial)
        self._waiting[caller] = (now, kind)
        self._queue.append(caller)
        self._waited += kind == PERSON
        if (patience := self._draw_patience()) < inf:
            self._at(now + patience, self._abandon, caller)

    def _connect(self, now: float, kind: int) -> None:
        self._agent_wait += now - self._idle_since.popleft()
        self.free -= 1
        self._begin_talk(now, kind)

    def _begin_talk(self, now: float, kind: int) -> None:
        self._connected += 1
        self.busy += 1
        self._busy_time -= now
        talk = self._draw_talk() if kind == PERSON else self._assumed.machine_talk_seconds
        self._at(now + talk, self._end_talk, kind)

    def _end_talk(self, now: float, kind: int) -> None:
        self.in_flight -= 1
        self._trunk_time += now
        wrap = self._draw_wrap() if kind == PERSON else 0.0
        if wrap:
            self.wrapping += 1
            self._at(now + wrap, self._end_wrap, 0)
            self._follow(now)
        else:
            self._free_agent(now)

    def _end_wrap(self, now: float, _: int) -> None:
        self.wrapping -= 1
        self._free_agent(now)

    def _free_agent(self, now: float) -> None:
        self.busy -= 1
        self._busy_time += now
        if self._leaving:
            self._leaving -= 1
            self._staff_time += now
        else:
            self._serve(now)
        self._follow(now)

    def _serve(self, now: float) -> None:
        """Let an agent who is free take the caller who waits the longest, or wait for one."""
        queue, waiting = self._queue, self._waiting
        while queue:
            found = waiting.pop(queue.popleft(), None)
            if found is not None:
                since, kind = found
                self._caller_wait += (now - since) if kind == PERSON else 0.0
                # The agent did not wait at all.
                self._begin_talk(now, kind)
                return
        self.free += 1
        self._idle_since.append(now)

    def _abandon(self, now: float, caller: int) -> None:
        found = self._waiting.pop(caller, None)
        if found is None:
            return
        since, kind = found
        if kind == PERSON:
            self.abandoned += 1
            self._caller_wait += now - since
        if kind == PERSON and self._message_seconds:
            self._at(now + self._message_seconds, self._release, 0)
        else:
            self._release(now, 0)

    # Staff.

    def _staff(self, now: float, agents: int) -> None:
        """Log agents in, or let them pause: at once if they are free, else after their wrap-up."""
        change = agents - self.agents
        self.agents = agents
        if change < 0:
            at_once = min(-change, self.free)
            self.free -= at_once
            for _ in range(at_once):
                self._idle_since.pop()
            self._staff_time += now * at_once
            self._leaving += -change - at_once
        else:
            staying = min(change, self._leaving)
            self._leaving -= staying
            self._staff_time -= now * (change - staying)
            for _ in range(change - staying):
                self._serve(now)
        self._follow(now)

    # Randomness.

    def _stream(self, name: str) -> Random:
        return Random(f"{self._seed}/{name}")  # noqa: S311 - no secret

    def _durations(self, name: str, duration: Duration) -> Draw:
        return DISTRIBUTIONS[duration.distribution](duration.mean, self._stream(name))
