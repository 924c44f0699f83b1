"""`outbound webhooks register`: CXone sends its webhooks to this stack."""

from __future__ import annotations

import argparse
import json
from typing import Any

import boto3
from botocore.config import Config

from outbound.cli.output import Output
from outbound.cli.stack import Stack

# The function has two minutes; asked twice, it would find its own other run busy.
_PATIENT = Config(connect_timeout=2, read_timeout=150, retries={"mode": "standard", "total_max_attempts": 1})
_GOOD = ("unchanged", "registered", "replaced", "cleared")


def add_register(commands: Any) -> None:
    """Add the command to its group."""
    register = commands.add_parser("register", help="let CXone send its webhooks here, each once")
    register.add_argument(
        "--again", action="store_true", help="write them anew, also where they seem to be as wanted"
    )
    register.set_defaults(run=_register)


def _register(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    outcomes = _invoke(f"{stack.stack_name}-register-webhooks", {"again": chosen.again})
    output.rows(outcomes, "there was nothing to register")
    if wrong := [f"{one['name']}: {one['message']}" for one in outcomes if one["outcome"] not in _GOOD]:
        raise ValueError("; ".join(wrong))


def _invoke(function: str, event: dict[str, Any]) -> list[dict[str, str]]:
    client = boto3.client("lambda", config=_PATIENT)
    answer = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
    body = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        raise ValueError(f"{function} failed: {body.get('errorMessage', 'look into its log')}")
    webhooks: list[dict[str, str]] = body["webhooks"]
    return webhooks
