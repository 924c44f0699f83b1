"""Plays the load: sends all of it, sends again what was not taken, and waits until it is worked off."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import httpx

from local.stack import eventually
from sandbox.running import Receivers
from sandbox.senders import Outgoing, Sender, deliver, mischief
from scenario.cast import Cast
from webhook_load.aftermath import Aftermath, Reader
from webhook_load.changes import Change, changes, contacts, payload
from webhook_load.connection import DESTINATION, RECEIVERS, path_of, renew
from webhook_load.sizes import Size

_AT_ONCE = 8
# As senders do: again where nothing was said or the receiver could not, and ever later.
_TRIES = 12
_LONGEST_PAUSE = 5.0
_PATIENCE = 30.0
# A sender that hangs up before the receiver could have answered: it cannot know if its delivery was taken.
_NO_PATIENCE = 0.001
_HANGS_UP_EVERY = 10


def play(cast: Cast, senders: Sequence[Sender], size: Size) -> Aftermath:
    """Play the load and return what became of it, once all of it has arrived or its time is up."""
    told = changes([sender.name for sender in senders], size)
    copies = mischief.shuffled(mischief.repeated(_signed(cast, senders, told), size.times), size.seed)
    began = time.monotonic()
    try:
        answers = _send_all(cast, copies, size)
        sent = time.monotonic() - began
        reader = Reader(cast, contacts(size))
        _wait_until_all_has_arrived(reader, len(told), size.seconds)
        aftermath = reader.read([change for _, change in told], answers)
    finally:
        cast.receivers.clear_faults()
    aftermath.seconds = {"to send": round(sent, 1), "in all": round(time.monotonic() - began, 1)}
    return aftermath


def _signed(cast: Cast, senders: Sequence[Sender], told: Sequence[tuple[str, Change]]) -> list[Outgoing]:
    """Sign every delivery once: its copies are the same, byte by byte."""
    base, by_name = cast.stack.outputs["WebhookUrl"], {sender.name: sender for sender in senders}
    return [
        by_name[name].request(base + path_of(by_name[name]), payload(name, change)) for name, change in told
    ]


def _send_all(cast: Cast, copies: Sequence[Outgoing], size: Size) -> list[list[int]]:
    """Send until half of the deliveries were seen, let things go wrong on both sides, send the others."""
    half = _half_way(copies, size.deliveries)
    with (
        httpx.Client(trust_env=False, timeout=_PATIENCE) as client,
        ThreadPoolExecutor(1) as deployment,
    ):
        until_taken = partial(_until_taken, client=client)
        answers = _send(copies[:half], until_taken)
        _let_things_go_wrong(cast.receivers, size)
        # What the receivers have in hand is lost with them, and their senders get no 202.
        renewed = deployment.submit(renew, cast.stack, *RECEIVERS)
        answers += _send(copies[half:], until_taken, hang_up=True)
        renewed.result()
    return answers


def _half_way(copies: Sequence[Outgoing], deliveries: int) -> int:
    """Return how many copies come before half of the deliveries are seen for the first time."""
    seen: set[int] = set()
    for number, one in enumerate(copies):
        seen.add(id(one))
        if len(seen) > deliveries // 2:
            return number
    return len(copies)


def _let_things_go_wrong(receivers: Receivers, size: Size) -> None:
    """Let the other side be busy, then lose answers, then requests."""
    path = f"^/{DESTINATION}/"
    receivers.add_fault({"status": 503}, path=path, times=size.refusals)
    cuts: list[Mapping[str, str]] = [{"serve_then": "cut"}, {"cut": "before"}]
    for number in range(2 * size.cuts):
        place = size.refusals + (number + 1) * size.between_cuts
        receivers.add_fault(cuts[number % 2], path=path, nth=place)


def _send(
    outgoing: Sequence[Outgoing], until_taken: Callable[[Outgoing], list[int]], hang_up: bool = False
) -> list[list[int]]:
    """Send requests, some at the same time, and give all answers to each; every tenth sender may hang up."""

    def send(numbered: tuple[int, Outgoing]) -> list[int]:
        number, one = numbered
        first = [_hung_up(one)] if hang_up and number % _HANGS_UP_EVERY == 0 else []
        return first if first == [202] else first + until_taken(one)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(send, enumerate(outgoing)))


def _hung_up(one: Outgoing) -> int:
    with httpx.Client(trust_env=False, timeout=_NO_PATIENCE) as client:
        return deliver(one, client).status


def _until_taken(one: Outgoing, client: httpx.Client) -> list[int]:
    answers: list[int] = []
    while True:
        answers.append(deliver(one, client).status)
        worth_another_try = answers[-1] in (0, 408, 429) or answers[-1] >= 500
        if not worth_another_try or len(answers) == _TRIES:
            return answers
        time.sleep(min(_LONGEST_PAUSE, 0.1 * 2 ** len(answers)))


def _wait_until_all_has_arrived(reader: Reader, deliveries: int, seconds: float) -> None:
    """Wait, but no longer than allowed: what is missing then, the comparison names."""
    stop = time.monotonic() + seconds
    for has_arrived in (
        lambda: reader.arrived() >= deliveries,
        lambda: reader.recorded() >= deliveries,
        lambda: reader.arrived() >= deliveries + reader.took_effect(),
        reader.nothing_is_on_its_way,
    ):
        with suppress(AssertionError):
            eventually(has_arrived, seconds=max(0.0, stop - time.monotonic()), every=0.5)
