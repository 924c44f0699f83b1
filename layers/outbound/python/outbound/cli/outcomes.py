"""`outbound outcomes`: backfills, jobs, and what of a campaign's time is pulled."""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from outbound.campaigns.registration import NotRegistered
from outbound.cli.output import Output
from outbound.cli.stack import Stack
from outbound.cli.times import FORMS, moment
from outbound.clock import format_time
from outbound.events import EventType, event_of_type
from outbound.outcomes.dispatcher import Dispatcher
from outbound.outcomes.job import Job, job_of
from outbound.outcomes.query import check_campaign_id, check_window
from outbound.outcomes.settings import OutcomeSettings
from outbound.outcomes.windows import Window, uncovered

# Looked at by one command; what is left is found by the next.
_MOST_RETRIED = 1000


def add_commands(groups: Any) -> None:
    """Add this group's commands to the parser."""
    commands = groups.add_parser("outcomes", help="backfill, and see what is pulled").add_subparsers(
        required=True
    )

    pull = commands.add_parser("pull", help="backfill: pull what is missing between two times")
    pull.add_argument("campaign_id", metavar="ID")
    pull.add_argument("--from", dest="start", default="-1d", metavar="TIME", help=f"{FORMS} (default: -1d)")
    pull.add_argument("--to", dest="end", default="now", metavar="TIME", help="not included (default: now)")
    pull.add_argument("--refresh", action="store_true", help="pull again what was pulled already")
    pull.set_defaults(run=_pull)

    jobs = commands.add_parser("jobs", help="a campaign's pull jobs, newest first")
    jobs.add_argument("campaign_id", metavar="ID")
    jobs.add_argument("--since", default="-1d", metavar="TIME", help="windows from here on (default: -1d)")
    jobs.set_defaults(run=_jobs)

    gaps = commands.add_parser("gaps", help="what of a campaign's time is not pulled, and why, newest first")
    gaps.add_argument("campaign_id", metavar="ID")
    gaps.add_argument(
        "--since", metavar="TIME", help="look from here on (default: the campaign's start, or -7d)"
    )
    gaps.set_defaults(run=_gaps)

    retry = commands.add_parser("retry", help="pull now what waits after a failure whose cause is repaired")
    retry.add_argument("campaign_id", metavar="ID", nargs="?", help="of this campaign (default: of all)")
    retry.set_defaults(run=_retry)


def _pull(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    check_campaign_id(chosen.campaign_id)
    settings = stack.documents.get("outcomes", OutcomeSettings)
    now = stack.clock.now().replace(microsecond=0)
    window = Window(moment("--from", chosen.start, now), moment("--to", chosen.end, now))
    check_window(window, settings, now)
    if stack.registry.get(chosen.campaign_id) is None:
        raise ValueError(f"campaign_id: {NotRegistered(chosen.campaign_id)}")
    data = {
        "campaign_id": chosen.campaign_id,
        "start": format_time(window.start),
        "end": format_time(window.end),
        "refresh": chosen.refresh,
    }
    # Asking twice is two requests: each gets an id of its own.
    event = event_of_type(EventType.PULL_REQUESTED, stack.tenant, now, [secrets.token_hex(16)], data)
    stack.bus.publish([event])
    output.said(
        f"asked for {chosen.campaign_id} {window}; request {event.event_id}",
        request_id=event.event_id,
        **data,
    )


def _jobs(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    now = stack.clock.now()
    since = moment("--since", chosen.since, now)
    jobs = sorted(stack.jobs.of_campaign(chosen.campaign_id, since), key=lambda job: job.start, reverse=True)
    if not jobs and stack.registry.get(chosen.campaign_id) is None:
        raise NotRegistered(chosen.campaign_id)
    output.rows([_row(job, now) for job in jobs], f"no jobs since {format_time(since)}")


def _row(job: Job, now: datetime) -> dict[str, Any]:
    """Show what the lake has of a window; of a pull beside it, only how it is and why it failed."""
    state = "waiting" if waits(job, now) else job.status
    again = job.in_the_lake and state != "completed"
    pages = job.result.get("pages", job.position.page) if job.in_the_lake else job.position.page
    return {
        "start": format_time(job.start),
        "end": format_time(job.end),
        "state": "completed" if again else state,
        "again": state if again else None,
        "origin": job.origin,
        "pages": pages,
        "records": job.result.get("records"),
        "reason": _reason(job),
        "job_id": job.job_id,
    }


def _reason(job: Job) -> str | None:
    return job.interruption or job.result.get("message") or job.result.get("reason")


def waits(job: Job, now: datetime) -> bool:
    """Return True if a job's last run stopped before its end, and no run is at work on it."""
    unfinished = job.status not in ("completed", "lost", "failed")
    return unfinished and bool(job.interruption) and job.lease_until <= now.timestamp()


def _gaps(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    campaign = stack.registry.get(chosen.campaign_id)
    if campaign is None:
        raise ValueError(f"campaign_id: {chosen.campaign_id} is not registered")
    settings = stack.documents.get("outcomes", OutcomeSettings)
    now = stack.clock.now().replace(microsecond=0)
    since = (
        moment("--since", chosen.since, now)
        if chosen.since
        else campaign.start or now - timedelta(days=settings.first_window_days)
    )
    jobs = list(stack.jobs.of_campaign(chosen.campaign_id, since - timedelta(days=1)))
    rows = list(_gap_rows(jobs, Window(since, now - timedelta(seconds=settings.settling_seconds))))
    rows.sort(key=lambda row: str(row["start"]), reverse=True)
    output.rows(rows, f"no gaps: {chosen.campaign_id} is pulled from {format_time(since)} on")


def _gap_rows(jobs: list[Job], window: Window) -> Iterator[dict[str, Any]]:
    """Return the windows that are not pulled: of jobs that have not ended well, and those without a job."""
    for job in jobs:
        if job.status != "completed" and not job.in_the_lake and job.end > window.start:
            reason = _reason(job) or f"the job is {job.status}"
            yield {"start": format_time(job.start), "end": format_time(job.end), "why": reason}
    for gap in uncovered(window, [Window(job.start, job.end) for job in jobs]):
        yield {"start": format_time(gap.start), "end": format_time(gap.end), "why": "not planned"}


def _retry(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    if chosen.campaign_id and stack.registry.get(chosen.campaign_id) is None:
        raise ValueError(f"campaign_id: {chosen.campaign_id} is not registered")
    sent = let_go(stack, stuck_jobs(stack, chosen.campaign_id))
    output.said(f"{sent} waiting or failed jobs are pulled now", campaign_id=chosen.campaign_id, retried=sent)


def stuck_jobs(stack: Stack, campaign_id: str | None = None) -> list[Job]:
    """Return the jobs that wait or failed: of a campaign all, else those of all campaigns that are due."""
    now = stack.clock.now()
    jobs: Iterable[Job] = (
        stack.jobs.of_campaign(campaign_id) if campaign_id else stack.jobs.unfinished(_MOST_RETRIED)
    )
    return [job for job in jobs if job.status == "failed" or waits(job, now)]


def let_go(stack: Stack, jobs: Iterable[Job]) -> int:
    """Let jobs be pulled now instead of after their wait; return how many."""
    now = stack.clock.now()
    written = [stack.jobs.let_go(job, now) for job in jobs]
    freed = [job_of(one.item) for one in written if one.done]
    queue_url = stack.outputs["PullOutcomesQueueUrl"]
    Dispatcher(stack.client("sqs"), queue_url, stack.jobs, stack.clock).send(freed, now)
    return len(freed)
