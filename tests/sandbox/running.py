"""Sandbox servers for the length of a `with` block, each in a process of its own.

A process of its own, so that the code under test shares no interpreter lock with the server that
it is measured against.
"""

import base64
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sandbox.clients import (
    Archiving,
    AttemptsChanged,
    AttemptsNow,
    Contact,
    ControlFailed,
    Delivery,
    Emitted,
    LoggedRequest,
    QuotaUse,
    Received,
    Receivers,
    Stats,
    StatusAsked,
    StatusNow,
    Tenant,
    Webhook,
    Write,
)
from sandbox.world import World, read_world, write_world

__all__ = [
    "Archiving",
    "AttemptsChanged",
    "AttemptsNow",
    "Contact",
    "ControlFailed",
    "Delivery",
    "Emitted",
    "LoggedRequest",
    "QuotaUse",
    "Received",
    "Receivers",
    "Stats",
    "StatusAsked",
    "StatusNow",
    "Tenant",
    "Webhook",
    "Write",
    "new_secret",
    "running_receivers",
    "running_tenant",
]

_TESTS = Path(__file__).resolve().parent.parent
#: Starting takes half a second; a loaded machine gets forty times that.
_START_SECONDS = 20.0
_STOP_SECONDS = 5.0
_POLL_SECONDS = 0.02


@contextmanager
def running_tenant(
    world: World | Mapping[str, Any] | None = None, *, host: str = "127.0.0.1", port: int = 0
) -> Iterator[Tenant]:
    """Run a tenant; relative times in a world given as a document are resolved here and now."""
    known = world if isinstance(world, World) else read_world(world or {})
    with _running("tenant", write_world(known), host, port) as url:
        yield Tenant(url, known)


@contextmanager
def running_receivers(
    secrets_by_name: Mapping[str, Sequence[str]] | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[Receivers]:
    """Run the CRM, the warehouse and the WFM; without secrets given each gets a new one."""
    known = secrets_by_name or {name: (new_secret(),) for name in ("crm", "warehouse", "wfm")}
    document = {"receivers": {name: list(keys) for name, keys in known.items()}}
    with _running("receivers", document, host, port) as url:
        yield Receivers(url, known)


def new_secret() -> str:
    """Return a new signing secret in the form of Standard Webhooks."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


@contextmanager
def _running(server: str, world: Mapping[str, Any], host: str, port: int) -> Iterator[str]:
    with TemporaryDirectory(prefix="sandbox-") as folder:
        started = _start(server, world, host, port, Path(folder))
        try:
            yield _url_once_ready(started, Path(folder))
        finally:
            _stop(started)


def _start(
    server: str, world: Mapping[str, Any], host: str, port: int, folder: Path
) -> subprocess.Popen[bytes]:
    world_file = folder / "world.json"
    world_file.touch(mode=0o600)  # there are secrets in it
    world_file.write_text(json.dumps(world))
    command = [sys.executable, "-m", "sandbox", server, "--host", host, "--port", str(port)]
    command += ["--world", str(world_file), "--ready-file", str(folder / "ready.json")]
    path = os.pathsep.join(filter(None, (str(_TESTS), os.environ.get("PYTHONPATH"))))
    with (folder / "errors").open("wb") as errors:
        return subprocess.Popen(
            [*command, "--until-stdin-closes"],
            stdin=subprocess.PIPE,
            stdout=errors,
            stderr=errors,
            env={**os.environ, "PYTHONPATH": path},
        )


def _url_once_ready(started: subprocess.Popen[bytes], folder: Path) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while started.poll() is None and time.monotonic() < deadline:
        if (folder / "ready.json").exists():
            url: str = json.loads((folder / "ready.json").read_text())["url"]
            return url
        time.sleep(_POLL_SECONDS)
    ended = "did not start in time" if started.poll() is None else f"ended with {started.returncode}"
    raise RuntimeError(f"the sandbox {ended}:\n{(folder / 'errors').read_text()}")


def _stop(started: subprocess.Popen[bytes]) -> None:
    """End this one process, by force where asking does not help."""
    if started.stdin is not None:
        started.stdin.close()
    started.terminate()
    try:
        started.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        started.kill()
        started.wait()
