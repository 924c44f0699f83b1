"""Builds the application for this machine's own Python, once for every change of it."""

import fcntl
import hashlib
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.places import LOCAL, ROOT, SAM, clean_environment

RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
ARCHITECTURE = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"

TARGET = {"Runtime": RUNTIME, "Architecture": ARCHITECTURE}
"""The template's parameters for this machine."""


class BuildFailed(RuntimeError):
    """`sam build` failed; the message is what it said."""


def built_template() -> Path:
    """Build if anything changed since the last time, and give the built template's path."""
    folder = LOCAL / "build" / RUNTIME
    folder.mkdir(parents=True, exist_ok=True)
    stamp = folder / "sources.sha256"
    template = folder / "sam" / "template.yaml"
    with _only_one(folder / "lock"):
        now = _digest_of_sources()
        if not (template.exists() and stamp.exists() and stamp.read_text() == now):
            stamp.unlink(missing_ok=True)
            _sam_build(folder)
            stamp.write_text(now)
    return template


def _sam_build(folder: Path) -> None:
    command = [SAM, "build", "--config-env", "local", "--build-dir", folder / "sam"]
    # The cache is a folder for each Python: sam does not see that the target is part of the input.
    command += ["--cached", "--cache-dir", folder / "cache", "--parameter-overrides"]
    command += [f"{name}={value}" for name, value in TARGET.items()]
    target = {"LAMBDA_RUNTIME": RUNTIME, "LAMBDA_ARCHITECTURE": "host", "PYTHON": sys.executable}
    environment = clean_environment(SAM_CLI_TELEMETRY="0", **target)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildFailed(done.stdout + done.stderr)


def _digest_of_sources() -> str:
    """Sum up what is built: the template and the layers. Functions are packed as they lie there."""
    files = [ROOT / "template.yaml", ROOT / "samconfig.toml"]
    files += [path for path in (ROOT / "layers").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(files):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    """Keep other processes out: several test runs may start at once."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
