"""Links of the documents lead somewhere; the architecture has every function and part of the package."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from template.transformed import ROOT

PACKAGE = ROOT / "layers" / "outbound" / "python" / "outbound"
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_links_within_the_project_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!\w+://|#)([^)#]+)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_picture_of_the_data_flow_has_every_function() -> None:
    drawn = ARCHITECTURE.split("```mermaid", 1)[1].split("```", 1)[0]
    functions = {path.name for path in (ROOT / "functions").iterdir() if path.is_dir()}
    assert sorted(functions - set(re.findall(r"\w+", drawn))) == []


def test_the_layers_of_imports_have_every_part_of_the_package() -> None:
    parts = {path.name for path in PACKAGE.iterdir() if path.is_dir() and not path.name.startswith("_")}
    drawn = ARCHITECTURE.split("## Layers of imports", 1)[1].split("\n## ", 1)[0]
    words = set(re.findall(r"[\w-]+", drawn))
    assert sorted(parts - words) == []


STEP = re.compile(r"^\| `([a-z_.]+)` \| `([A-Za-z_.]+)` \|", re.MULTILINE)
WALKS = (ROOT / "docs" / "walks.md").read_text().split("\n## ")[1:]


def test_there_are_three_walks_of_modules_through_the_code() -> None:
    assert len(WALKS) == 3
    for walk in WALKS:
        rows = [line for line in walk.splitlines() if line.startswith("| `")]
        assert len(STEP.findall(walk)) == len(rows) > 10, walk.splitlines()[0]


@pytest.mark.parametrize(
    ("module", "entrance"), sorted({step for walk in WALKS for step in STEP.findall(walk)})
)
def test_a_step_of_a_walk_enters_code_that_exists(module: str, entrance: str) -> None:
    found: object = import_module(f"outbound.{module}")
    for name in entrance.split("."):
        found = getattr(found, name)
    assert callable(found)


def test_functions_that_walks_name_exist() -> None:
    functions = {path.name for path in (ROOT / "functions").iterdir() if path.is_dir()}
    named = {name for walk in WALKS for name in re.findall(r"[(,] ?`([a-z_]+)`", walk)}
    assert named
    assert sorted(named - functions) == []


def test_every_decision_is_in_the_list_of_decisions() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text())
    assert listed == sorted(path.name for path in folder.glob("0*.md"))
