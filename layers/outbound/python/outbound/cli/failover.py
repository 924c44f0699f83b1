"""`outbound failover`: whether campaigns give way to their backups, and keeping that from happening."""

from __future__ import annotations

import argparse
from typing import Any

from outbound.campaign_ids import is_campaign_id
from outbound.campaign_records.health_records import HealthRecords
from outbound.campaign_records.switches import FailoverRecord, PersonsHold, Switches, SwitchRecord
from outbound.cli.output import Output
from outbound.cli.stack import Stack
from outbound.clock import format_time
from outbound.events.requests.steering import LONGEST_REASON, LONGEST_REQUESTER
from outbound.store.table import Item


def add_commands(groups: Any) -> None:
    """Add this module's commands."""
    commands = groups.add_parser("failover", help="see and hold how campaigns give way to backups")
    commands = commands.add_subparsers(dest="command", required=True, metavar="COMMAND")
    show = commands.add_parser("show", help="how the failover of campaigns stands, and why there is none")
    show.add_argument("campaign_id", metavar="ID", nargs="?", default="", help="of this campaign alone")
    show.set_defaults(run=_show)
    for name, text, run in (
        ("hold", "let no failover and no fail-back of a campaign begin; one under way is completed", _hold),
        ("release", "let failovers of a campaign begin again", _release),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("campaign_id", metavar="ID", help="the campaign that has a backup")
        command.add_argument("--reason", required=True, metavar="TEXT", help="why, for the audit")
        command.add_argument(
            "--by", default="operator", metavar="ROLE", help="who: a role, no name (operator)"
        )
        command.set_defaults(run=run)


def _show(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    kept = {each.primary_id: each for each in _switches(stack).all()}
    if chosen.campaign_id:
        _check(stack, chosen.campaign_id)
        record = kept.get(chosen.campaign_id) or FailoverRecord(chosen.campaign_id)
        output.record(_details(stack, record))
        return
    have_backups = {
        each.campaign_id for each in stack.registry.all() if each.calling.get("backup_campaign_id")
    }
    rows = [_row(stack, kept.get(each) or FailoverRecord(each)) for each in sorted({*have_backups, *kept})]
    output.rows(rows, "no campaign has a backup: outbound campaigns register ID --backup ID")


def _hold(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    campaign_id = chosen.campaign_id
    _check(stack, campaign_id)
    hold = PersonsHold(_role(chosen), stack.clock.now(), _reason(chosen))
    placed = _published(stack, campaign_id, _switches(stack).hold(campaign_id, hold))
    how = "is held from now on" if placed else "was held already"
    output.said(
        f"the failover of {campaign_id} {how}; end that by: outbound failover release {campaign_id}",
        campaign_id=campaign_id,
        held=True,
        changed=placed,
    )


def _release(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    campaign_id = chosen.campaign_id
    item = _switches(stack).release(campaign_id, _role(chosen), _reason(chosen), stack.clock.now())
    released = _published(stack, campaign_id, item)
    how = "may happen again" if released else "was not held"
    output.said(f"the failover of {campaign_id} {how}", campaign_id=campaign_id, held=False, changed=released)


def _reason(chosen: argparse.Namespace) -> str:
    reason = str(chosen.reason).strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise ValueError(f"--reason: a text of up to {LONGEST_REASON} characters")
    return reason


def _role(chosen: argparse.Namespace) -> str:
    role = str(chosen.by).strip()
    if not 0 < len(role) <= LONGEST_REQUESTER:
        raise ValueError(f"--by: a role in up to {LONGEST_REQUESTER} characters")
    return role


def _published(stack: Stack, campaign_id: str, item: Item | None) -> bool:
    """Publish the fact of what was changed; return False where nothing was."""
    if item is None:
        return False
    stack.outbox.publish_or_leave(_switches(stack).key(campaign_id), item)
    return True


def _switches(stack: Stack) -> Switches:
    return Switches(stack.state, stack.tenant)


def _check(stack: Stack, campaign_id: str) -> None:
    """Refuse a campaign that has no failover to be seen or held."""
    if not is_campaign_id(campaign_id):
        raise ValueError(
            f"{campaign_id!r} is not the id of a campaign; `outbound campaigns list` has the ids"
        )
    campaign = stack.registry.get(campaign_id)
    if campaign is None or not campaign.calling.get("backup_campaign_id"):
        raise ValueError(
            f"{campaign_id} is not registered with a backup; use:"
            f" outbound campaigns register {campaign_id} --backup ID"
        )


def _row(stack: Stack, record: FailoverRecord) -> dict[str, Any]:
    health = HealthRecords(stack.state, stack.tenant).get(record.primary_id)
    view = health.failover if health else None
    return {
        "campaign_id": record.primary_id,
        "backup_campaign_id": _backup_of(stack, record.primary_id),
        "reasons": list(view.reasons) if view else [],
        "held": record.hold is not None,
        **_last(record.last),
    }


def _details(stack: Stack, record: FailoverRecord) -> dict[str, Any]:
    hold = record.hold
    return {
        **_row(stack, record),
        "hold": {"by": hold.by, "since": format_time(hold.since), "reason": hold.reason} if hold else None,
        "refusals": list(record.last.refusals) if record.last else [],
        "evidence": record.last.evidence if record.last else None,
    }


def _last(last: SwitchRecord | None) -> dict[str, Any]:
    return {
        "last": last.switch.direction.value if last else None,
        "decided_at": format_time(last.switch.decided_at) if last else None,
        "end": (last.ended.value if last.ended else "under_way") if last else None,
    }


def _backup_of(stack: Stack, campaign_id: str) -> str | None:
    campaign = stack.registry.get(campaign_id)
    return campaign.calling.get("backup_campaign_id") if campaign else None
