"""Parameters of the template, looked at before anything is built: `python -m local.parameters 'NAME=x'`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable
from difflib import get_close_matches

from samtranslator.yaml_helper import yaml_parse

from local.places import ROOT


def names() -> list[str]:
    """Return the parameters that the template has."""
    return list(yaml_parse((ROOT / "template.yaml").read_text())["Parameters"])


def refusal(given: Iterable[str]) -> str:
    """Return a sentence that names parameters which the template does not have; empty where it has all."""
    known = names()
    return "; ".join(_sentence(name, known) for name in given if name not in known)


def names_in(text: str) -> list[str]:
    """Return the names of parameters as `sam deploy` is given them: NAME=value, or ParameterKey=NAME,..."""
    words = [word.removeprefix("ParameterKey=") for word in shlex.split(text)]
    return [word.partition("=")[0].partition(",")[0] for word in words]


def _sentence(name: str, known: list[str]) -> str:
    by_small_letters = {each.lower(): each for each in known}
    near = [by_small_letters[each] for each in get_close_matches(name.lower(), by_small_letters)]
    instead = f"use {' or '.join(near)}" if near else "docs/deployment.md lists them"
    return f"the template has no parameter {name!r}; {instead}"


def main(text: str) -> int:
    """Refuse parameters that the template does not have."""
    try:
        wrong = refusal(names_in(text))
    except ValueError as error:
        wrong = f"PARAMETERS cannot be read ({error}): write NAME=value, in double quotes if it has blanks"
    if wrong:
        print(f"make: {wrong}", file=sys.stderr)
    return 2 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
