"""A million rows: read in a process of its own, so that its memory and its time are the reading's alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from local.places import ROOT

pytestmark = [pytest.mark.load, pytest.mark.timeout(900)]

ROWS = 1_000_000

_READING = """
import json, resource, sys
from worlds.aws import ENVIRONMENT, FakeClock
import os
os.environ.update(ENVIRONMENT)
sys.path.insert(0, sys.argv[1])
from test_file_memory import CountingQueue, ForgetfulFiles, _COLUMNS, _WIDTH, _block
from outbound.clock import Deadline
from outbound.dispositions.files.reader import Pace, RowReader
from outbound.dispositions.settings import DispositionSettings
from outbound.metrics import metrics
from outbound.dispositions.files.ledger import DispositionFile

clock, queue, rows = FakeClock(), CountingQueue(), int(sys.argv[2])
reader = RowReader(ForgetfulFiles(), None, queue, "acme", clock, Pace(500, 8))
file = DispositionFile("f" * 32, "a.csv", "e", "", rows * _WIDTH, clock.now(), columns=_COLUMNS)
before = resource.getrusage(resource.RUSAGE_SELF)
sys.stdout = sys.stderr
read = reader.read(file, _block, DispositionSettings(), Deadline(clock, 3600))
after = resource.getrusage(resource.RUSAGE_SELF)
seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
told = {"rows": read.place.row, "sent": queue.rows, "seconds": seconds, "kilobytes": after.ru_maxrss}
print(json.dumps(told), file=sys.__stdout__)
"""


def _read(rows: int) -> dict[str, Any]:
    path = os.pathsep.join((str(ROOT / "tests"), str(ROOT / "layers" / "outbound" / "python")))
    folder = str(ROOT / "tests" / "unit" / "dispositions")
    done = subprocess.run(
        [sys.executable, "-c", _READING, folder, str(rows)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_million_rows_take_the_memory_of_some() -> None:
    # Enough for whole blocks, and for the collector to have come by.
    few, many = _read(100_000), _read(ROWS)

    assert (many["rows"], many["sent"]) == (ROWS, ROWS)
    assert many["kilobytes"] < 1.15 * few["kilobytes"]
    # Ten times the rows, ten times the time: nothing is walked again. The machine may be busy.
    assert many["seconds"] < 10 * few["seconds"] * 1.5
