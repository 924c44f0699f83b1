"""The README names every parameter of the template."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_PARAMETERS = re.search(r"^Parameters:\n(.*?)^\w", (ROOT / "template.yaml").read_text(), re.M | re.S)


@pytest.mark.parametrize("name", re.findall(r"^  (\w+):$", _PARAMETERS[1] if _PARAMETERS else "", re.M))
def test_every_parameter_has_its_line(name: str) -> None:
    rows = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("| `")]
    assert any(f"`{name}`" in row.split("|")[1] for row in rows)
