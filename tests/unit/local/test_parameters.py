"""Parameters of `make up` arrive at the template whole, blanks included: asked of sam's own reader."""

from __future__ import annotations

import json
import os
import shlex
import subprocess

import pytest

from local.deployment import override
from local.places import LOCAL

_READ = (
    "import json, sys; from samcli.cli.types import CfnParameterOverridesType as Type;"
    "print(json.dumps(Type().convert(tuple(sys.argv[1:]), None, None)))"
)


@pytest.mark.parametrize(
    "value",
    [
        "rate(5 minutes)",
        "cron(0 8 ? * MON-FRI *)",
        "",
        "10.0.0.0/8,192.0.2.1",
        'say "yes"',
        "it's",
        "a=b",
        "back\\slash",
    ],
)
def test_a_value_arrives_whole(value: str) -> None:
    arguments = [override("PullSchedule", value), override("Tenant", "main")]
    read = subprocess.run(
        [LOCAL / "sam" / "bin" / "python", "-c", _READ, *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(read.stdout) == {"PullSchedule": value, "Tenant": "main"}


def test_parameters_of_make_deploy_arrive_whole() -> None:
    given = 'AlarmEmail=ops@example.com PullSchedule="rate(5 minutes)"'
    shown = subprocess.run(
        ["make", "-n", "deploy", "STAGE=prod", f"PARAMETERS={given}"],
        cwd=LOCAL.parent,
        # The arguments of `make test` are not those of the deployment.
        env={
            name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "ARGS")
        },
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (line,) = (one for one in shown.replace("\\\n", " ").splitlines() if " deploy --config-env prod" in one)
    words = shlex.split(line)
    said = words[words.index("--parameter-overrides") + 1 :]
    read = subprocess.run(
        [LOCAL / "sam" / "bin" / "python", "-c", _READ, *said], capture_output=True, text=True, check=True
    )
    wanted = {"Stage": "prod", "AlarmEmail": "ops@example.com", "PullSchedule": "rate(5 minutes)"}
    assert wanted.items() <= json.loads(read.stdout).items()
