"""`outbound dialer model`: a simulation without a stack."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from outbound.cli.__main__ import main
from outbound.cli.stack import Stack
from worlds.command import Said

DOCUMENT: dict[str, Any] = {
    "agents": 20,
    "talk_seconds": {"mean": 180, "distribution": "lognormal"},
    "wrap_seconds": 60,
    "answer_rate": 0.25,
    "machine_rate": 0.3,
    "trunks": 80,
    "pacing": {"policy": "fixed_ratio", "ratio": 1.1, "target": 0.03},
    "replications": 10,
}
MEASURES = [
    "abandonment",
    "occupancy",
    "caller_wait_seconds",
    "agent_wait_seconds",
    "trunk_use",
    "trunk_blocking",
]

Model = Callable[..., Said]


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Model:
    """Run `outbound dialer model` on a document where there is no stack to be asked."""

    def none(name: str) -> Stack:
        raise AssertionError(f"the stack {name} was asked for")

    monkeypatch.setattr(Stack, "named", none)
    monkeypatch.chdir(tmp_path)

    def run(document: Any, *options: str) -> Said:
        text = document if isinstance(document, str) else json.dumps(document)
        Path("model.json").write_text(text)
        capsys.readouterr()
        code = main(["dialer", "model", "model.json", *options])
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run


def test_a_script_gets_every_measure_with_its_interval(model: Model) -> None:
    said = model(DOCUMENT, "--json").json
    assert list(said) == [*MEASURES, "events", "seconds"]
    for name in MEASURES:
        assert list(said[name]) == ["mean", "low", "high"]
        assert said[name]["low"] <= said[name]["mean"] <= said[name]["high"]
    assert said["events"] > 10_000
    assert 0 < said["seconds"] < 60


def test_the_same_document_is_answered_by_the_same_figures(model: Model) -> None:
    first, again = (model(DOCUMENT, "--json").json for _ in range(2))
    assert {**first, "seconds": 0} == {**again, "seconds": 0}


def test_a_person_gets_a_table_and_what_was_assumed(model: Model) -> None:
    said = model(DOCUMENT).out
    assert [line.split("  ")[0] for line in said.splitlines()[2:8]] == [
        name.replace("_", " ") for name in MEASURES
    ]
    assert "connect seconds 2" in said
    assert "%" in said


@pytest.mark.slow
def test_a_search_names_the_highest_ratio_for_all_agents_and_for_fewer(model: Model) -> None:
    said = model(DOCUMENT, "--search", "--json").json
    assert list(said) == [*MEASURES, "events", "seconds", "search"]
    fewer, all_of_them = said["search"]
    assert (fewer["agents"], all_of_them["agents"]) == (12, 20)
    assert fewer["ratio"] <= all_of_them["ratio"]
    assert all_of_them["abandonment"]["high"] < 0.03
    shown = model(DOCUMENT, "--search").out
    assert f"With 20 agents, a ratio of up to {all_of_them['ratio']:.2f}" in shown


@pytest.mark.slow
def test_the_chart_of_a_search_is_written(model: Model) -> None:
    said = model(DOCUMENT, "--search", "--chart", "ratios.svg")
    assert "The chart is in ratios.svg." in said.out
    assert Xml.fromstring(Path("ratios.svg").read_text()).tag == "{http://www.w3.org/2000/svg}svg"


def test_arrivals_in_place_of_pacing(model: Model) -> None:
    document = {"arrivals_per_second": 0.2, "agents": 45, "talk_seconds": 180, "patience": {"fixed": 2}}
    said = model(document, "--json").json
    assert 0 < said["abandonment"]["mean"] < 0.05
    assert "as many as are wanted" in model(document).out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("document", "options", "sentence"),
    [
        ({**DOCUMENT, "agents": "many"}, (), "model.json: agents: must be a whole number"),
        ({**DOCUMENT, "pace": 1}, (), "model.json: pace: is not a known field"),
        ("{", (), "model.json: is not valid JSON at line 1, column 2"),
        ("[]", (), "model.json: must be a JSON object"),
        (DOCUMENT, ("--chart", "a.svg"), "--chart: draws what a search found; add --search"),
        (
            {**DOCUMENT, "pacing": {"policy": "adaptive"}},
            ("--search",),
            "model.json: pacing.policy: a ratio is",
        ),
        (DOCUMENT, ("--search", "--chart", "no/folder.svg"), "no/folder.svg: No such file or directory"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    model: Model, document: Any, options: tuple[str, ...], sentence: str
) -> None:
    said = model(document, *options)
    assert said.code != 0
    assert said.out == ""
    assert said.err.startswith(f"outbound: {sentence}")
