"""What queueing theory knows exactly: Erlang B, C and A, a fixed patience, and one batch of calls.

Rates are per second, times in seconds, loads in erlang. The simulation is tested against these.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, exp, expm1

# Terms of a sum that are smaller than this, beside what is summed, change no digit of it.
_NEGLIGIBLE = 1e-18


@dataclass(frozen=True, slots=True)
class WithoutLoss:
    """Erlang C: every caller waits until an agent is free."""

    waits: float
    mean_wait: float
    _decline: float

    def waits_longer_than(self, seconds: float) -> float:
        """Return the share of callers who wait longer than this."""
        return self.waits * exp(-self._decline * seconds)


@dataclass(frozen=True, slots=True)
class WithPatience:
    """Erlang A: callers give up after an exponential time."""

    abandoned: float
    mean_wait: float
    occupancy: float


@dataclass(frozen=True, slots=True)
class WithFixedPatience:
    """M/M/c+D: callers give up after exactly the same time, as the legal abandonment is defined."""

    abandoned: float
    waits: float
    occupancy: float


def erlang_b(servers: int, load: float) -> float:
    """Return the share of calls that find all servers (trunks, agents) busy and are lost."""
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = load * blocked / (count + load * blocked)
    return blocked


def erlang_c(agents: int, load: float, handling: float) -> WithoutLoss:
    """Return how long callers wait who never give up.

    Args:
        agents: How many there are.
        load: Offered load, less than one erlang per agent.
        handling: Mean time that a call takes of an agent.

    Raises:
        ValueError: The load is as much as the agents, or more: the queue would grow for ever.
    """
    if load >= agents:
        raise ValueError(f"a load of {load:g} erlang on {agents} agents has no steady state")
    blocked = erlang_b(agents, load)
    waits = agents * blocked / (agents - load * (1 - blocked))
    decline = (agents - load) / handling
    return WithoutLoss(waits, waits / decline, decline)


def erlang_a(arrivals: float, handling: float, patience: float, agents: int) -> WithPatience:
    """Return what becomes of callers whose patience is exponential with this mean."""
    states, queued = _relative_below(arrivals * handling, agents) + 1.0, 0.0
    state, count = 1.0, 0
    while state > _NEGLIGIBLE * states:
        count += 1
        state *= arrivals / (agents / handling + count / patience)
        states += state
        queued += count * state
    mean_wait = queued / states / arrivals
    abandoned = mean_wait / patience
    return WithPatience(abandoned, mean_wait, arrivals * handling * (1 - abandoned) / agents)


def fixed_patience(arrivals: float, handling: float, patience: float, agents: int) -> WithFixedPatience:
    """Return what becomes of callers who give up after exactly `patience`, 0 included."""
    served = agents / handling
    drift = arrivals - served
    # All relative to the state in which one agent is free.
    below = 1.0 + _relative_below(arrivals * handling, agents - 1)
    in_time = arrivals * (expm1(drift * patience) / drift if drift else patience)
    too_late = arrivals * exp(drift * patience) / served
    total = below + in_time + too_late
    abandoned = too_late / total
    occupancy = arrivals * handling * (1 - abandoned) / agents
    return WithFixedPatience(abandoned, (in_time + too_late) / total, occupancy)


def batch_abandonment(dialled: int, answer_rate: float, free: int) -> float:
    """Return the share of answered calls for which no agent is free, of calls dialled all at once."""
    missed = sum(
        (answered - free)
        * comb(dialled, answered)
        * answer_rate**answered
        * (1 - answer_rate) ** (dialled - answered)
        for answered in range(free + 1, dialled + 1)
    )
    return missed / (dialled * answer_rate) if dialled and answer_rate else 0.0


def batch_ratio(free: int, answer_rate: float, target: float) -> float:
    """Return the most calls per free agent that one batch may dial and keep to the target."""
    dialled = free
    # Every call of a larger batch is answered by more people than there are agents, in the end.
    while answer_rate and batch_abandonment(dialled + 1, answer_rate, free) <= target:
        dialled += 1
    return dialled / free


def trunk_load(dials: float, answer_rate: float, answered_seconds: float, unanswered_seconds: float) -> float:
    """Return the load that dials put on trunks.

    Args:
        dials: Dials a second.
        answer_rate: Share that persons answer.
        answered_seconds: How long an answered call holds its trunk: ringing and talk, no wrap-up.
        unanswered_seconds: How long any other call does.
    """
    return dials * (answer_rate * answered_seconds + (1 - answer_rate) * unanswered_seconds)


def _relative_below(load: float, servers: int) -> float:
    """Return the probability of all states below `servers`, relative to that one."""
    total, state = 0.0, 1.0
    for count in range(servers, 0, -1):
        state *= count / load
        total += state
    return total
