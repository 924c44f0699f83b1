"""`outbound campaigns`: which campaigns the stack works for."""

from __future__ import annotations

import argparse
from typing import Any

from pydantic import ValidationError

from outbound.campaigns.registering import Registrar, Registration
from outbound.clock import format_time
from outbound.ops.printing import Output
from outbound.ops.refusals import named
from outbound.ops.stack import Stack
from outbound.store.registry import Campaign


def add_commands(groups: Any) -> None:
    """Add this group's commands to the parser."""
    commands = groups.add_parser("campaigns", help="register campaigns and see them").add_subparsers(
        required=True
    )

    register = commands.add_parser("register", help="pull a campaign's outcomes from now on, or change how")
    register.add_argument("campaign_id", metavar="ID", help="the campaign's id in CXone")
    register.add_argument("--name", help="what people call it (default: the id)")
    register.add_argument(
        "--outcome-codes", default="", metavar="A,B", help="only these codes (default: all)"
    )
    register.add_argument(
        "--page-size", type=int, default=1000, metavar="N", help="records a page, 1 to 5000"
    )
    register.add_argument(
        "--start", metavar="TIME", help="pull from here on, ISO 8601 with offset (default: 7 days ago)"
    )
    register.add_argument("--disabled", action="store_true", help="known, but not pulled")
    register.set_defaults(run=_register)

    commands.add_parser("list", help="the registered campaigns").set_defaults(run=_list)


def _register(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    try:
        registration = Registration(
            campaign_id=chosen.campaign_id,
            name=chosen.name or chosen.campaign_id,
            outcome_codes=[code.strip() for code in chosen.outcome_codes.split(",") if code.strip()],
            page_size=chosen.page_size,
            start=chosen.start,
            enabled=not chosen.disabled,
        )
    except ValidationError as error:
        raise ValueError(named(error)) from error
    revision = Registrar(stack.registry, stack.outbox, stack.tenant, stack.clock).register(registration)
    output.said(
        f"{chosen.campaign_id} is registered (revision {revision})",
        campaign_id=chosen.campaign_id,
        revision=revision,
    )


def _list(stack: Stack, _: argparse.Namespace, output: Output) -> None:
    rows = [_row(campaign) for campaign in stack.registry.all()]
    output.rows(rows, "no campaign is registered: outbound campaigns register ID")


def _row(campaign: Campaign) -> dict[str, Any]:
    return {
        "campaign_id": campaign.campaign_id,
        "name": campaign.name,
        "enabled": campaign.enabled,
        "outcome_codes": list(campaign.outcome_codes),
        "page_size": campaign.page_size,
        "planned_until": format_time(campaign.planned_until) if campaign.planned_until else None,
        "revision": campaign.revision,
    }
