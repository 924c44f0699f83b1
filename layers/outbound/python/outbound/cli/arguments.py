"""Arguments of commands, read and refused in one way: each refusal is a sentence of ours."""

from __future__ import annotations

import re
import sys
from argparse import Action, ArgumentError, ArgumentParser, ArgumentTypeError
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, NoReturn

from outbound.cli.errors import REFUSED
from outbound.cli.layout import wrapped

# So many names make a sentence.
_FEW = 8


class Parser(ArgumentParser):
    """A parser that refuses with one sentence, as commands do."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the command line, and where it is explained."""
        # Of an option's spellings the first is the one that is documented.
        message = re.sub(r"^(argument -[\w-]+)/[^:]+:", r"\1:", message)
        sentence = f"outbound: {message}; see: {self.prog} --help"
        self.exit(REFUSED, f"{wrapped(sentence, sys.stderr)}\n")

    def _check_value(self, action: Action, value: Any) -> None:
        """Refuse a word that is none of those there are; argparse would show its own list of them."""
        if action.choices is not None and value not in action.choices:
            raise ArgumentError(None, unknown(_kind(action), str(value), action.choices))


def _kind(action: Action) -> str:
    if action.option_strings:
        return action.option_strings[-1]
    # What chooses among commands has no name of its own.
    return "command" if isinstance(action.choices, dict) else action.dest


def unknown(kind: str, word: str, known: Iterable[str]) -> str:
    """Return the sentence that refuses a word: of many that there are it names what was probably meant."""
    names = list(known)
    near = get_close_matches(word, names) if len(names) > _FEW else []
    wanted = " or ".join(near) if near else f"one of {', '.join(names)}"
    return f"there is no {kind} {word!r}; use {wanted}"


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


def whole_number(text: str) -> int:
    """Read a number; which ones are right is the field's matter."""
    try:
        return int(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a whole number") from None


def positive(text: str) -> int:
    """Read a number of at least 1."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return number
