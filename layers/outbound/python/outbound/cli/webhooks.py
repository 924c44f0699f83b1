"""`outbound webhooks`: the deliveries that were received, and sending kept ones through the mapping again."""

from __future__ import annotations

import argparse
import json
import secrets
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from outbound.cli.arguments import add_limit
from outbound.cli.output import Output
from outbound.cli.stack import Stack
from outbound.cli.subscriptions import add_register
from outbound.cli.times import FORMS, moment
from outbound.clock import format_time
from outbound.logs import masked
from outbound.webhooks.delivery import Delivery
from outbound.webhooks.reader import Contents, read
from outbound.webhooks.replay import KeptDelivery
from outbound.webhooks.settings import CXONE, Providers

_COUNTS = ("events", "unmapped", "rejected", "own")


def add_commands(groups: Any) -> None:
    """Add this group's commands to the parser."""
    commands = groups.add_parser("webhooks", help="register, see and replay webhooks").add_subparsers(
        required=True
    )
    add_register(commands)
    listing = commands.add_parser(
        "list", help="the webhooks of a time, newest first, and what became of each"
    )
    _add_range(listing, "-1d", "now")
    add_limit(listing, 100)
    listing.set_defaults(run=_list)

    show = commands.add_parser("show", help="one webhook as it was received, and what became of it")
    show.add_argument("delivery_id", metavar="ID")
    show.add_argument("--plain", action="store_true", help="personal data too, which is masked otherwise")
    show.set_defaults(run=_show)

    replay = commands.add_parser("replay", help="send kept webhooks through the mapping again")
    replay.add_argument("delivery_ids", nargs="*", metavar="ID", help="these, or those of a time")
    _add_range(replay, None, None)
    replay.add_argument("--only", choices=["unmapped", "rejected"], help="only those with such parts")
    replay.add_argument("--dry-run", action="store_true", help="only show what would be sent and come of it")
    replay.set_defaults(run=_replay)


def _add_range(command: Any, start: str | None, end: str | None) -> None:
    default = f" (default: {start})" if start else ""
    command.add_argument("--from", dest="start", default=start, metavar="TIME", help=f"{FORMS}{default}")
    default = f" (default: {end})" if end else ""
    command.add_argument("--to", dest="end", default=end, metavar="TIME", help=f"not included{default}")
    command.add_argument("--provider", default="", metavar="NAME", help="of this provider only")


def _list(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    found = islice(stack.replays.latest(*_range(stack, chosen), chosen.provider), chosen.limit)
    newest_first = sorted(found, key=lambda kept: kept.delivery.received_at, reverse=True)
    output.rows(
        [_row(kept) for kept in newest_first],
        "no webhooks were received in this time; what comes now is listed within seconds",
    )


def _row(kept: KeptDelivery) -> dict[str, Any]:
    return {
        "received_at": format_time(kept.delivery.received_at),
        "provider": kept.delivery.provider,
        "delivery_id": kept.delivery.delivery_id,
        "outcome": kept.became.get("outcome"),
        **{name: kept.became.get(name) for name in _COUNTS},
        "bytes": len(kept.delivery.body),
    }


def _show(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    kept = _named(stack, chosen.delivery_id)
    body = _readable(kept.delivery.body)
    output.record(
        {
            **_row(kept),
            "raw": kept.became.get("raw"),
            "path": kept.delivery.path,
            "headers": dict(kept.delivery.headers),
            "body": body if chosen.plain else masked(body),
        }
    )


def _readable(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")


def _replay(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    found = (kept for kept in _chosen(stack, chosen) if not chosen.only or kept.became.get(chosen.only))
    if chosen.dry_run:
        output.rows([_foreseen(stack, kept.delivery) for kept in found], "nothing would be sent")
        return
    run, sent = secrets.token_hex(8), 0
    for kept in found:
        stack.replays.send(kept.delivery, run)
        sent += 1
    output.said(f"{sent} webhooks were sent again; run {run}", run=run, replayed=sent)


def _chosen(stack: Stack, chosen: argparse.Namespace) -> Iterator[KeptDelivery]:
    if bool(chosen.delivery_ids) == bool(chosen.start or chosen.end):
        raise ValueError("name webhooks by their ids, or by --from and --to")
    if chosen.delivery_ids:
        # Looked up before the first is sent: a misspelt id sends none.
        return iter([_named(stack, delivery_id) for delivery_id in chosen.delivery_ids])
    return stack.replays.between(*_range(stack, chosen), chosen.provider)


def _foreseen(stack: Stack, delivery: Delivery) -> dict[str, Any]:
    """What today's mapping makes of a delivery."""
    contents = read(delivery, _provider(stack, delivery.provider), stack.tenant)
    return {
        "received_at": format_time(delivery.received_at),
        "provider": delivery.provider,
        "delivery_id": delivery.delivery_id,
        "events": sorted({event.event_type for event in contents.opt_outs + contents.events}),
        "unmapped": len(contents.unmapped),
        "rejected": len(contents.rejections),
        "own": contents.own,
        "why": _why(contents),
    }


def _provider(stack: Stack, name: str) -> Any:
    settings = stack.documents.get("ingress", Providers)
    return settings.cxone if name == CXONE else settings.crm(name)


def _why(contents: Contents) -> str:
    wrong = [f"{name}: {why}" for each in contents.rejections[:1] for name, why in each.fields.items()]
    return "; ".join(wrong) or contents.unmapped_because


def _named(stack: Stack, delivery_id: str) -> KeptDelivery:
    kept = stack.replays.named(delivery_id)
    if kept is None:
        raise ValueError(f"no webhook {delivery_id} is kept")
    return kept


def _range(stack: Stack, chosen: argparse.Namespace) -> tuple[datetime, datetime]:
    now = stack.clock.now()
    start, end = _time("--from", chosen.start, now), _time("--to", chosen.end, now)
    if start >= end:
        raise ValueError("--to: has to be later than --from")
    return start, end


def _time(option: str, text: str | None, now: datetime) -> datetime:
    if not text:
        raise ValueError(f"{option}: is needed; a range has both ends")
    return moment(option, text, now)
