"""`outbound dialer model`: what a team, its calls and its pacing come to, before it is tried on people."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from outbound.cli.json_files import json_object
from outbound.cli.layout import table
from outbound.cli.output import Output
from outbound.cli.stack import Stack
from outbound.complaints import complaints
from outbound.dialer.model.assumptions import ASSUMPTIONS
from outbound.dialer.model.capacity import MEASURES, Capacity, simulate_capacity
from outbound.dialer.model.chart import chart, description
from outbound.dialer.model.document import ModelDocument, Pacing
from outbound.dialer.model.estimates import Estimate
from outbound.dialer.model.search import HighestRatio, NothingToSearch, search

_SHARES = ("abandonment", "occupancy", "trunk_use", "trunk_blocking")


def add_model_command(commands: Any) -> None:
    """Add the command to its group."""
    model = commands.add_parser("model", help="simulate a team, its calls and its pacing")
    model.description = "Works without a stack. The same document and seed give the same answer."
    model.add_argument("file", type=Path, metavar="FILE", help="a JSON document; README has an example")
    model.add_argument(
        "--search",
        action="store_true",
        help="find the highest ratio whose abandonment stays under the target, for all agents and for 60 %%",
    )
    model.add_argument("--chart", type=Path, metavar="FILE.svg", help="draw what the search found")
    model.set_defaults(run=_model, needs_stack=False)


def _model(_: Stack | None, chosen: argparse.Namespace, output: Output) -> None:
    if chosen.chart and not chosen.search:
        raise ValueError("--chart: draws what a search found; add --search")
    document = _document(chosen.file)
    found = _searched(document, chosen.file) if chosen.search else None
    capacity = simulate_capacity(document)
    answer, texts = capacity.as_document(), [table(_rows(capacity)), *_remarks(document)]
    if found is not None and document.pacing is not None:
        answer["search"] = [one.as_document() for one in found]
        texts += _search_texts(found, document.pacing)
        if chosen.chart:
            chosen.chart.write_text(chart(found, document.pacing), encoding="utf-8")
            texts.append(f"The chart is in {chosen.chart}.")
    output.text("\n\n".join(texts), answer)


def _document(file: Path) -> ModelDocument:
    try:
        return ModelDocument.model_validate(json_object(file))
    except ValueError as error:
        said = complaints(error)
        raise ValueError(said if said.startswith(str(file)) else f"{file}: {said}") from None


def _searched(document: ModelDocument, file: Path) -> list[HighestRatio]:
    try:
        return search(document)
    except NothingToSearch as nothing:
        raise ValueError(f"{file}: {nothing}") from nothing


def _rows(capacity: Capacity) -> list[Mapping[str, Any]]:
    return [
        {
            "measure": name.replace("_", " "),
            "mean": _shown(name, estimate.mean),
            "low (95 %)": _shown(name, estimate.low),
            "high (95 %)": _shown(name, estimate.high),
        }
        for name in MEASURES
        for estimate in [getattr(capacity, name)]
    ]


def _shown(name: str, value: float) -> str:
    return f"{value:.2%}" if name in _SHARES else f"{value:.2f}"


def _remarks(document: ModelDocument) -> list[str]:
    """Return what has to be known beside the figures."""
    said = []
    if document.trunks is None:
        said.append("The number of trunks is not given: as many as are wanted.")
    if document.pacing is not None:
        assumed = (
            f"{field.name.replace('_', ' ')} {getattr(ASSUMPTIONS, field.name):g}"
            for field in fields(ASSUMPTIONS)
        )
        said.append(f"Assumed: {', '.join(assumed)}.")
    return said


def _search_texts(found: Sequence[HighestRatio], pacing: Pacing) -> list[str]:
    rows = [
        {
            "agents": one.agents,
            "highest ratio": f"{one.found.ratio:.2f}" if one.found else "none",
            "abandonment": _interval(one.found.capacity.abandonment) if one.found else "",
            "occupancy": _interval(one.found.capacity.occupancy) if one.found else "",
        }
        for one in found
    ]
    return [description(found, pacing), table(rows)]


def _interval(estimate: Estimate) -> str:
    return f"{estimate.mean:.2%} ({estimate.low:.2%} to {estimate.high:.2%})"
