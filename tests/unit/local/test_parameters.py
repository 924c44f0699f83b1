"""Parameters of `make up` arrive at the template whole, blanks included: asked of sam's own reader."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys

import pytest

from local import parameters
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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("PullShedule=x", "the template has no parameter 'PullShedule'; use PullSchedule"),
        ("pullschedule=x", "the template has no parameter 'pullschedule'; use PullSchedule"),
        ("Stage=dev Zebra=1", "no parameter 'Zebra'; docs/deployment.md lists them"),
        ('ParameterKey=Alarmmail,ParameterValue="a b"', "no parameter 'Alarmmail'; use AlarmEmail"),
        ('AlarmEmail="ops@example.com', "PARAMETERS cannot be read"),
    ],
)
def test_a_parameter_that_the_template_does_not_have_is_refused(
    capsys: pytest.CaptureFixture[str], given: str, said: str
) -> None:
    assert parameters.main(given) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert shown.count("\n") == 1


@pytest.mark.slow
def test_parameters_that_the_template_has_are_taken(capsys: pytest.CaptureFixture[str]) -> None:
    assert parameters.main('AlarmEmail=ops@example.com PullSchedule="rate(5 minutes)"') == 0
    assert parameters.main("") == 0
    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_make_up_refuses_a_parameter_before_anything_starts() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "local", "up", "PullShedule=rate(5 minutes)"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "local: the template has no parameter 'PullShedule'; use PullSchedule\n"


def test_make_deploy_looks_at_parameters_before_it_builds() -> None:
    makefile = (LOCAL.parent / "Makefile").read_text()
    (targets,) = re.findall(r"^deploy: (.*?) ##", makefile, re.MULTILINE)
    assert targets.split().index("parameters") < targets.split().index("build")


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
