"""`--wait`: a command stays until what it asked for has come about, and says meanwhile how far it is."""

from __future__ import annotations

import sys
from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import Any, TypeVar

from outbound.cli.errors import NotNow
from outbound.cli.layout import wrapped
from outbound.clock import Clock

_LOOK_SECONDS = 1.0
_LONGEST_SECONDS = 4 * 3600

Ended = TypeVar("Ended")


def add_wait(command: Any, until: str, seconds: int) -> None:
    """Let a command take `--wait [SECONDS]`: `until` that has come about, so many seconds unless given."""
    command.add_argument(
        "--wait",
        nargs="?",
        type=_seconds,
        default=0,
        const=seconds,
        metavar="SECONDS",
        help=f"until {until} ({seconds} unless given)",
    )


def awaited(clock: Clock, seconds: int, look: Callable[[], tuple[Ended | None, str]], goes_on: str) -> Ended:
    """Return what `look` finds once it finds something; every change of how far it is goes to stderr.

    Args:
        clock: What tells the time, and sleeps.
        seconds: For how long to look.
        look: Returns what was waited for, or None, and in words how far it is.
        goes_on: Where it is seen, once this command has stopped to look.

    Raises:
        NotNow: It has not come about in time; it goes on without the command.
    """
    until, told = clock.monotonic() + seconds, ""
    while True:
        ended, how_far = look()
        if ended is not None:
            return ended
        if clock.monotonic() >= until:
            raise NotNow(f"after {seconds} s {how_far}; it goes on without you: {goes_on}")
        if how_far != told:
            print(wrapped(how_far, sys.stderr), file=sys.stderr, flush=True)
            told = how_far
        clock.sleep(_LOOK_SECONDS)


def _seconds(text: str) -> int:
    try:
        seconds = int(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= _LONGEST_SECONDS:
        raise ArgumentTypeError(f"{text!r} is not a number of seconds from 0 to {_LONGEST_SECONDS}")
    return seconds
