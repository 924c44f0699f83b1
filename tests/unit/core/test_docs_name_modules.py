"""What is written about the code names modules that exist."""

import importlib
import operator
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "layers/outbound/python/outbound"
# | question | `module.py` | `name`, `name` |
DECIDED = re.compile(r"^\| (.+\?) \| `([a-z_/]+)\.py` \| (.+) \|$", re.M)
WRITTEN = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
MODULE = re.compile(r"`((?:[a-z_]+/)*[a-z_]+\.(?:py|json))`")


@pytest.mark.parametrize("document", WRITTEN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_file_that_a_document_names_exists(document: Path) -> None:
    if document.name == "CHANGELOG.md":
        pytest.skip("a change log names what was")
    named = {match[1] for match in MODULE.finditer(document.read_text()) if "/" in match[1]}
    missing = {
        name
        for name in named
        if not (PACKAGE / name.removeprefix("outbound/")).exists() and not (ROOT / name).exists()
    }
    assert missing == set()


@pytest.mark.parametrize(
    ("question", "module", "names"),
    DECIDED.findall((ROOT / "docs/architecture.md").read_text()),
)
def test_a_question_is_decided_where_the_architecture_says(question: str, module: str, names: str) -> None:
    found = importlib.import_module(f"outbound.{module.replace('/', '.')}")
    for name in re.findall(r"`([\w.]+)`", names):
        assert operator.attrgetter(name)(found) is not None, question


@pytest.mark.parametrize("about", ["called", "busy", "newest", "dial again", "delivery die", "clocks"])
def test_the_architecture_says_where_the_first_questions_are_decided(about: str) -> None:
    questions = [question for question, _, _ in DECIDED.findall((ROOT / "docs/architecture.md").read_text())]
    assert any(about in question for question in questions)
