"""What a check found: one thing of the stack, whether it is as it should be, and what to type if not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from outbound.cli.layout import to_type
from outbound.settings import ConfigurationError

State = Literal["ok", "note", "wrong", "unknown"]
"""`note` needs nothing done where the feature is not used; `unknown` is what could not be looked at."""

_ORDER: dict[State, int] = {"wrong": 0, "unknown": 1, "note": 2, "ok": 3}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    `fix` says what to do, a line a step: a command, or a sentence that may end with one behind a colon.
    """

    state: State
    check: str
    message: str = ""
    fix: str = ""

    def row(self) -> dict[str, Any]:
        """Return the finding for scripts."""
        return asdict(self)

    @property
    def bad(self) -> bool:
        """Return True if the operator has to do something."""
        return self.state in ("wrong", "unknown")


def safely(check: str, look: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """Yield what a look finds; one that AWS does not answer is itself a finding, and stops no other."""
    try:
        yield from look()
    except ConfigurationError as error:
        yield Finding("wrong", check, str(error))
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        yield Finding(
            "unknown",
            check,
            f"AWS refused {error.operation_name} ({code})",
            "use credentials that may do that; docs/deployment.md lists the operator's permissions",
        )
    except BotoCoreError as error:
        yield Finding("unknown", check, f"AWS did not answer ({type(error).__name__})", "try again")


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings with what is wrong first, otherwise in their order."""
    return sorted(findings, key=lambda finding: _ORDER[finding.state])


def text(findings: Iterable[Finding]) -> str:
    """Return findings for a person: a line each, and below it what to type."""
    lines = []
    for finding in findings:
        said = f": {finding.message}" if finding.message else ""
        lines.append(f"{finding.state:8}{finding.check}{said}")
        lines += _fix(finding) if finding.state != "ok" else []
    return "\n".join(lines)


def _fix(finding: Finding) -> Iterator[str]:
    """Yield what to do as sentences, and what to type as lines that stay whole."""
    for line in finding.fix.splitlines():
        sentence, command = to_type(line)
        if sentence:
            yield f"        -> {sentence}"
        if command:
            yield f"        $ {command}"


def put_secret(secret_id: str, *names: str) -> str:
    """Return the command that puts the value of a secret that is there."""
    return f"aws secretsmanager put-secret-value --secret-id {secret_id} --secret-string '{_value(names)}'"


def create_secret(name: str, *names: str) -> str:
    """Return the command that makes a secret with its value."""
    return f"aws secretsmanager create-secret --name {name} --secret-string '{_value(names)}'"


def _value(names: Iterable[str]) -> str:
    return json.dumps(dict.fromkeys(names, "..."))
