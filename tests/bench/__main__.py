"""`python -m bench`: measures the figures of the design and prints them beside their targets."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench.figures import (
    call_audit,
    dialer_model,
    handler_imports,
    key_spread,
    pull_memory,
    pull_speed,
    quota_use,
    segment_speed,
    token_requests,
    webhook_receiving,
    webhook_throughput,
    webhook_verification,
)
from bench.machine import Others
from bench.measured import Measured
from bench.report import Run, show, write
from bench.stage import Stage
from local.build import built_template
from local.places import LOCAL

# A further figure is a module in this list.
FIGURES = (
    handler_imports,
    webhook_verification,
    webhook_receiving,
    webhook_throughput,
    pull_speed,
    pull_memory,
    segment_speed,
    quota_use,
    token_requests,
    key_spread,
    call_audit,
    dialer_model,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, measure, print and write."""
    chosen = _parser().parse_args(arguments)
    began = time.monotonic()
    with Others() as others:
        rows = _measured(chosen.only, chosen.full, Console(stderr=True))
    run = Run(rows, time.monotonic() - began, others.share)
    # In a file or a pipe the table is as wide as it needs to be.
    show(Console(width=None if sys.stdout.isatty() else 140), run)
    write(chosen.json, run)
    return 1 if chosen.strict and not all(row.met for row in rows) else 0


def _measured(only: Sequence[str], full: bool, console: Console) -> list[Measured]:
    rows: list[Measured] = []
    with Stage(full=full) as stage, console.status("building") as status:
        built_template()
        for figure in FIGURES:
            if only and figure.NAME not in only:
                continue
            status.update(f"measuring {figure.NAME}")
            rows += figure.measure(stage)
    return rows


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description="The figures of the design, measured.")
    names = [figure.NAME for figure in FIGURES]
    parser.add_argument("--only", action="append", default=[], choices=names, help="may be repeated")
    parser.add_argument("--full", action="store_true", help="three minutes for the quota instead of one")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if a figure is missed")
    parser.add_argument("--json", type=Path, default=LOCAL / "bench.json", metavar="PATH")
    return parser


if __name__ == "__main__":
    sys.exit(main())
