"""`outbound deliveries`: what destinations owe, and switching one on again."""

from __future__ import annotations

import argparse
from typing import Any

from outbound.cli.arguments import unknown
from outbound.cli.output import Output
from outbound.cli.stack import Stack
from outbound.deliveries.destinations import DestinationSwitch
from outbound.deliveries.ledger import parked_deliveries
from outbound.deliveries.settings import PACKAGED, DeliverySettings


def add_commands(groups: Any) -> None:
    """Add this group's commands to the parser."""
    commands = groups.add_parser("deliveries", help="see destinations and switch them on").add_subparsers(
        required=True
    )
    commands.add_parser("list", help="every destination and what is parked for it").set_defaults(run=_list)
    enable = commands.add_parser("enable", help="switch a destination on and send what was parked for it")
    enable.add_argument("destination")
    enable.set_defaults(run=_enable)


def _list(stack: Stack, _: argparse.Namespace, output: Output) -> None:
    settings = stack.documents.get("deliveries", DeliverySettings)
    output.rows([_row(stack, settings, name) for name in _names(settings)], "no destination is known")


def _row(stack: Stack, settings: DeliverySettings, name: str) -> dict[str, Any]:
    destination = settings.destination(name)
    return {
        "destination": name,
        "url": destination.url,
        "on": bool(destination.url) and not _switch(stack, name).is_off(),
        "parked": sum(1 for _ in parked_deliveries(stack.state, stack.tenant, name)),
        "event_types": list(destination.event_types),
    }


def _names(settings: DeliverySettings) -> list[str]:
    return sorted({*PACKAGED, *settings.destinations})


def _enable(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    settings = stack.documents.get("deliveries", DeliverySettings)
    names = _names(settings)
    if chosen.destination not in names:
        raise ValueError(unknown("destination", chosen.destination, names))
    if not settings.destination(chosen.destination).url:
        raise ValueError(
            f"{chosen.destination} has no url: put one into the settings first; use: outbound config put"
            " deliveries FILE"
        )
    sent = _switch(stack, chosen.destination).on()
    output.said(
        f"{chosen.destination} is on; {sent} parked deliveries are sent within a minute",
        destination=chosen.destination,
        brought_forward=sent,
    )


def _switch(stack: Stack, name: str) -> DestinationSwitch:
    return DestinationSwitch(name, stack.tenant, stack.state, stack.outbox, stack.clock)
