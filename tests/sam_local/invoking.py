"""`sam local invoke`, as a developer types it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.places import ROOT, SAM
from sam_local.docker import TARGET

EVENTS = ROOT / "events"

# A container starts within seconds; the first one builds an image of the layers.
_PATIENCE = 100
_OF_DOCKER = ("HOME", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG")
_FUNCTION = re.compile(
    r"^  (\w+):\n    Type: AWS::Serverless::Function\n(?:    .*\n|\n)*?      CodeUri: functions/(\w+)/",
    re.MULTILINE,
)


class Functions:
    """The functions of the template, with a file of their environments and the account to work in."""

    def __init__(self, environments: Path, account: Mapping[str, str]) -> None:
        self._options = sam_options(environments)
        self._environment = sam_environment(account)
        self._answers: dict[str, Any] = {}

    def answer(self, event: str) -> Any:
        """Return a function's answer to an event, such as "sweep/schedule"; it is invoked once for each."""
        if event not in self._answers:
            self._answers[event] = self._invoke(EVENTS / f"{event}.json")
        return self._answers[event]

    def _invoke(self, event: Path) -> Any:
        command = [SAM, "local", "invoke", logical_id(event.parent.name), "--event", event, *self._options]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        # Whatever the function prints is on stderr; the last line is its answer.
        answer = json.loads(done.stdout.strip().splitlines()[-1])
        assert "errorType" not in answer, f"{answer}\n{done.stderr[-4000:]}"
        return answer


def sam_options(environments: Path) -> list[str | Path]:
    """Return what `sam local` is told, whatever it runs: the functions' environments, and the target."""
    return ["--env-vars", environments, "--skip-pull-image", "--parameter-overrides", *TARGET]


def sam_environment(account: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of `sam local` itself: the account to work in, and where Docker is."""
    kept = {name: os.environ[name] for name in _OF_DOCKER if name in os.environ}
    return {**kept, **account, "SAM_CLI_TELEMETRY": "0"}


def logical_id(folder: str) -> str:
    """Return the name in the template of the (first) function with this folder."""
    found = _FUNCTION.findall((ROOT / "template.yaml").read_text())
    named = [logical for logical, code in found if code == folder]
    assert named, f"no function of the template has the folder functions/{folder}"
    return str(named[0])
