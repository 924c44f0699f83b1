"""A million rows of consent: in a process of its own, so that memory and time are the reading's alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from local.places import ROOT

pytestmark = [pytest.mark.load, pytest.mark.timeout(1800)]

ROWS = 1_000_000

_READING = """
import json, os, resource, sys
from worlds.aws import ENVIRONMENT, FakeClock
os.environ.update(ENVIRONMENT)
sys.path.insert(0, sys.argv[1])
from test_consent_file_memory import read_rows

before = resource.getrusage(resource.RUSAGE_SELF)
sys.stdout = sys.stderr
table = read_rows(int(sys.argv[2]), FakeClock(), at_once=8)
after = resource.getrusage(resource.RUSAGE_SELF)
seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
told = {"items": table.items, "calls": table.reads + table.writes, "seconds": seconds}
print(json.dumps({**told, "kilobytes": after.ru_maxrss}), file=sys.__stdout__)
"""


def _read(rows: int) -> dict[str, Any]:
    path = os.pathsep.join((str(ROOT / "tests"), str(ROOT / "layers" / "outbound" / "python")))
    folder = str(ROOT / "tests" / "unit" / "consent")
    done = subprocess.run(
        [sys.executable, "-c", _READING, folder, str(rows)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_million_rows_take_the_memory_of_some() -> None:
    # Enough for whole blocks, and for the collector to have come by.
    few, many = _read(100_000), _read(ROWS)

    assert (many["items"], many["calls"]) == (2 * ROWS, ROWS // 25)
    assert many["kilobytes"] < 1.15 * few["kilobytes"]
    # Ten times the rows, ten times the time: nothing is walked again. The machine may be busy.
    assert many["seconds"] < 10 * few["seconds"] * 1.5
