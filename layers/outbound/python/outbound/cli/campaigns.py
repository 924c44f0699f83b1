"""`outbound campaigns`: which campaigns the stack works for."""

from __future__ import annotations

import argparse
from typing import Any

from pydantic import ValidationError

from outbound.campaigns.lookups import backup_chain
from outbound.campaigns.registration import Registrar
from outbound.cli.arguments import whole_number
from outbound.cli.calling_arguments import add_calling, calling_of
from outbound.cli.campaign_health import add_health
from outbound.cli.output import Output
from outbound.cli.preview import add_preview
from outbound.cli.provisioning import add_provisioning
from outbound.cli.refusals import named
from outbound.cli.stack import Stack
from outbound.cli.steering import add_steering
from outbound.cli.times import moment
from outbound.clock import format_time
from outbound.outcomes.query import check_codes, retained_since
from outbound.outcomes.settings import OutcomeSettings
from outbound.store.registry import Campaign


def add_commands(groups: Any) -> None:
    """Add this group's commands to the parser."""
    commands = groups.add_parser("campaigns", help="register campaigns and see them").add_subparsers(
        required=True
    )

    register = commands.add_parser("register", help="pull a campaign's outcomes from now on, or change how")
    register.description = "Registering again changes what is said and leaves the rest."
    register.add_argument("campaign_id", metavar="ID", help="the campaign's id in CXone")
    register.add_argument("--name", help="what people call it (default: the id)")
    register.add_argument("--outcome-codes", metavar="A,B", help="only these codes ('' for all, the default)")
    register.add_argument(
        "--page-size", type=whole_number, metavar="N", help="records a page, to 5000 (1000)"
    )
    register.add_argument(
        "--start", metavar="TIME", help="pull from here on, like -30d or 2026-01-31T08:00:00Z (default: -7d)"
    )
    register.add_argument("--disabled", action="store_true", help="known, but not pulled")
    add_calling(register)
    register.set_defaults(run=_register)

    for name, text, run in (
        ("enable", "pull a campaign again, from where it was left", _enable),
        ("disable", "keep a campaign, but plan no pulls of it", _disable),
        ("remove", "forget a campaign; what was pulled of it stays", _remove),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("campaign_id", metavar="ID")
        command.set_defaults(run=run)

    add_provisioning(commands)
    add_steering(commands)
    add_health(commands)
    add_preview(commands)
    commands.add_parser("list", help="the registered campaigns").set_defaults(run=_list)


def _register(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    changes: dict[str, Any] = {}
    if chosen.name is not None:
        changes["name"] = chosen.name or chosen.campaign_id
    if chosen.outcome_codes is not None:
        changes["outcome_codes"] = [code.strip() for code in chosen.outcome_codes.split(",") if code.strip()]
    if chosen.page_size is not None:
        changes["page_size"] = chosen.page_size
    if chosen.start is not None:
        changes["start"] = moment("--start", chosen.start, stack.clock.now())
    if chosen.disabled:
        changes["enabled"] = False
    if calling := calling_of(chosen):
        _check_backup(stack, chosen.campaign_id, calling.get("backup_campaign_id"))
        changes["calling"] = calling
    _check(stack, chosen.campaign_id, changes)
    revision = _changed(stack, chosen.campaign_id, changes, new=True)
    output.said(
        f"{chosen.campaign_id} is registered (revision {revision})",
        campaign_id=chosen.campaign_id,
        revision=revision,
    )


def _check(stack: Stack, campaign_id: str, changes: dict[str, Any]) -> None:
    """Refuse what every pull would be refused for, now and not at night."""
    settings = stack.documents.get("outcomes", OutcomeSettings)
    check_codes(changes.get("outcome_codes", []), settings)
    start, oldest = changes.get("start"), retained_since(settings, stack.clock.now())
    if start is None or start >= oldest:
        return
    known = stack.registry.get(campaign_id)
    # A script that registers its campaigns every day may go on saying when they began.
    if known is None or known.start != start.replace(microsecond=0):
        raise ValueError(
            f"start: {format_time(start)} is older than the {settings.retention_days} days that CXone keeps;"
            f" use {format_time(oldest)} or later"
        )


def _check_backup(stack: Stack, campaign_id: str, backup: str | None) -> None:
    """Refuse a backup that this campaign backs itself, at once or by way of others."""
    if backup and campaign_id in (backup, *(chain := backup_chain(stack.registry, backup))):
        if backup == campaign_id:
            raise ValueError("--backup: is the campaign itself; a backup is another one")
        circle = " -> ".join([campaign_id, backup, *chain])
        raise ValueError(f"--backup: leads in a circle: {circle}; nothing would take over")


def _enable(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    revision = _changed(stack, chosen.campaign_id, {"enabled": True}, new=False)
    said = f"{chosen.campaign_id} is enabled; the schedule's next tick goes on where it was left"
    output.said(said, campaign_id=chosen.campaign_id, enabled=True, revision=revision)


def _disable(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    revision = _changed(stack, chosen.campaign_id, {"enabled": False}, new=False)
    said = f"{chosen.campaign_id} is disabled; pulls that are planned already still run"
    output.said(said, campaign_id=chosen.campaign_id, enabled=False, revision=revision)


def _remove(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    _registrar(stack).remove(chosen.campaign_id)
    output.said(f"{chosen.campaign_id} is removed", campaign_id=chosen.campaign_id, removed=True)


def _changed(stack: Stack, campaign_id: str, changes: dict[str, Any], *, new: bool) -> int:
    try:
        return _registrar(stack).change(campaign_id, changes, new=new)
    except ValidationError as error:
        raise ValueError(named(error)) from error


def _registrar(stack: Stack) -> Registrar:
    return Registrar(stack.registry, stack.outbox, stack.tenant, stack.clock)


def _list(stack: Stack, _: argparse.Namespace, output: Output) -> None:
    rows = [_row(campaign) for campaign in stack.registry.all()]
    output.rows(rows, "no campaign is registered: outbound campaigns register ID")


def _row(campaign: Campaign) -> dict[str, Any]:
    return {
        "campaign_id": campaign.campaign_id,
        "name": campaign.name,
        "purpose": campaign.calling.get("purpose"),
        "enabled": campaign.enabled,
        "outcome_codes": list(campaign.outcome_codes),
        "page_size": campaign.page_size,
        "start": format_time(campaign.start) if campaign.start else None,
        "planned_until": format_time(campaign.planned_until) if campaign.planned_until else None,
        "revision": campaign.revision,
    }
