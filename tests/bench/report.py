"""The table of figures for people, and the same as JSON for programs."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from os import cpu_count
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.measured import Measured

_VERDICTS = {True: "[green]ok[/green]", False: "[red]missed[/red]"}


@dataclass(frozen=True)
class Run:
    """A whole run: its figures, how long it took, and the share of the machine that others took meanwhile."""

    rows: Sequence[Measured]
    seconds: float
    others: float


def show(console: Console, run: Run) -> None:
    """Print every figure beside its target, and where the time went of those that were looked into."""
    title = f"figures, measured in {run.seconds:.0f} s; others took {run.others:.0%} of the machine"
    table = Table(title=title, title_justify="left")
    for name, justify in (("figure", "left"), ("measured", "right"), ("target", "right"), ("", "left")):
        table.add_column(name, justify=justify)
    table.add_column("made of", style="dim")
    for row in run.rows:
        measured = row.target.shown(row.value)
        verdict = _VERDICTS[row.met] if row.target.judges else ""
        table.add_row(row.what, measured, str(row.target), verdict, row.note)
    console.print(table)
    for row in run.rows:
        if row.profile:
            _show_profile(console, row)


def _show_profile(console: Console, row: Measured) -> None:
    heads, *lines = row.profile
    table = Table(*heads, title=f"where the time goes: {row.what}", title_justify="left")
    table.columns[-1].justify = "right"
    for line in lines:
        table.add_row(*line)
    console.print(table)


def write(path: Path, run: Run) -> None:
    """Write the figures as JSON."""
    document = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "python": platform.python_version(),
        "processors": cpu_count(),
        "seconds": round(run.seconds, 1),
        "others_share": round(run.others, 3),
        "figures": [row.as_document() for row in run.rows],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n")
