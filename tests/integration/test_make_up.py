"""`make up` as a newcomer uses it: what it prints is typed at 80 columns, and its end leaves nothing."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from local.containers import ENVIRONMENT_FILE
from local.places import ROOT

_UP_WITHIN_SECONDS = 240
_PULLED_WITHIN_SECONDS = 180
_FOLDER = ROOT / ".local" / "up"

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]


@dataclass
class Up:
    process: subprocess.Popen[str]
    printed: list[str] = field(default_factory=list)

    def type(self, line: str) -> subprocess.CompletedProcess[str]:
        """Type a line in another terminal of 80 columns."""
        return subprocess.run(
            ["bash", "-c", f"source .local/up/activate\n{line}"],
            cwd=ROOT,
            env=_terminal(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def _terminal() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
    # The command in the environment may have been installed from another folder than this one.
    path = os.pathsep.join(str(ROOT / each) for each in ("tests", "layers/outbound/python"))
    return {**kept, "PATH": "/usr/local/bin:/usr/bin:/bin", "PYTHONPATH": path, "COLUMNS": "80"}


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    if _FOLDER.exists():
        pytest.skip("somebody plays with `make up` in this folder")
    process = subprocess.Popen(
        [sys.executable, "-m", "local", "up", "PullSchedule=rate(7 minutes)"],
        cwd=ROOT,
        env={**_terminal(), "PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield _once_up(process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _once_up(process: subprocess.Popen[str]) -> Up:
    assert process.stdout is not None
    up, stop = Up(process), time.monotonic() + _UP_WITHIN_SECONDS
    while time.monotonic() < stop and (line := process.stdout.readline()):
        up.printed.append(line.rstrip("\n"))
        if "Ctrl-C" in line:
            return up
    raise AssertionError("\n".join(up.printed))


def test_a_newcomer_types_what_it_prints(up: Up) -> None:
    """One test, because there is one `make up` a folder; its steps are in the order of typing."""
    _fits_80_columns(up)
    _every_line_works(up)
    _the_calls_arrive(up)
    # A value with blanks arrived whole.
    assert "rate(7 minutes)" in up.type("outbound check").stdout
    _names_of_the_readme_are_set(up)
    _sigterm_ends_it_like_ctrl_c(up)


def _fits_80_columns(up: Up) -> None:
    # The log's path has the process in it, and stands on a line of its own.
    assert [line for line in up.printed if len(line) > 80 and "emulator.log" not in line] == []


def _every_line_works(up: Up) -> None:
    lines = [line.strip() for line in up.printed if re.match(r"  (source|outbound|make) ", line)]
    assert len(lines) >= 8
    for line in lines:
        done = up.type(line)
        assert done.returncode == 0, (line, done.stdout, done.stderr)


def _the_calls_arrive(up: Up) -> None:
    stop = time.monotonic() + _PULLED_WITHIN_SECONDS
    while True:
        states = up.type("outbound outcomes jobs spring-renewals").stdout
        if "completed" in states and not re.search(r"queued|running|planned|waiting", states):
            return
        assert time.monotonic() < stop, states
        time.sleep(3)


def _names_of_the_readme_are_set(up: Up) -> None:
    said = up.type('echo "$STACK $WEBHOOK_URL"; test -n "$CXONE_SECRET"')
    assert (said.returncode, said.stdout[:13]) == (0, "outbound http")
    assert (
        Path(up.type("command -v outbound").stdout.strip()) == ROOT / ".local" / "venv" / "bin" / "outbound"
    )


def _sigterm_ends_it_like_ctrl_c(up: Up) -> None:
    assert ENVIRONMENT_FILE.exists()
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(30) == 0
    assert not ENVIRONMENT_FILE.exists()
    assert not _FOLDER.exists()
    command = [sys.executable, "-m", "local", "webhook"]
    refused = subprocess.run(command, cwd=ROOT, env=_terminal(), capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "use `make up` first" in refused.stderr
