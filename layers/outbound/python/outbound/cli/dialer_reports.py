"""`outbound dialer reports` and `changes`: how far reports of the dialer are, and who else changed it."""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from outbound.cli.arguments import add_limit
from outbound.cli.output import Output
from outbound.cli.stack import Stack
from outbound.cli.times import FORMS, moment
from outbound.clock import format_time
from outbound.dialer.reports.changes import ChangesByOthers
from outbound.dialer.reports.watermarks import Watermark, Watermarks


def add_report_commands(commands: Any) -> None:
    """Add the commands to their group."""
    reports = commands.add_parser("reports", help="up to when each report is in the lake, and what failed")
    reports.set_defaults(run=_reports)
    changes = commands.add_parser("changes", help="who changed the dialer's settings beside this stack")
    changes.add_argument("--from", dest="start", default="-7d", metavar="TIME", help=f"{FORMS} (default -7d)")
    add_limit(changes, 50)
    changes.set_defaults(run=_changes)


def _reports(stack: Stack, _: argparse.Namespace, output: Output) -> None:
    now = stack.clock.now()
    rows = [_report(mark, now) for mark in Watermarks(stack.state, stack.tenant).all().values()]
    output.rows(rows, "no report was collected yet: the schedule does it, for campaigns that are registered")


def _report(mark: Watermark, now: datetime) -> dict[str, Any]:
    return {
        "report": "metrics" if mark.campaign_id else mark.report,
        "campaign": mark.campaign_id,
        "until": format_time(mark.until) if mark.until else None,
        "age_seconds": int((now - mark.reached).total_seconds()),
        "failed_at": format_time(mark.failed_at) if mark.failed_at else None,
        "failure": mark.failure,
    }


def _changes(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    now = stack.clock.now()
    start = moment("--from", chosen.start, now)
    # CXone's clock may be ahead of this one.
    found = ChangesByOthers.of(stack).between(start, now + timedelta(days=1))
    rows = [
        {
            "at": item["at"],
            "actor": item["actor"],
            "action": item["action"],
            "version": item["version"],
            "entry": item["entry_id"],
            "details": item["details"],
        }
        for item in islice(found, chosen.limit)
    ]
    output.rows(rows, f"no other party changed the dialer's settings since {format_time(start)}")
