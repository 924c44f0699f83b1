"""Arguments by which an operator says what a campaign's calls are for, and when they are made."""

from __future__ import annotations

import argparse
import re
from typing import Any

from outbound.calling.profile import DAYS
from outbound.cli.arguments import whole_number
from outbound.compliance.contact import Purpose

_HOURS = re.compile(
    r"\s*([a-z,\s-]+?)\s+(\d{1,2}:\d\d(?::\d\d)?)\s*-\s*(\d{1,2}:\d\d(?::\d\d)?)\s*", re.IGNORECASE
)


def add_calling(command: Any) -> None:
    """Let a command take what a campaign says of its calls."""
    command.add_argument("--purpose", choices=[each.value for each in Purpose], help="(telemarketing)")
    command.add_argument("--seller", metavar="NAME", help="on whose behalf is called")
    command.add_argument("--subject", metavar="TEXT", help="what is offered; caps are counted per subject")
    command.add_argument("--list", dest="contact_list_id", metavar="ID", help="the list that it dials")
    command.add_argument("--backup", metavar="ID", help="the campaign that takes over ('' for none)")
    command.add_argument(
        "--hours",
        metavar='"mon-fri 09:00-20:00"',
        help="by the called person's clock ('' for the law's alone)",
    )
    command.add_argument(
        "--time-zone",
        metavar="ZONE",
        help="whose clock the campaign dials by, like America/New_York ('' for unknown: no resume)",
    )
    command.add_argument(
        "--failover-threshold",
        metavar="SHARE",
        help="the success rate below which it gives way to its backup, like 0.15 ('' for the settings' own)",
    )
    most = {"metavar": "N", "type": whole_number}
    command.add_argument("--max-per-day", **most, help="calls to one person about one subject (0: no bound)")
    command.add_argument("--max-per-week", **most, help="likewise, in seven days")


def calling_of(chosen: argparse.Namespace) -> dict[str, Any]:
    """Return what is said of the calls, as fields of a calling profile; None gives a default back."""
    named = {
        "purpose": chosen.purpose,
        "seller": chosen.seller,
        "subject": chosen.subject,
        "contact_list_id": chosen.contact_list_id,
        "backup_campaign_id": chosen.backup,
        "time_zone": chosen.time_zone,
    }
    calling: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    if chosen.hours is not None:
        calling["hours"] = _hours(chosen.hours) if chosen.hours.strip() else None
    if chosen.failover_threshold is not None:
        calling["failover_threshold"] = _share(chosen.failover_threshold)
    most = {"per_day": chosen.max_per_day, "per_week": chosen.max_per_week}
    caps = {name: value or None for name, value in most.items() if value is not None}
    return calling | ({"caps": caps} if caps else {})


def _share(text: str) -> float | None:
    try:
        return float(text) if text.strip() else None
    except ValueError:
        raise ValueError("--failover-threshold: write a share between 0 and 1, like 0.15") from None


def _hours(text: str) -> dict[str, Any]:
    """Read hours like `mon-fri 09:00-20:00` or `mon,wed,sat 9:00-17:00`."""
    found = _HOURS.fullmatch(text)
    if not found:
        raise ValueError(f'--hours: {text!r} is not read; write days and hours like "mon-fri 09:00-20:00"')
    return {"days": _days(found[1]), "start": found[2], "end": found[3]}


def _days(text: str) -> list[str]:
    named: set[str] = set()
    for part in text.replace(",", " ").split():
        first, _, last = part.partition("-")
        start, end = _day(first), _day(last or first)
        # A week begins where it is said to: fri-mon is four days.
        named |= {DAYS[(start + number) % 7] for number in range((end - start) % 7 + 1)}
    return [day for day in DAYS if day in named]


def _day(text: str) -> int:
    short = text.strip().lower()[:3]
    if short not in DAYS:
        raise ValueError(f"--hours: {text!r} is not a day; write mon to sun")
    return DAYS.index(short)
