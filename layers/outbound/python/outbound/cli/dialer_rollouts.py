"""`outbound dialer rollouts`, `show` and `rollback`: what rollouts came to, and an earlier snapshot again."""

from __future__ import annotations

import argparse
from typing import Any

from outbound.cli.arguments import add_limit
from outbound.cli.output import Output
from outbound.cli.rollout_requests import WAIT_SECONDS, request_rollout
from outbound.cli.stack import Stack
from outbound.cli.wait_option import add_wait
from outbound.clock import format_time
from outbound.dialer.configuration import changes, read_canonical
from outbound.dialer.requests import is_rollout_id
from outbound.dialer.rollouts import Rollout, Rollouts


def add_rollout_commands(commands: Any) -> None:
    """Add these commands to their group."""
    listing = commands.add_parser("rollouts", help="rollouts of dialer settings, the latest first")
    add_limit(listing, 20)
    listing.set_defaults(run=_rollouts)
    show = commands.add_parser("show", help="how far a rollout is, or what it came to, and why")
    show.add_argument("rollout_id", metavar="ROLLOUT", nargs="?", help="default: the latest")
    show.set_defaults(run=_show)
    rollback = commands.add_parser("rollback", help="put in force again what was in force before a rollout")
    rollback.description = (
        "The rollout that has the dialer is undone by itself; of an earlier one the snapshot is rolled out"
        " like any other settings: checked, watched and guarded."
    )
    rollback.add_argument("rollout_id", metavar="ROLLOUT")
    rollback.add_argument("--reason", required=True, metavar="TEXT", help="why, for the audit")
    rollback.add_argument("--by", default="", metavar="WHO", help="who wants it, for the audit")
    add_wait(rollback, "what was in force before is so again, or why not", WAIT_SECONDS)
    rollback.set_defaults(run=_rollback)


def _rollouts(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    rows = [_row(each) for each in _ledger(stack).all(limit=chosen.limit)]
    output.rows(rows, "there was no rollout yet")


def _row(rollout: Rollout) -> dict[str, Any]:
    return {
        "rollout_id": rollout.rollout_id,
        "requested_at": format_time(rollout.requested_at),
        "stage": rollout.stage.value,
        "reason": rollout.reason,
        "requested_by": rollout.requested_by or None,
        "campaigns": list(rollout.campaigns),
    }


def _show(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    rollout = _found(stack, chosen.rollout_id)
    progress = rollout.progress
    output.record(
        {
            **_row(rollout),
            "finished_at": rollout.finished_at or None,
            "execution": rollout.execution,
            "why": progress.reason or progress.undo or None,
            "message": progress.message or progress.undo_message or None,
            "complaints": [_line(each) for each in progress.complaints],
            "warnings": [_line(each) for each in progress.warnings],
            "changes": _changes(rollout),
            "version_before": progress.snapshot_version or None,
            "version": progress.activation.version or None,
            "operation_id": progress.activation.operation_id or None,
            "version_of_rollback": progress.restoration.version or None,
            "version_found": progress.version_found or None,
            "snapshot": progress.snapshot_key or None,
            "activated_at": progress.activated_at or None,
            "override": rollout.override,
        }
    )


def _rollback(stack: Stack, chosen: argparse.Namespace, output: Output) -> int | None:
    rollout = _found(stack, chosen.rollout_id)
    if not (rollout.progress.snapshot or rollout.is_open):
        raise ValueError(f"the rollout {rollout.rollout_id} changed nothing: there is nothing to put back")
    data = {
        "restore": rollout.rollout_id,
        "campaigns": list(rollout.campaigns),
        "reason": chosen.reason,
        "requested_by": chosen.by or None,
    }
    given = {name: value for name, value in data.items() if value is not None}
    return request_rollout(stack, given, output, chosen.wait)


def _found(stack: Stack, rollout_id: str | None) -> Rollout:
    ledger = _ledger(stack)
    if rollout_id:
        rollout = ledger.get(rollout_id) if is_rollout_id(rollout_id) else None
    else:
        rollout = next(ledger.all(limit=1), None)
    if rollout is None:
        if rollout_id is None:
            raise ValueError("there was no rollout yet; see: outbound dialer rollouts")
        # A refused request leaves no rollout: its complaints are a fact.
        raise ValueError(
            f"there is no rollout {rollout_id}: it was refused (outbound problems says why), has not begun,"
            " or is misspelt; see: outbound dialer rollouts"
        )
    return rollout


def _line(complaint: Any) -> str:
    said = f"{complaint['field']}: {complaint['message']}" if complaint["field"] else complaint["message"]
    return f"{said} ({complaint['citation']})" if complaint["citation"] else str(said)


def _changes(rollout: Rollout) -> list[str]:
    progress = rollout.progress
    if not (progress.snapshot and progress.target):
        return []
    found = changes(read_canonical(progress.snapshot), read_canonical(progress.target))
    return [f"{each.field}: {each.before} -> {each.after}" for each in found]


def _ledger(stack: Stack) -> Rollouts:
    return Rollouts(stack.state, stack.tenant)
