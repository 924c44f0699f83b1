"""`outbound dialer`: the dialer's settings, and a model of what they will do."""

from __future__ import annotations

from typing import Any

from outbound.cli.dialer_model import add_model_command
from outbound.cli.dialer_plan import add_plan_commands
from outbound.cli.dialer_reports import add_report_commands
from outbound.cli.dialer_rollouts import add_rollout_commands


def add_commands(groups: Any) -> None:
    """Add this group's commands to the parser."""
    commands = groups.add_parser(
        "dialer", help="dialer settings: planned, rolled out, rolled back; a model of what they do"
    ).add_subparsers(required=True)
    add_plan_commands(commands)
    add_rollout_commands(commands)
    add_model_command(commands)
    add_report_commands(commands)
