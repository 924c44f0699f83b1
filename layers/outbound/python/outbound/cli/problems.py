"""`outbound problems`: what was refused or went wrong lately, what it concerns, and what to type."""

from __future__ import annotations

import argparse
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from shlex import quote
from typing import Any

from outbound.cli.arguments import add_limit
from outbound.cli.output import Output
from outbound.cli.queues import dead_letters
from outbound.cli.stack import Stack
from outbound.cli.times import FORMS, moment
from outbound.clock import format_time
from outbound.problems.log import Problem, ProblemLog

_SHOW_WEBHOOK = ("webhooks show {delivery_id}", "webhooks replay {delivery_id} --dry-run")
_SHOW_ARCHIVE = ("archive show {campaign_id}",)
_SHOW_GAPS = ("outcomes gaps {campaign_id}",)
_SHOW_ROLLOUT = ("dialer show {rollout_id}",)

# What each type of problem concerns, why it is one, and what to type; by how it ended, where that differs.
_EXPLAINED: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "consent.rejected": (
        "contact {contact_id}",
        "{field}: {reason}",
        ("webhooks show {correlation_id}",),
    ),
    "consent.file_finished": (
        "file {file}",
        "{reason}: {message}",
        ("consent report {file_id}", "consent import {file_name}"),
    ),
    "consent.file_finished.finished": (
        "file {file}",
        "{failed} of {rows} rows are not recorded",
        ("consent report {file_id}",),
    ),
    "webhook.rejected": (
        "delivery {delivery_id} of {provider}",
        "{count} parts are invalid; the first: {reason}",
        _SHOW_WEBHOOK,
    ),
    "webhook.unmapped": (
        "delivery {delivery_id} of {provider}",
        "{count} parts are not understood: {reason}",
        _SHOW_WEBHOOK,
    ),
    "disposition.rejected": (
        "contact {contact_id} of campaign {campaign_id}",
        "{reason} {field}: {message}",
        ("dispositions show {correlation_id} {request_id}",),
    ),
    "disposition.file_finished": (
        "file {file}",
        "{reason}: {message}",
        ("dispositions files", "dispositions put {file_name}"),
    ),
    "disposition.file_finished.finished": (
        "file {file}",
        "{failed} of {rows} rows were rejected",
        ("dispositions show {correlation_id}",),
    ),
    "archive.rejected": ("campaign {campaign_id}", "{reason} {field}: {message}", _SHOW_ARCHIVE),
    "campaign.provision_rejected": (
        "campaign {key}",
        "{reason}: {message}",
        ("campaigns provision FILE --dry-run",),
    ),
    "campaign.transition_refused": (
        "campaign {campaign_id}",
        "{message}",
        ("campaigns show {campaign_id}",),
    ),
    "campaign.failover_failed": (
        "campaign {campaign_id}",
        "the {direction} was not completed: {reason}",
        ("failover show {campaign_id}",),
    ),
    "dialer.rollout_refused": (
        "rollout {rollout_id}, request {request_id}",
        "{reason}: {message}",
        ("dialer rollouts", "dialer plan FILE"),
    ),
    "dialer.rolled_back": ("rollout {rollout_id}", "{reason}: {message}", _SHOW_ROLLOUT),
    "dialer.rollout_failed": (
        "rollout {rollout_id}",
        "{reason}: {message}",
        (*_SHOW_ROLLOUT, "dialer rollback {rollout_id} --reason TEXT"),
    ),
    "archive.interrupted": (
        "campaign {campaign_id}, run {run_id}",
        "its execution ended: {status}",
        (*_SHOW_ARCHIVE, "archive resume {campaign_id}"),
    ),
    "archive.finished": (
        "campaign {campaign_id}, run {run_id}",
        "{status}: {reason} {message}",
        _SHOW_ARCHIVE,
    ),
    "campaign.segment_failed": (
        "campaign {campaign_id}",
        "{reason} {field}: {message}",
        ("campaigns preview {campaign_id}",),
    ),
    "outcomes.pull_failed": ("campaign {campaign_id}", "{reason}: {message}", _SHOW_GAPS),
    "outcomes.coverage_lost": (
        "campaign {campaign_id}",
        "{start} to {end} left CXone's retention before it was pulled",
        _SHOW_GAPS,
    ),
    "calls.audited": (
        "campaign {campaign_id}, calls from {start} to {end}",
        "{new_violations} calls should not have been made",
        ("compliance audit --campaign {campaign_id} --from {start} --to {end}",),
    ),
    "dialer.changed_by_others": (
        "the dialer's settings",
        "they were changed by another party; {message}",
        ("dialer changes",),
    ),
    "delivery.dead_lettered": (
        "event {event_id} ({event_type}) for {destination}",
        "{reason}",
        ("queues dead {queue}", "queues redrive {queue}"),
    ),
    "destination.disabled": (
        "destination {destination}",
        "it answered 410 Gone",
        ("deliveries enable {destination}",),
    ),
}


