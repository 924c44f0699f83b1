"""Doing a piece of work again and again, disturbed at each of its outside calls in turn."""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from difflib import unified_diff
from pprint import pformat
from typing import Any, Generic, TypeVar

from faults.disturbances import CutOff, Refusal, refusals_of
from faults.outside import Attempt, Cut, Disturbance, Gate, OutsideCall

W = TypeVar("W")

# A failure message shows so many wrong ends, and so many lines of the difference of each.
_SHOWN = 5
_SHOWN_LINES = 40
# So many calls of one place are no loop: all of them are disturbed.
_FEW = 3


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check did: the calls of the undisturbed work, and how many disturbed runs ended like it."""

    calls: tuple[str, ...]
    runs: int


@dataclass(frozen=True, slots=True)
class _Piece(Generic[W]):
    """A piece of work with all that is needed to do it, and to see what came of it."""

    make_world: Callable[[], W | AbstractContextManager[W]]
    work: Callable[[W], object]
    recover: Callable[[W], object]
    state: Callable[[W], object]

    @contextmanager
    def world(self) -> Iterator[W]:
        made = self.make_world()
        if isinstance(made, AbstractContextManager):
            with made as world:
                yield world
        else:
            yield made


def check_every_cut(
    make_world: Callable[[], W | AbstractContextManager[W]],
    work: Callable[[W], object],
    recover: Callable[[W], object],
    state: Callable[[W], object],
) -> Checked:
    """Cut `work` off before and after each of its outside calls; every end has to be as the undisturbed one.

    Raises AssertionError that names each cut with another end, and the difference.
    """

    def cuts(calls: list[OutsideCall]) -> Iterator[CutOff]:
        return (CutOff(call.number, after) for call in calls for after in (False, True))

    return _check(_Piece(make_world, work, recover, state), cuts)


def check_every_refusal(
    make_world: Callable[[], W | AbstractContextManager[W]],
    work: Callable[[W], object],
    recover: Callable[[W], object],
    state: Callable[[W], object],
) -> Checked:
    """Let each outside call of `work` fail once, in every way; every end has to be as the undisturbed one.

    The work may raise: an invocation that fails is one whose messages come back.
    """

    def refusals(calls: list[OutsideCall]) -> Iterator[Refusal]:
        return (refusal for call in calls for refusal in refusals_of(call))

    return _check(_Piece(make_world, work, recover, state), refusals)


def until_quiet(step: Callable[[], object], most: int = 50) -> None:
    """Repeat a step of recovery until it finds nothing to do; one that never does is an endless loop."""
    for _ in range(most):
        if not step():
            return
    raise AssertionError(f"there is still something to do after {most} rounds")


def _check(piece: _Piece[Any], disturbances: Callable[[list[OutsideCall]], Iterable[Disturbance]]) -> Checked:
    with Gate().installed() as gate:
        calls, expected = _undisturbed(gate, piece)
        chosen = _chosen(list(disturbances(calls)), calls)
        failures = [failure for one in chosen if (failure := _failure(gate, piece, one, expected))]
    if failures:
        shown = "\n\n".join(failures[:_SHOWN])
        raise AssertionError(f"{len(failures)} of {len(chosen)} disturbed runs end wrongly:\n\n{shown}")
    return Checked(tuple(f"{call.service} {call.operation}" for call in calls), len(chosen))


def _chosen(all_of_them: Sequence[Disturbance], calls: Sequence[OutsideCall]) -> list[Disturbance]:
    """All at full sizes; else, of many calls made in one place, the first and the last.

    Work that goes round a thousand times makes the same calls at the same state of things; what differs is
    how it begins and how it ends.
    """
    if "OUTBOUND_LOAD" in os.environ:
        return list(all_of_them)
    places: dict[object, list[Disturbance]] = defaultdict(list)
    for each in all_of_them:
        call = calls[each.number - 1]
        places[call.service, call.operation, call.place, each.kind].append(each)
    return [each for some in places.values() for each in (some if len(some) <= _FEW else (some[0], some[-1]))]


def _undisturbed(gate: Gate, piece: _Piece[Any]) -> tuple[list[OutsideCall], object]:
    with piece.world() as world:
        with gate.life_of(Attempt()) as attempt:
            piece.work(world)
        with gate.life_of(Attempt()):
            piece.recover(world)
        if not attempt.calls:
            raise AssertionError("the work makes no outside call: there is nothing to disturb")
        return attempt.calls, piece.state(world)


def _failure(gate: Gate, piece: _Piece[Any], disturbance: Disturbance, expected: object) -> str:
    """Do the work disturbed, and say what is wrong with its end; empty where it is right."""
    with piece.world() as world:
        attempt = Attempt(disturbance)
        raised = ""
        with gate.life_of(attempt):
            try:
                piece.work(world)
                if attempt.cut_in(threading.current_thread()):
                    return f"{_named(attempt)}: the work caught the cut and went on"
            except Cut:
                pass
            except Exception as error:
                if isinstance(disturbance, CutOff) or isinstance(error, AssertionError):
                    return f"{_named(attempt)}: the work raised {error!r}"
                raised = f" (the work raised {error!r})"
        return _difference(gate, piece, world, f"{_named(attempt)}{raised}", expected)


def _difference(gate: Gate, piece: _Piece[Any], world: Any, named: str, expected: object) -> str:
    try:
        with gate.life_of(Attempt()):
            piece.recover(world)
        found = piece.state(world)
    except Exception as error:
        return f"{named}: recovery raised {error!r}"
    if found == expected:
        return ""
    lines = unified_diff(
        pformat(expected).splitlines(), pformat(found).splitlines(), "undisturbed", "disturbed", lineterm=""
    )
    return f"{named}:\n" + "\n".join(list(lines)[:_SHOWN_LINES])


def _named(attempt: Attempt) -> str:
    which = f" = {attempt.disturbed.service} {attempt.disturbed.operation}" if attempt.disturbed else ""
    return f"{attempt.disturbance}{which}"
