"""`outbound compliance audit`: which calls were made that should not have been."""

from __future__ import annotations

import argparse
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from heapq import nlargest
from typing import Any

from outbound.call_audit.requests import LONGEST_AUDIT
from outbound.call_audit.tally import Tally, tally_of
from outbound.call_audit.windows import days_between, in_time_order, judged_prefix
from outbound.campaign_ids import is_campaign_id
from outbound.cli.arguments import add_limit
from outbound.cli.output import Output
from outbound.cli.stack import Stack
from outbound.cli.times import FORMS, moment
from outbound.clock import format_time, parse_time
from outbound.events import EventType, event_of_type

_NOT_ADVICE = "A call is held against rules as they were collected; that is not legal advice."


def add_audit_command(commands: Any) -> None:
    """Add the command to its group."""
    audit = commands.add_parser("audit", help="calls that should not have been made, newest first")
    audit.description = _NOT_ADVICE
    audit.add_argument("--from", dest="start", default="-7d", metavar="TIME", help=f"{FORMS} (default: -7d)")
    audit.add_argument("--to", dest="end", default="now", metavar="TIME", help="not included (default: now)")
    audit.add_argument("--campaign", default="", metavar="ID", help="of this campaign alone")
    audit.add_argument("--unjudged", action="store_true", help="list the calls, too, that cannot be judged")
    audit.add_argument(
        "--rejudge", action="store_true", help="judge the calls of the period again, by what is known now"
    )
    add_limit(audit, 100)
    audit.set_defaults(run=_audit)


def _audit(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    now = stack.clock.now().replace(microsecond=0)
    start, end = moment("--from", chosen.start, now), moment("--to", chosen.end, now)
    if not start < end <= start + LONGEST_AUDIT:
        raise ValueError(f"--to: has to be later than --from, by {LONGEST_AUDIT.days} days at most")
    if chosen.campaign and not is_campaign_id(chosen.campaign):
        raise ValueError("--campaign: use 1 to 64 letters, digits, '-' or '_'")
    if chosen.rejudge:
        _rejudge(stack, chosen.campaign, start, end, output)
    else:
        _show(stack, chosen, start, end, output)


def _rejudge(stack: Stack, campaign_id: str, start: datetime, end: datetime, output: Output) -> None:
    data = {"start": format_time(start), "end": format_time(end)}
    data |= {"campaign_id": campaign_id} if campaign_id else {}
    # Asking twice is two requests: each gets an id of its own.
    effect = [secrets.token_hex(16)]
    event = event_of_type(EventType.AUDIT_REQUESTED, stack.tenant, stack.clock.now(), effect, data)
    stack.bus.publish([event])
    which = campaign_id or "all campaigns"
    output.said(
        f"asked for the audit of {which} from {data['start']} to {data['end']}; request {event.event_id}",
        request_id=event.event_id,
        **data,
    )


def _show(stack: Stack, chosen: argparse.Namespace, start: datetime, end: datetime, output: Output) -> None:
    total, windows = Tally(), 0
    rows: list[dict[str, Any]] = []
    for result in _results(stack, chosen.campaign, start, end):
        windows += 1
        _add(total, tally_of(result["tally"]))
        listed = _listed(stack, result, start, end, chosen.unjudged)
        rows += nlargest(chosen.limit - len(rows), listed, key=_newest)
    rows.sort(key=_newest, reverse=True)
    counts = total.document()
    values = {"start": format_time(start), "end": format_time(end), "windows": windows, **counts}
    output.account(_sentence(values), "listed", [_row(row, chosen.unjudged) for row in rows], **values)


def _results(stack: Stack, campaign_id: str, start: datetime, end: datetime) -> Iterator[Mapping[str, Any]]:
    """Return what the windows of a period came to, newest first."""
    for day in reversed(list(days_between(start, end))):
        keys = list(stack.lake.keys(judged_prefix(day, campaign_id)))
        for key in reversed(in_time_order(keys, start, end)):
            if result := stack.lake.read_document(key):
                yield result


def _listed(
    stack: Stack, result: Mapping[str, Any], start: datetime, end: datetime, unjudged: bool
) -> Iterator[dict[str, Any]]:
    """Return the calls of a window that are to be listed; a window may reach beyond the period."""
    if not result["tally"]["violation"] and not unjudged:
        return
    for key in result["parts"]:
        for row in stack.lake.read_lines(key):
            wanted = unjudged or row["verdict"] == "violation"
            if wanted and start <= parse_time(row["started_at"]) < end:
                yield row


def _newest(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["started_at"], row["call_id"]


def _add(total: Tally, other: Tally) -> None:
    for name in ("verdicts", "violations", "not_proven"):
        counter: Counter[str] = getattr(total, name)
        counter.update(getattr(other, name))
    total.recorded_after += other.recorded_after


def _row(row: Mapping[str, Any], unjudged: bool) -> dict[str, Any]:
    shown = {
        "started_at": row["started_at"],
        "call_id": row["call_id"],
        "campaign_id": row["campaign_id"],
        "contact_id": row["contact_id"],
        **({"verdict": row["verdict"]} if unjudged else {}),
        "rule": [*row["violations"], *(row["not_proven"] if unjudged else ())],
        "rule_rows": row["rule_rows"],
        "citations": row["citations"],
        "recorded_after_the_call": row["recorded_after_the_call"],
    }
    return shown | {"why": row["reasons"]}


def _sentence(values: Mapping[str, Any]) -> str:
    period = f"from {values['start']} to {values['end']}"
    if not values["windows"]:
        return f"No calls {period} are judged; `--rejudge` has the pulled ones judged."
    lines = [
        f"{values['calls']} calls of {values['windows']} windows {period}: {values['clean']} clean,"
        f" {values['violation']} violations, {values['cannot_be_judged']} cannot be judged."
    ]
    for title, name in (("Violations", "by_violation"), ("Not to be judged", "by_reason")):
        if values[name]:
            listed = ", ".join(f"{count} {each}" for each, count in values[name].items())
            lines.append(f"{title}: {listed}.")
    if late := values["recorded_after_the_call"]:
        lines.append(f"{late} rest on a refusal that was recorded after the call.")
    return " ".join([*lines, _NOT_ADVICE])