def add_commands(groups: Any) -> None:
    """Add this command to the parser."""
    command = groups.add_parser("problems", help="what was refused or went wrong lately, and what to type")
    command.add_argument("--from", dest="start", default="-7d", metavar="TIME", help=f"{FORMS} (default -7d)")
    command.add_argument("--to", dest="end", metavar="TIME", help=f"{FORMS} (default now)")
    add_limit(command, 50)
    command.set_defaults(run=_problems)


def _problems(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    start, end = _range(stack, chosen)
    rows = [*_dead_letters(stack), *islice(_recorded(stack, start, end), chosen.limit)]
    output.blocks(rows, [_entry(row) for row in rows], f"nothing went wrong since {format_time(start)}")


def _range(stack: Stack, chosen: argparse.Namespace) -> tuple[datetime, datetime]:
    now = stack.clock.now()
    # What occurs while the command runs is shown too.
    end = moment("--to", chosen.end, now) if chosen.end else now + timedelta(minutes=1)
    start = moment("--from", chosen.start, now)
    if start >= end:
        raise ValueError("--to: has to be later than --from")
    return start, end


def _dead_letters(stack: Stack) -> Iterator[dict[str, Any]]:
    """Return what lies in dead-letter queues now, whenever it died."""
    for name, count in dead_letters(stack).items():
        if count:
            yield {
                "occurred_at": None,
                "problem": "dead_letters",
                "concerns": f"queue {name}",
                "why": f"{count} messages were given up and wait for you",
                "do": [_command(stack, f"queues {what} {name}") for what in ("dead", "redrive")],
            }


def _recorded(stack: Stack, start: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    log = ProblemLog(stack.state, stack.tenant, stack.clock)
    return (_row(stack, problem) for problem in log.between(start, end))


def _row(stack: Stack, problem: Problem) -> dict[str, Any]:
    ended = f"{problem.event_type}.{problem.data.get('status')}"
    unknown = ("{correlation_id}", "{reason}", ())
    concerns, why, commands = _EXPLAINED.get(ended) or _EXPLAINED.get(problem.event_type, unknown)
    values = _values(problem)
    # Ids are what senders made them: typed into a shell each is one word and nothing else.
    words = defaultdict(lambda: "-", {name: quote(str(value)) for name, value in values.items()})
    return {
        "occurred_at": format_time(problem.occurred_at),
        "problem": problem.event_type,
        "concerns": concerns.format_map(values),
        "why": " ".join(why.format_map(values).replace(" -:", ":").split()),
        "do": [_command(stack, command.format_map(words)) for command in commands],
        "correlation_id": problem.correlation_id,
        "event_id": problem.event_id,
    }


def _values(problem: Problem) -> Mapping[str, Any]:
    known = {name: value for name, value in problem.data.items() if value not in ("", None)}
    return defaultdict(
        lambda: "-",
        {
            **known,
            "correlation_id": problem.correlation_id,
            "file_name": str(known.get("file", "-")).rpartition("/")[2],
            # As the template names the queue of a destination.
            "queue": f"Deliver{str(known.get('destination', '-')).title()}",
        },
    )


def _command(stack: Stack, command: str) -> str:
    named = stack.stack_name == os.environ.get("OUTBOUND_STACK", "outbound-bridge")
    return f"outbound {command}" if named else f"outbound --stack {quote(stack.stack_name)} {command}"


def _entry(row: Mapping[str, Any]) -> list[str]:
    """Return a problem as lines: headline, reason, commands."""
    head = f"{row['occurred_at'] or 'now'}  {row['problem']}  {row['concerns']}"
    return [head, f"    {row['why']}", *(f"    $ {command}" for command in row["do"])]
