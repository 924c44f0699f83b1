"""`outbound dialer plan` and `apply`: what a rollout would change and come to, and asking for it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from outbound.cli.errors import REFUSED
from outbound.cli.json_files import json_object
from outbound.cli.layout import table
from outbound.cli.output import Output
from outbound.cli.rollout_requests import WAIT_SECONDS, request_rollout
from outbound.cli.stack import Stack
from outbound.cli.wait_option import add_wait
from outbound.clock import Deadline
from outbound.complaints import Complaint
from outbound.cxone.errors import CxoneError
from outbound.dialer.checks import messages
from outbound.dialer.configuration import read_canonical
from outbound.dialer.expectations import Expectation
from outbound.dialer.judge import judged_by_policies
from outbound.dialer.model.capacity import MEASURES
from outbound.dialer.model.estimates import Estimate
from outbound.dialer.plan import RolloutPlan, plan
from outbound.dialer.requests import InvalidRollout, is_rollout_id
from outbound.dialer.rollouts import Rollouts
from outbound.dialer.settings import DialerSettings
from outbound.settings import ConfigurationError

# What a look into CXone may take.
_SECONDS = 45.0
_OUT_OF_REACH = (BotoCoreError, ClientError, ConfigurationError, CxoneError)
_SHARES = ("abandonment", "occupancy", "trunk_use", "trunk_blocking")


def add_plan_commands(commands: Any) -> None:
    """Add these commands to their group."""
    planning = commands.add_parser("plan", help="what a rollout would change, and what the model expects")
    planning.description = "Changes nothing. Everything that is wrong with the document is named at once."
    planning.add_argument("file", type=Path, metavar="FILE", help="a JSON document; README has an example")
    planning.set_defaults(run=_plan)
    applying = commands.add_parser("apply", help="roll out settings: checked, activated, watched, guarded")
    applying.add_argument("file", type=Path, metavar="FILE", help="a JSON document, as of plan")
    applying.add_argument("--by", default="", metavar="WHO", help="who wants it, for the audit")
    add_wait(applying, "the settings are in force and verified, or why not", WAIT_SECONDS)
    applying.set_defaults(run=_apply)


def _plan(stack: Stack, chosen: argparse.Namespace, output: Output) -> int | None:
    document = json_object(chosen.file)
    configured = stack.documents.get("dialer", DialerSettings)
    in_force, why = _in_force(stack, document)
    planned = plan(document, configured, in_force, _snapshot(stack, document))
    if in_force is not None and planned.target is not None:
        planned, why = _with_policies(stack, planned, configured)
    answer = planned.as_document() | {"not_read": why or None}
    output.text("\n\n".join(_texts(planned, why)), answer)
    return REFUSED if planned.complaints else None


def _apply(stack: Stack, chosen: argparse.Namespace, output: Output) -> int | None:
    document = json_object(chosen.file)
    if chosen.by:
        document["requested_by"] = chosen.by
    try:
        return request_rollout(stack, document, output, chosen.wait)
    except InvalidRollout as invalid:
        raise ValueError(f"{chosen.file}: {messages(invalid.complaints)}") from None


def _in_force(stack: Stack, document: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, str]:
    """Return what is in force; None where CXone is out of reach, and why."""
    campaigns = document.get("campaigns")
    named = [each for each in campaigns if isinstance(each, str)] if isinstance(campaigns, list) else []
    try:
        port = stack.cxone.until(Deadline(stack.clock, _SECONDS)).dialer
        return port.settings(named).settings, ""
    except _OUT_OF_REACH as error:
        return None, f"what is in force could not be read: {error}"


def _with_policies(stack: Stack, planned: RolloutPlan, configured: DialerSettings) -> tuple[RolloutPlan, str]:
    """Return a plan with what CXone's policies say of it; as it was where they cannot be asked, and why."""
    try:
        port = stack.cxone.until(Deadline(stack.clock, _SECONDS)).dialer
        said = judged_by_policies(port, planned.target or {}, configured)
    except _OUT_OF_REACH as error:
        return planned, f"CXone's policies could not be asked: {error}"
    complaints, warnings = (*planned.complaints, *said.complaints), (*planned.warnings, *said.warnings)
    return replace(planned, complaints=complaints, warnings=warnings), ""


def _snapshot(stack: Stack, document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    restore = document.get("restore")
    rollout = Rollouts(stack.state, stack.tenant).get(str(restore)) if is_rollout_id(restore) else None
    return read_canonical(rollout.progress.snapshot) if rollout and rollout.progress.snapshot else None


def _texts(planned: RolloutPlan, why: str) -> list[str]:
    texts = [] if not why else [f"{why}. The plan goes without it."]
    if planned.complaints:
        texts.append(f"It would be refused:\n{_lines(planned.complaints)}")
    if planned.warnings:
        texts.append(f"Warnings:\n{_lines(planned.warnings)}")
    if planned.changes:
        texts.append(table([_change_row(each.as_document()) for each in planned.changes]))
    elif not why and not planned.complaints:
        texts.append("What it asks for is in force already.")
    if planned.after is not None:
        texts += [table(_expected_rows(planned.before, planned.after)), _assumed(planned.assumed)]
    return texts


def _lines(complaints: Sequence[Complaint]) -> str:
    return "\n".join(f"- {each}" for each in complaints)


def _change_row(change: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "field": change["field"],
        "before": change.get("before", "(not there)"),
        "after": change.get("after", "(not there)"),
    }


def _expected_rows(before: Expectation | None, after: Expectation) -> list[dict[str, Any]]:
    return [
        {
            "expected by the model": name.replace("_", " "),
            "before": _shown(name, before),
            "after": _shown(name, after),
        }
        for name in MEASURES
    ]


def _shown(name: str, expectation: Expectation | None) -> str:
    if expectation is None or expectation.capacity is None:
        return "not known" if expectation is None else expectation.reason
    estimate: Estimate = getattr(expectation.capacity, name)
    form = "{:.2%}" if name in _SHARES else "{:.2f}"
    mean, low, high = (form.format(value) for value in estimate)
    return f"{mean} ({low} to {high})"


def _assumed(assumed: Mapping[str, Any]) -> str:
    named = ", ".join(
        f"{name.replace('_', ' ')} {'not known' if value is None else format(value, 'g')}"
        for name, value in assumed.items()
    )
    return f"Intervals at 95 %. Assumed: {named}. Predictive dialling is simulated at its ratio."
