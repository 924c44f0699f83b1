"""Functions find what they import in their layers and in what Lambda brings along, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.handlers import handlers
from bench.processes import run
from local.places import ROOT

# The first one may have to build the layers.
pytestmark = pytest.mark.timeout(300)

FOLDERS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))


def test_every_function_s_folder_is_deployed() -> None:
    assert sorted(handler.name for handler in handlers()) == FOLDERS


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_handler_imports_with_its_layers_and_boto3_alone(folder: str) -> None:
    (handler,) = (handler for handler in handlers() if handler.name == folder)
    statements = "from app import handler\nassert callable(handler)"
    assert run("importing", handler.path, handler.environment, statements=statements) > 0


def test_the_dependency_layer_brings_no_boto3_of_its_own() -> None:
    (handler, *_) = handlers()
    layers = [Path(folder) for folder in handler.path if folder.endswith("python")]
    assert layers
    assert not [found for layer in layers for found in layer.glob("boto*")]
