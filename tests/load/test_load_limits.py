"""The quota and the token under the loads that the design names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.places import ROOT

pytestmark = [pytest.mark.load, pytest.mark.timeout(600)]


def test_sixteen_workers_use_the_quota_for_three_minutes_without_one_429(tmp_path: Path) -> None:
    used, twice, refused = _figures("quota", tmp_path)
    assert used["value"] >= 95, used
    assert twice["value"] <= 1.1, twice
    assert refused["value"] == 0, refused


def test_two_hundred_fresh_caches_at_once_cost_one_token_request(tmp_path: Path) -> None:
    (requests,) = _figures("tokens", tmp_path)
    assert requests["value"] == 1, requests


def _figures(name: str, folder: Path) -> list[dict[str, Any]]:
    """Measure a figure as `make bench` does, at its full size, in a process whose AWS is the emulator."""
    path = folder / "bench.json"
    command = [sys.executable, "-m", "bench", "--full", "--only", name, "--json", str(path)]
    path_of_modules = os.pathsep.join((str(ROOT / "tests"), str(ROOT / "layers" / "outbound" / "python")))
    environment = {**os.environ, "PYTHONPATH": path_of_modules}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr
    figures: list[dict[str, Any]] = json.loads(path.read_text())["figures"]
    return figures
