"""The README's table of parameters is in step with the template."""

from __future__ import annotations

import re

import pytest

from template.transformed import ROOT, Template

TEXT = (ROOT / "README.md").read_text()


def _rows() -> list[tuple[list[str], list[str]]]:
    """Return the names and the defaults of each row."""
    section = TEXT.split("### Parameters of the stack", 1)[1].split("\n#", 1)[0]
    cells = [line.split("|")[1:3] for line in section.splitlines() if line.startswith("| `")]
    return [(re.findall(r"`(\w+)`", names), defaults.strip().split(", ")) for names, defaults in cells]


def test_every_parameter_has_its_line_and_every_line_its_parameter(template: Template) -> None:
    assert sorted(name for names, _ in _rows() for name in names) == sorted(template.parameters)


@pytest.mark.parametrize(("names", "defaults"), _rows())
def test_every_line_says_what_the_template_takes_by_default(
    template: Template, names: list[str], defaults: list[str]
) -> None:
    if defaults == ["empty"]:
        defaults *= len(names)
    said = ["" if default == "empty" else default.strip("`") for default in defaults]
    assert said == [str(template.parameters[name]["Default"]) for name in names]
