"""`python -m scenario`: plays the bridge whole and ends with a summary; exit code 1 if anything is amiss."""

from __future__ import annotations

import argparse
import json
import sys
import time

from rich.console import Console

from scenario.cast import assembled, world
from scenario.steps import connect, make_trouble, register
from scenario.verdict import Verdict, judge, show
from scenario.watching import Watcher


def play(calls: int, campaigns: int, quota: bool, console: Console) -> Verdict:
    """Play the scenario and give the verdict."""
    console.print(
        "[bold]setting up[/bold]: an AWS emulator with the template deployed, a CXone tenant, a CRM"
    )
    with assembled(world(calls, campaigns, quota)) as cast:
        console.print("an operator connects the stack and registers the campaigns")
        connect(cast, quota)
        register(cast)
        faults = make_trouble(cast)
        console.print(f"the schedule fires; {faults} faults lie in wait")
        began = time.monotonic()
        cast.stack.fire("plan_pulls")
        watcher = Watcher(cast)
        watcher.until_done(console)
        seconds = time.monotonic() - began
        _let_the_audit_finish(watcher)
        return judge(cast, watcher.look(), seconds, quota)


def _let_the_audit_finish(watcher: Watcher) -> None:
    """Wait until the audit bucket has not grown for two seconds, half a minute at most."""
    before, still_since = -1, time.monotonic()
    stop = time.monotonic() + 30
    while time.monotonic() < stop and time.monotonic() - still_since < 2:
        now = watcher.look().audit_objects
        if now != before:
            before, still_since = now, time.monotonic()
        time.sleep(0.25)


def main() -> int:
    """Read the command line, play, and say how it went."""
    parser = argparse.ArgumentParser(prog="scenario")
    parser.add_argument("--calls", type=int, default=50_000)
    parser.add_argument("--campaigns", type=int, default=4, choices=range(1, 5))
    parser.add_argument("--no-quota", action="store_true", help="the tenant counts no requests")
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")
    chosen = parser.parse_args()
    console = Console(stderr=chosen.json)
    verdict = play(chosen.calls, chosen.campaigns, not chosen.no_quota, console)
    show(verdict, console)
    if chosen.json:
        print(
            json.dumps(
                {"campaigns": verdict.campaigns, "figures": verdict.figures, "deviations": verdict.deviations}
            )
        )
    return 1 if verdict.deviations else 0


if __name__ == "__main__":
    sys.exit(main())
