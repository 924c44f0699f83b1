"""`sam local start-api`, as a developer types it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from local.emulator import LOOPBACK, free_port
from local.places import ROOT, SAM
from sam_local.invoking import sam_environment, sam_options

# It listens within seconds; the rest is for a machine that is busy.
_PATIENCE = 90.0
# Asked to end it removes its containers first.
_ENDING_PATIENCE = 60.0


@contextmanager
def running_api(environments: Path, account: Mapping[str, str], log: Path) -> Iterator[str]:
    """Run the API, each request in a container of its own, and give its address; its words go to `log`."""
    port = free_port()
    command = [SAM, "local", "start-api", "--port", str(port), *sam_options(environments)]
    with log.open("wb") as file:
        started = subprocess.Popen(
            command,
            cwd=ROOT,
            env=sam_environment(account),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_it_listens(started, port, log)
        yield f"http://{LOOPBACK}:{port}"
    finally:
        _stop(started)


def _wait_until_it_listens(started: subprocess.Popen[bytes], port: int, log: Path) -> None:
    stop = time.monotonic() + _PATIENCE
    while started.poll() is None and time.monotonic() < stop:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"sam local start-api does not listen:\n{log.read_text()[-4000:]}")


def _stop(started: subprocess.Popen[bytes]) -> None:
    """End this one process, as Ctrl-C does, and with what it started where that does not help."""
    started.send_signal(signal.SIGINT)
    try:
        started.wait(_ENDING_PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()
