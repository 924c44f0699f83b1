"""`python -m scenario`: plays the bridge whole and ends with a summary; exit code 1 if anything is amiss."""

from __future__ import annotations

import argparse
import json
import sys

from rich.console import Console

from scenario.cast import assembled, world
from scenario.chaos import SECONDS
from scenario.playing import play
from scenario.verdict import show


def main() -> int:
    """Read the command line, play, and say how it went."""
    parser = argparse.ArgumentParser(prog="scenario")
    parser.add_argument("--calls", type=int, default=50_000)
    parser.add_argument("--campaigns", type=int, default=4, choices=range(1, 5))
    parser.add_argument("--no-quota", action="store_true", help="the tenant counts no requests")
    parser.add_argument(
        "--chaos", action="store_true", help=f"kill functions at random for {SECONDS:.0f} seconds"
    )
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")
    chosen = parser.parse_args()
    console = Console(stderr=chosen.json)
    quota = not chosen.no_quota
    console.print(
        "setting up: an AWS emulator with the template deployed, a CXone tenant, a CRM", style="bold"
    )
    with assembled(world(chosen.calls, chosen.campaigns, quota)) as cast:
        verdict = play(cast, quota, console, chosen.chaos)
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
