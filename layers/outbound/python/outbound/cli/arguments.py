"""Arguments that several commands take, read and refused in one way."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import Any


def add_limit(command: Any, default: int) -> None:
    """Let a command take `--limit N`; `--most` is its older spelling."""
    command.add_argument(
        "--limit",
        "--most",
        type=positive,
        default=default,
        metavar="N",
        help=f"so many at most (default {default})",
    )


def positive(text: str) -> int:
    """Read a number of at least 1."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return number
