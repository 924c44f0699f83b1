"""Whether functions can be run in containers here, and what is missing if not."""

from __future__ import annotations

import shutil
import subprocess

from local.places import ROOT

IMAGE = "public.ecr.aws/lambda/python:3.13-x86_64"
TARGET = ("Runtime=python3.13", "Architecture=x86_64")
"""The template's parameters for that image."""

_PATIENCE = 30


def missing() -> str:
    """Say what to do before functions can be run in containers; empty if nothing."""
    if shutil.which("docker") is None:
        return "Docker is not installed: apt-get install docker.io, or https://docs.docker.com/get-docker"
    if not _succeeds("info"):
        return "no Docker engine is running: sudo systemctl start docker, or start Docker Desktop"
    if not _succeeds("image", "inspect", IMAGE):
        return f"AWS's image is not here: docker pull {IMAGE}"
    if not list((ROOT / ".aws-sam" / "build").glob("DependenciesLayer/python/**/*.cpython-313-x86_64-*.so")):
        return "nothing is built for this image: make build RUNTIME=python3.13 ARCHITECTURE=x86_64"
    return ""


def _succeeds(*arguments: str) -> bool:
    try:
        command = ["docker", *arguments]
        return subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False
