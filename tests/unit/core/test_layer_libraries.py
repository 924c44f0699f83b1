"""The layer of third-party packages can be loaded by the C library of the runtime that it is built for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "layers" / "dependencies"


def _check(folder: Path, glibc: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FOLDER / "check_glibc.py"), glibc, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two libraries; one asks for 2.28."""
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "old.abi3.so").write_bytes(b"\x7fELF\0GLIBC_2.2.5\0GLIBC_2.17\0")
    (tmp_path / "pkg" / "new.so.1").write_bytes(b"\x7fELF\0GLIBC_2.9\0GLIBC_2.28\0GLIBC_2.4\0")
    (tmp_path / "pkg" / "none.so").write_bytes(b"\x7fELF\0")
    return tmp_path


def test_a_library_that_asks_for_more_than_the_runtime_has_is_named(folder: Path) -> None:
    refused = _check(folder, "2.26")
    assert refused.returncode == 1
    assert refused.stderr.strip() == "pkg/new.so.1 needs glibc 2.28, and the runtime has 2.26"


def test_libraries_that_the_runtime_can_load_pass(folder: Path) -> None:
    assert _check(folder, "2.34").returncode == 0


@pytest.mark.parametrize(
    ("runtime", "tags", "glibc"),
    [
        ("python3.11", ["manylinux2014"], "2.26"),
        ("python3.12", ["manylinux_2_28", "manylinux2014"], "2.34"),
        ("python3.13", ["manylinux_2_28", "manylinux2014"], "2.34"),
        ("python3.14", ["manylinux_2_28", "manylinux2014"], "2.34"),
    ],
)
@pytest.mark.parametrize(("architecture", "machine"), [("arm64", "aarch64"), ("x86_64", "x86_64")])
def test_wheels_are_chosen_for_the_runtime_s_image_and_then_asked(
    runtime: str, tags: list[str], glibc: str, architecture: str, machine: str
) -> None:
    commands = _dry_run(runtime, architecture)
    chosen = commands.split("--platform ")[1:]
    assert [one.split()[0] for one in chosen] == [f"{tag}_{machine}" for tag in tags]
    assert f"check_glibc.py {glibc} " in commands


def test_what_is_built_for_this_machine_is_whatever_this_machine_can_load() -> None:
    commands = _dry_run("python3.11", "host")
    assert "--platform" not in commands
    assert "check_glibc.py" not in commands


def _dry_run(runtime: str, architecture: str) -> str:
    choice = {"LAMBDA_RUNTIME": runtime, "LAMBDA_ARCHITECTURE": architecture, "ARTIFACTS_DIR": "artifacts"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "-n", "-C", str(FOLDER), "build-DependenciesLayer"]
    done = subprocess.run(
        command, env=environment | choice, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout
