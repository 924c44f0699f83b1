"""How the operator's command takes its arguments, ends, and says that it cannot reach anything."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from outbound.cli.__main__ import main, parser
from outbound.cli.output import Output
from outbound.cli.stack import Stack, StackNotFound

# A process of its own, with a stack whose campaigns are one row: what a shell sees of a command.
PROGRAM = """
import sys
from outbound.cli import campaigns
from outbound.cli.__main__ import main
from outbound.cli.stack import Stack

Stack.named = classmethod(lambda cls, name: cls(name, {}, None))
def row(stack, chosen, output):
    output.rows([{"campaign": sys.argv[1]}], "none")
campaigns._list = row
sys.exit(main(["campaigns", "list"]))
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--json", "--stack", "b", "campaigns", "list"],
        ["campaigns", "--json", "--stack=b", "list"],
        ["campaigns", "list", "--stack", "b", "--json"],
    ],
)
def test_what_all_groups_take_may_stand_anywhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    def named(name: str) -> Stack:
        raise StackNotFound(f"there is no stack {name}")

    monkeypatch.setattr(Stack, "named", named)

    # What cannot be parsed raises SystemExit; this only finds no such stack.
    assert main(arguments) == 2
    assert capsys.readouterr().err == "outbound: there is no stack b\n"


def test_an_aws_that_is_not_there_has_refused_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)

    assert main(["campaigns", "list"]) == 1
    assert "cannot be reached" in capsys.readouterr().err


def test_an_interrupted_command_ends_quietly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(name: str) -> Stack:
        raise KeyboardInterrupt

    monkeypatch.setattr(Stack, "named", interrupted)

    assert main(["campaigns", "list"]) == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.slow
def test_ctrl_c_ends_a_process_quietly() -> None:
    waits = "    print('at work', flush=True)\n    import time; time.sleep(30)\n    output.rows"
    command = [sys.executable, "-c", PROGRAM.replace("    output.rows", waits), "c1"]
    with subprocess.Popen(
        command, env=_environment("utf-8"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"at work\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20) == (b"", b"")
    assert process.returncode == 130


def test_it_says_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("outbound ")


@pytest.mark.parametrize("option", ["--limit", "--most"])
@pytest.mark.parametrize("value", ["0", "-3", "many", "1.5"])
def test_a_limit_below_one_is_refused(capsys: pytest.CaptureFixture[str], option: str, value: str) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["queues", "dead", "PlanPulls", option, value])

    assert ended.value.code == 2
    assert "is not a whole number of at least 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["campagns", "list"], "there is no command 'campagns'; use campaigns; see: outbound --help"),
        (["xyz"], "there is no command 'xyz'; use one of check, status, campaigns, "),
        (["config", "get"], "there is no command 'get'; use one of show, schema, put; see: outbound config"),
        (
            ["config", "show", "crm"],
            "there is no capability 'crm'; use one of archiving, ",
        ),
        (
            ["webhooks", "replay", "--only", "lost"],
            "there is no --only 'lost'; use one of unmapped, ",
        ),
        (["campaigns", "register", "x", "--page-size", "many"], "--page-size: 'many' is not a whole number"),
    ],
)
def test_a_word_that_there_is_not_is_refused_in_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    shown = capsys.readouterr().err
    assert ended.value.code == 2
    assert shown.startswith("outbound: ")
    assert said in shown
    assert "invalid" not in shown
    assert "usage" not in shown
    assert shown.count("\n") == 1


@pytest.mark.parametrize("time", ["-30x", "-1.5h", "-7"])
def test_a_time_that_is_none_is_refused_with_the_forms_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], time: str
) -> None:
    _describe(monkeypatch, "CREATE_COMPLETE", {"Tenant": "acme", "StateTable": "t"})

    assert main(["problems", "--from", time]) == 2
    assert capsys.readouterr().err == (
        f"outbound: --from: {time!r} is not a time; write one like -1h, now or 2026-01-31T08:00:00Z;"
        " behind a whole number stands s, m, h, d or w\n"
    )


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("AWS_DEFAULT_REGION", "no AWS region is configured: set AWS_DEFAULT_REGION, or use: aws configure"),
        ("AWS_ACCESS_KEY_ID", "no AWS credentials are configured: use: aws configure, or aws sso login"),
        ("AWS_SECRET_ACCESS_KEY", "the AWS credentials are incomplete: use: aws configure"),
    ],
)
def test_an_aws_that_is_not_configured_is_said_to_be_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missing: str, said: str
) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "us-east-1")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    monkeypatch.delenv(missing)
    monkeypatch.delenv("AWS_REGION", raising=False)

    assert main(["campaigns", "list"]) == 1
    assert capsys.readouterr().err == f"outbound: {said}\n"


def test_a_profile_that_is_not_there_is_said_to_be_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)

    assert main(["campaigns", "list"]) == 1
    assert capsys.readouterr().err.startswith(
        "outbound: the profile that AWS_PROFILE names is not configured"
    )


def test_limit_and_its_older_spelling_are_one() -> None:
    assert parser().parse_args(["queues", "dead", "PlanPulls", "--most", "7"]).limit == 7
    assert parser().parse_args(["queues", "dead", "PlanPulls", "--limit", "7"]).limit == 7


def _describe(monkeypatch: pytest.MonkeyPatch, status: str, outputs: dict[str, str]) -> None:
    class Client:
        def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803
            found = [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()]
            return {"Stacks": [{"StackStatus": status, "Outputs": found}]}

    monkeypatch.setattr("outbound.cli.stack.boto3.client", lambda *_, **__: Client())


@pytest.mark.parametrize(
    ("status", "outputs", "said"),
    [
        ("CREATE_COMPLETE", {"Url": "x"}, "is not an outbound bridge; name one with --stack"),
        ("CREATE_IN_PROGRESS", {}, "is not ready (CREATE_IN_PROGRESS): try again"),
        ("ROLLBACK_COMPLETE", {}, "was not created (ROLLBACK_COMPLETE): delete it"),
        (
            "CREATE_COMPLETE",
            {"Tenant": "acme", "StateTable": "t"},
            "no output 'LakeBucket': deploy this version",
        ),
    ],
)
def test_a_stack_that_cannot_be_operated_is_said_to_be_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    status: str,
    outputs: dict[str, str],
    said: str,
) -> None:
    _describe(monkeypatch, status, outputs)

    code = main(["webhooks", "show", "some-id", "--stack", "theirs"])

    shown = capsys.readouterr().err
    assert said in shown
    assert (code, shown.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("a\r\nb\tc", "a\\r\\nb\\tc"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("half \ud800", "half \\ud800"),
        ("Müller 株式会社", "Müller 株式会社"),
    ],
)
def test_what_a_terminal_would_obey_is_shown_instead(
    capsys: pytest.CaptureFixture[str], sent: str, shown: str
) -> None:
    output = Output(as_json=False)
    output.rows([{"name": sent}], "none")
    output.said(sent)
    output.account(sent, "rows", [{"name": [sent]}])
    output.record({"name": sent, sent: [{sent: 1}]})
    output.blocks([], [[sent]], "none")

    assert capsys.readouterr().out.count(shown) == 8


def _environment(encoding: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parents[3] / "layers/outbound/python"),
        "PYTHONIOENCODING": encoding,
    }


def _process(name: str, encoding: str = "utf-8", **options: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", PROGRAM, name]
    return subprocess.run(command, env=_environment(encoding), stderr=subprocess.PIPE, check=False, **options)


@pytest.mark.slow
def test_a_name_that_the_terminal_cannot_show_is_written_as_its_number() -> None:
    done = _process("Müller", "ascii", stdout=subprocess.PIPE)

    assert (done.returncode, done.stderr) == (0, b"")
    assert b"M\\xfcller" in done.stdout


@pytest.mark.slow
def test_a_reader_that_is_gone_before_the_first_line_is_no_failure() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as gone:
        done = _process("c1", stdout=gone)

    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.slow
def test_an_output_that_takes_nothing_is_one_sentence() -> None:
    with Path("/dev/full").open("wb") as full:
        done = _process("c1", stdout=full)

    # Python itself tries once more when it ends, and says 120 then.
    assert done.returncode in (1, 120)
    assert b"outbound: the output: No space left on device" in done.stderr
