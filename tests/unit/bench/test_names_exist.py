"""What runs only when it is asked for imports nothing that is gone: benches, full sizes, containers."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]
_FOLDERS = ("bench", "load", "sam_local", "scenario", "local", "webhook_load", "disposition_load")
_FILES = sorted(file for folder in _FOLDERS for file in (TESTS / folder).rglob("*.py"))


def _imported(file: Path) -> list[tuple[str, str]]:
    """Return every module and name that a file imports from ours, inside of functions too."""
    tree = ast.parse(file.read_text())
    return [
        (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
        for alias in node.names
        if node.module.split(".")[0] == "outbound" or (TESTS / node.module.split(".")[0]).is_dir()
    ]


@pytest.mark.parametrize("file", _FILES, ids=lambda file: str(file.relative_to(TESTS)))
def test_what_is_imported_exists(file: Path) -> None:
    gone = []
    for module, name in _imported(file):
        found = importlib.import_module(module)
        if not hasattr(found, name):
            try:
                importlib.import_module(f"{module}.{name}")
            except ModuleNotFoundError:
                gone.append(f"{module}.{name}")
    assert gone == []
