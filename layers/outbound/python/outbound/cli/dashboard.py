"""`outbound dashboard`: where the page of campaigns is, and its password."""

from __future__ import annotations

import argparse
from typing import Any

from outbound.cli.output import Output
from outbound.cli.stack import Stack
from outbound.dashboard.login import FIELD


def add_commands(groups: Any) -> None:
    """Add the command to the parser."""
    dashboard = groups.add_parser("dashboard", help="where the page of campaigns is, and its password")
    dashboard.add_argument("--password", action="store_true", help="print the password alone")
    dashboard.set_defaults(run=_show)


def _show(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    url, secret_id = stack.outputs["DashboardUrl"], stack.outputs["DashboardSecret"]
    if chosen.password:
        password = stack.secrets.current(secret_id).get(FIELD, "")
        if not password:
            raise ValueError(f"the secret {secret_id} has no {FIELD}: {_PUT.format(secret_id)}")
        output.text(password, {"password": password})
        return
    sentences = (
        f"The page of campaigns: {url}\nThe user's name may be any; the password is the {FIELD} of the secret"
        f" {secret_id}, which `outbound dashboard --password` prints."
    )
    output.text(sentences, {"url": url, "secret": secret_id, "field": FIELD})


_PUT = 'aws secretsmanager put-secret-value --secret-id {} --secret-string \'{{"token": "..."}}\''
