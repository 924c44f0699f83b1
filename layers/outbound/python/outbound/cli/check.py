"""`outbound check` and `outbound status`: what is not as it should be, and what to type."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from outbound.cli import check_cxone, check_secrets, check_stack, check_suppressions
from outbound.cli.findings import Finding, ordered, safely, text
from outbound.cli.outcomes import let_go, stuck_jobs
from outbound.cli.output import Output
from outbound.cli.stack import Stack

Look = Callable[[Stack], Iterable[Finding]]

# What the stack is doing, from AWS alone; and what it needs to do so, CXone included.
_STATUS: Sequence[tuple[str, Look]] = (
    ("campaigns", check_stack.campaigns),
    ("pulls", check_stack.pulls),
    ("queues", check_stack.queues),
    ("alarms", check_stack.alarms),
)
_CHECK: Sequence[tuple[str, Look]] = (
    ("settings", check_stack.settings),
    ("secrets", check_secrets.secrets),
    ("CXone", check_cxone.surfaces),
    ("subscriptions", check_cxone.subscriptions),
    ("suppressions", check_suppressions.suppressions),
    ("schedules", check_stack.schedules),
    *_STATUS,
    ("alarm listeners", check_stack.alarm_listeners),
)


def add_commands(groups: Any) -> None:
    """Add these commands to the parser."""
    check = groups.add_parser(
        "check", help="try everything the stack needs: what is wrong, and what to type (exit code 1)"
    )
    check.add_argument(
        "--release", action="store_true", help="if CXone lets us in, pull now what waits after a failure"
    )
    check.set_defaults(run=_check)
    status = groups.add_parser("status", help="how far campaigns are, and what waits, died or rings")
    status.set_defaults(run=_status)


def _status(stack: Stack, _: argparse.Namespace, output: Output) -> int:
    return _told(_found(stack, _STATUS), output, released=None)


def _check(stack: Stack, chosen: argparse.Namespace, output: Output) -> int:
    findings = _found(stack, _CHECK)
    released = None
    if chosen.release:
        pulls = next((one for one in findings if one.check == "CXone outcomes"), None)
        released = let_go(stack, stuck_jobs(stack)) if pulls and pulls.state == "ok" else 0
    return _told(findings, output, released)


def _found(stack: Stack, looks: Sequence[tuple[str, Look]]) -> list[Finding]:
    return ordered(found for name, look in looks for found in safely(name, partial(look, stack)))


def _told(findings: Sequence[Finding], output: Output, released: int | None) -> int:
    """Print findings; return the exit code."""
    bad = sum(one.bad for one in findings)
    last = f"{bad} of {len(findings)} need something done" if bad else "nothing needs to be done"
    if released is not None:
        last += f"; {released} waiting pulls are let go" if released else "; no pull was waiting"
    document = {"ok": not bad, "findings": [one.row() for one in findings]}
    document |= {} if released is None else {"released": released}
    output.text(f"{text(findings)}\n\n{last}", document)
    return 1 if bad else 0
