"""One AWS emulator: a process of its own on a free port, with a folder of its own."""

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from local.places import EMULATOR_PYTHON, LAMBDA_PYTHON, LOCAL, REGION, ROOT_CREDENTIALS, clean_environment

LOOPBACK = "127.0.0.1"
_FUNCTION = "ministack-lambda-"  # how the folder begins that a function's process runs in
START_SECONDS = 60
"""Started within 3 s on two idle cores; the rest is for a machine that is busy."""


class EmulatorFailed(RuntimeError):
    """The emulator did not start; the message ends with its log."""


@dataclass(frozen=True)
class Emulator:
    """A running emulator; `endpoint` is what AWS_ENDPOINT_URL is to be."""

    endpoint: str
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> Path:
        """What the emulator said, functions' output included."""
        return self.folder / "emulator.log"

    def function_processes(self, name: str = "") -> list[int]:
        """Find the processes in which functions run, or those of one function where it is named."""
        wanted = f"-{name.replace('_', '-')}-" if name else ""
        return [
            pid
            for pid, group, command in _processes()
            if group == self.process.pid and _FUNCTION in command and wanted in command
        ]

    def session(self) -> boto3.Session:
        """Speak as the account's root, which no policy limits."""
        return boto3.Session(
            aws_access_key_id=ROOT_CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=ROOT_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            region_name=REGION,
        )

    def client(self, service: str) -> Any:
        """Make a client of the account's root for one service of this emulator."""
        config = Config(connect_timeout=5, read_timeout=130, max_pool_connections=64)
        return self.session().client(service, endpoint_url=self.endpoint, config=config)

    def resource(self, service: str) -> Any:
        """Make a boto3 resource of the account's root for one service of this emulator."""
        return self.session().resource(service, endpoint_url=self.endpoint)


@contextmanager
def running_emulator(
    *, policies: bool = True, wait_scale: float = 1.0, keep: bool = False, host: str = LOOPBACK
) -> Iterator[Emulator]:
    """Run an emulator for as long as the block lasts.

    `policies` enforces every role's permissions, `wait_scale` multiplies the waits of state machines,
    `keep` leaves the folder with the log behind, `host` is this machine's address to listen on.
    """
    settings = {"AUTH": "true" if policies else "false", "SFN_WAIT_SCALE": str(wait_scale)}
    emulator = _start(settings, host)
    try:
        yield emulator
    finally:
        _stop(emulator)
        if not keep:
            shutil.rmtree(emulator.folder, ignore_errors=True)


def free_port(host: str = LOOPBACK) -> int:
    """Find a port without a listener; raise OSError where the address is not this machine's."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _start(settings: dict[str, str], host: str) -> Emulator:
    folder = LOCAL / "stacks" / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{os.getpid()}"
    (folder / "tmp").mkdir(parents=True)
    port = free_port(host)
    environment = clean_environment(
        **settings,
        BIND_HOST=host,
        MINISTACK_HOST=host,
        GATEWAY_PORT=str(port),
        MINISTACK_REGION=REGION,
        FUNCTION_PYTHON=str(LAMBDA_PYTHON),
        TMPDIR=str(folder / "tmp"),
        S3_DATA_DIR=str(folder / "s3"),
        STATE_DIR=str(folder / "state"),
        PYTHONUNBUFFERED="1",
    )
    process = _launch(folder, environment)
    emulator = Emulator(f"http://{host}:{port}", folder, process)
    _wait_until_healthy(emulator)
    return emulator


def _launch(folder: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    with (folder / "emulator.log").open("wb") as log:
        return subprocess.Popen(
            [EMULATOR_PYTHON, Path(__file__).with_name("launch.py")],
            env=environment,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _processes() -> Iterator[tuple[int, int, str]]:
    """Name every process of this machine: its id, its group's, and its command."""
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,pgid=,command="],
        capture_output=True,
        text=True,
        timeout=10,
        check=True,
    )
    for line in listed.stdout.splitlines():
        pid, group, command = line.split(None, 2)
        yield int(pid), int(group), command


def _wait_until_healthy(emulator: Emulator) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and emulator.process.poll() is None:
        try:
            with urllib.request.urlopen(f"{emulator.endpoint}/_ministack/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    _stop(emulator)
    raise EmulatorFailed(f"the emulator did not start:\n{emulator.log.read_text()[-2000:]}")


def _stop(emulator: Emulator) -> None:
    """End the emulator and the functions that it runs: all are of its own process group."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(emulator.process.pid, number)
        except ProcessLookupError:
            break
        try:
            emulator.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            continue
    emulator.process.wait()
