"""`outbound --stack NAME ...`: what an operator does with a deployed stack.

Each module of this package adds one group of commands. Every command prints for a person, or for a
script with `--json`. Exit codes: 0 done, 1 the stack cannot do it now, 2 refused, 130 interrupted; what
went wrong is one sentence on standard error.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

GROUPS = (
    "check",
    "campaigns",
    "failover",
    "dashboard",
    "outcomes",
    "dispositions",
    "archive",
    "webhooks",
    "consent",
    "compliance",
    "dialer",
    "deliveries",
    "configuration",
    "queues",
    "problems",
)
"""Modules of this package, imported when a command runs: Ctrl-C is quiet from the first moment on."""

_INTERRUPTED = 130


class _NamesStack(argparse.Action):
    """Takes the name of a stack, and remembers that there was one: some commands work with and without."""

    def __call__(self, _: object, chosen: argparse.Namespace, value: Any, __: str | None = None) -> None:
        chosen.stack, chosen.names_stack = value, True


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    # Subparsers are of the same class.
    top: argparse.ArgumentParser = import_module("outbound.cli.arguments").Parser(
        prog="outbound", description="Operate a deployed stack of the outbound bridge."
    )
    top.add_argument(
        "--stack",
        action=_NamesStack,
        default=os.environ.get("OUTBOUND_STACK", "outbound-bridge"),
        help="name of the stack",
    )
    top.set_defaults(names_stack=bool(os.environ.get("OUTBOUND_STACK")))
    top.add_argument("--json", action="store_true", help="print JSON, for scripts")
    top.add_argument("--version", action="version", version=f"%(prog)s {_version()}")
    groups = top.add_subparsers(dest="group", required=True, metavar="GROUP")
    for module in GROUPS:
        import_module(f"outbound.cli.{module}").add_commands(groups)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        return _run(list(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt:
        return _INTERRUPTED


def _run(arguments: Sequence[str]) -> int:
    printing = import_module("outbound.cli.output")
    printing.show_whatever_comes()
    try:
        chosen = _chosen(arguments)
        # What only explains the program needs no stack.
        needed = _needs_stack(chosen)
        stack = import_module("outbound.cli.stack").Stack.named(chosen.stack) if needed else None
        with printing.without_log():
            code: int | None = chosen.run(stack, chosen, printing.Output(as_json=chosen.json))
        printing.flush()
        return code or 0
    except BrokenPipeError:
        # The reader of the output has had enough of it; what is left of it goes nowhere.
        printing.drop_output()
    except Exception as failure:
        sentence, code = import_module("outbound.cli.errors").explained(failure)
        layout = import_module("outbound.cli.layout")
        print(layout.wrapped(f"outbound: {sentence}", sys.stderr), file=sys.stderr)
        return int(code)
    return 0


def _needs_stack(chosen: argparse.Namespace) -> bool:
    """Return True for a command that works with a stack; some do only with some of their options."""
    needs_stack: bool | Callable[[argparse.Namespace], bool] = getattr(chosen, "needs_stack", True)
    return needs_stack(chosen) if callable(needs_stack) else needs_stack


def _chosen(arguments: Sequence[str]) -> argparse.Namespace:
    try:
        joined = import_module("outbound.cli.times").with_joined_times(arguments)
        return parser().parse_args(_for_all_groups_first(joined))
    except SystemExit:
        import_module("outbound.cli.output").flush()
        raise


def _for_all_groups_first(arguments: Sequence[str]) -> list[str]:
    """Put `--json` and `--stack NAME` in front, wherever they stand: scripts put them last."""
    first: list[str] = []
    rest = list(arguments)
    ends = rest.index("--") if "--" in rest else len(rest)
    place = 0
    while place < ends:
        size = 2 if rest[place] == "--stack" else 1
        if rest[place] in ("--json", "--stack") or rest[place].startswith("--stack="):
            first += rest[place : place + size]
            del rest[place : place + size]
            ends -= size
        else:
            place += 1
    return first + rest


def _version() -> str:
    try:
        return version("outbound-bridge")
    except PackageNotFoundError:
        return "(not installed: run from its sources)"


if __name__ == "__main__":
    sys.exit(main())
