"""What is written about the code names modules that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "layers/outbound/python/outbound"
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
