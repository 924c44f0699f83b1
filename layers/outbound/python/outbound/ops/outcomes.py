"""`outbound outcomes`: backfills, jobs, and what of a campaign's time is pulled."""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from outbound.clock import format_time, parse_time
from outbound.events import EventType, new_event
from outbound.ops.printing import Output
from outbound.ops.stack import Stack
from outbound.outcomes.query import check_campaign_id, check_window
from outbound.outcomes.settings import OutcomeSettings
from outbound.outcomes.windows import Window, uncovered
from outbound.store.jobs import Job


def add_commands(groups: Any) -> None:
    """Add this group's commands to the parser."""
    commands = groups.add_parser("outcomes", help="backfill, and see what is pulled").add_subparsers(
        required=True
    )

    pull = commands.add_parser("pull", help="backfill: pull what is missing between two times")
    pull.add_argument("campaign_id", metavar="ID")
    pull.add_argument("--from", dest="start", required=True, metavar="TIME", help="ISO 8601 with offset")
    pull.add_argument(
        "--to", dest="end", required=True, metavar="TIME", help="ISO 8601 with offset; not included"
    )
    pull.add_argument("--refresh", action="store_true", help="pull again what was pulled already")
    pull.set_defaults(run=_pull)

    jobs = commands.add_parser("jobs", help="a campaign's pull jobs")
    jobs.add_argument("campaign_id", metavar="ID")
    jobs.add_argument("--since", metavar="TIME", help="windows from here on (default: a day ago)")
    jobs.set_defaults(run=_jobs)

    gaps = commands.add_parser("gaps", help="what of a campaign's time is not pulled, and why")
    gaps.add_argument("campaign_id", metavar="ID")
    gaps.add_argument(
        "--since", metavar="TIME", help="look from here on (default: the campaign's start, or 7 days ago)"
    )
    gaps.set_defaults(run=_gaps)


def _pull(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    check_campaign_id(chosen.campaign_id)
    settings = stack.documents.get("outcomes", OutcomeSettings)
    window = Window(_time("--from", chosen.start), _time("--to", chosen.end))
    now = stack.clock.now()
    check_window(window, settings, now)
    if stack.registry.get(chosen.campaign_id) is None:
        raise ValueError(
            f"campaign_id: {chosen.campaign_id} is not registered; use: outbound campaigns register ID"
        )
    data = {
        "campaign_id": chosen.campaign_id,
        "start": format_time(window.start),
        "end": format_time(window.end),
        "refresh": chosen.refresh,
    }
    # Asking twice is two requests: each gets an id of its own.
    event = new_event(EventType.PULL_REQUESTED, stack.tenant, now, [secrets.token_hex(16)], data)
    stack.bus.publish([event])
    output.said(
        f"asked for {chosen.campaign_id} {window}; request {event.event_id}",
        request_id=event.event_id,
        **data,
    )


def _jobs(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    since = _time("--since", chosen.since) if chosen.since else stack.clock.now() - timedelta(days=1)
    output.rows(
        [_row(job) for job in stack.jobs.of_campaign(chosen.campaign_id, since)], "no jobs since then"
    )


def _row(job: Job) -> dict[str, Any]:
    return {
        "start": format_time(job.start),
        "end": format_time(job.end),
        "status": job.status,
        "origin": job.origin,
        "pages": job.position.page,
        "records": job.result.get("records"),
        "reason": job.result.get("message") or job.result.get("reason"),
        "job_id": job.job_id,
    }


def _gaps(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    campaign = stack.registry.get(chosen.campaign_id)
    if campaign is None:
        raise ValueError(f"campaign_id: {chosen.campaign_id} is not registered")
    settings = stack.documents.get("outcomes", OutcomeSettings)
    now = stack.clock.now()
    since = (
        _time("--since", chosen.since)
        if chosen.since
        else campaign.start or now - timedelta(days=settings.first_window_days)
    )
    jobs = list(stack.jobs.of_campaign(chosen.campaign_id, since - timedelta(days=1)))
    rows = list(_gap_rows(jobs, Window(since, now - timedelta(seconds=settings.settling_seconds))))
    output.rows(rows, f"no gaps: {chosen.campaign_id} is pulled from {format_time(since)} on")


def _gap_rows(jobs: list[Job], window: Window) -> Iterator[dict[str, Any]]:
    """Give the windows that are not pulled: of jobs that have not ended well, and those without a job."""
    for job in jobs:
        if job.status != "completed" and job.end > window.start:
            reason = job.result.get("message") or f"the job is {job.status}"
            yield {"start": format_time(job.start), "end": format_time(job.end), "why": reason}
    for gap in uncovered(window, [Window(job.start, job.end) for job in jobs]):
        yield {"start": format_time(gap.start), "end": format_time(gap.end), "why": "not planned"}


def _time(option: str, text: str) -> datetime:
    try:
        return parse_time(text)
    except ValueError as error:
        raise ValueError(f"{option}: {error}") from error
