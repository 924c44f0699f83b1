"""`outbound archive`: runs, what came of them, and archived attempts read back."""

from __future__ import annotations

import argparse
import json
import secrets
from pathlib import Path
from typing import Any

from outbound.archive.batches import Batches, BatchStatus
from outbound.archive.cold_storage import ColdStorage
from outbound.archive.planner import ArchiveRequest
from outbound.archive.restore import RestoreQuery, Restorer
from outbound.archive.runs import ArchiveRun, ArchiveRuns
from outbound.archive.settings import ArchiveSettings
from outbound.cli.arguments import whole_number
from outbound.cli.output import Output
from outbound.cli.stack import Stack
from outbound.cli.times import FORMS, moment
from outbound.clock import format_time
from outbound.events import EventType, event_of_type

_FIGURES = ("collected", "archived", "failed", "skipped", "quarantined")


def add_commands(groups: Any) -> None:
    """Add this group's commands to the parser."""
    commands = groups.add_parser(
        "archive", help="archive finished attempts, and restore them"
    ).add_subparsers(required=True)
    start = _command(commands, "start", "archive a campaign's finished attempts now", _start)
    start.add_argument("--outcome", dest="outcomes", action="append", help="only these; may be repeated")
    start.add_argument(
        "--retention-days", type=whole_number, help="of attempts that name none (default: the settings')"
    )
    _command(commands, "resume", "resume now a run that was cut off", _resume)
    _command(commands, "runs", "a campaign's runs, the latest first", _runs)
    show = _command(commands, "show", "what a run came to, or how far it is, with what is left", _show)
    show.add_argument("run_id", metavar="RUN", nargs="?", help="default: the latest")
    restore = _command(commands, "restore", "read archived attempts back, and check them", _restore)
    restore.add_argument("--contact", default="", metavar="ID", help="of this contact alone")
    restore.add_argument("--from", dest="since", metavar="TIME", help=f"of runs from then on, {FORMS}")
    restore.add_argument("--to", dest="until", metavar="TIME", help="of runs before then")
    restore.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="written whole, as JSON lines"
    )


def _command(commands: Any, name: str, text: str, run: Any) -> Any:
    command = commands.add_parser(name, help=text)
    command.add_argument("campaign_id", metavar="CAMPAIGN")
    command.set_defaults(run=run)
    return command


def _start(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    data = {"campaign_id": chosen.campaign_id}
    data |= {"statuses": chosen.outcomes} if chosen.outcomes else {}
    data |= {"retention_days": chosen.retention_days} if chosen.retention_days is not None else {}
    ArchiveRequest.of(data, stack.documents.get("archiving", ArchiveSettings))
    if stack.registry.get(chosen.campaign_id) is None:
        raise ValueError(f"campaign_id: {chosen.campaign_id} is not registered")
    _request(stack, data, output)


def _resume(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    if _archive_runs(stack).current(chosen.campaign_id) is None:
        raise ValueError(f"no run has {chosen.campaign_id}; use: outbound archive start CAMPAIGN")
    # A start resumes what was cut off; a run that is at work it leaves alone, and says so.
    _request(stack, {"campaign_id": chosen.campaign_id}, output)


def _request(stack: Stack, data: dict[str, Any], output: Output) -> None:
    now = stack.clock.now()
    event = event_of_type(EventType.ARCHIVE_REQUESTED, stack.tenant, now, [secrets.token_hex(16)], data)
    stack.bus.publish([event])
    message = f"asked for the archive of {data['campaign_id']}; request {event.event_id}"
    output.said(message, request_id=event.event_id, **data)


def _runs(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    rows = [_row(run) for run in _archive_runs(stack).of_campaign(chosen.campaign_id, limit=50)]
    output.rows(rows, f"{chosen.campaign_id} has no archive runs")


def _row(run: ArchiveRun) -> dict[str, Any]:
    figures = {name: run.summary.get(name) for name in _FIGURES}
    planned = format_time(run.planned_at)
    return {"run_id": run.run_id, "planned_at": planned, "state": run.status.value, **figures}


def _show(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    runs = _archive_runs(stack)
    run = (
        runs.get(chosen.campaign_id, chosen.run_id)
        if chosen.run_id
        else next(runs.of_campaign(chosen.campaign_id, limit=1), None)
    )
    if run is None:
        campaign_id = chosen.campaign_id
        raise ValueError(f"{campaign_id} has no such archive run; see: outbound archive runs {campaign_id}")
    progress = run.progress
    batches = list(Batches(stack.state, stack.tenant).all(run.run_id))
    settled = [batch for batch in batches if batch.status is BatchStatus.SETTLED]
    output.record(
        {
            **_row(run),
            "execution": run.execution,
            "collected_so_far": progress.collected.offset,
            "batches": {"sorted": progress.batches, "copied": len(batches), "settled": len(settled)},
            "left": [attempt for batch in settled for attempt in batch.left],
            "reason": progress.reason or None,
            "message": progress.message or None,
            "summary": dict(run.summary) or None,
        }
    )


def _restore(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    storage = ColdStorage(stack.client("s3"), stack.outputs["ArchiveBucket"])
    restorer = Restorer(storage)
    now = stack.clock.now()
    since = moment("--from", chosen.since, now) if chosen.since else None
    until = moment("--to", chosen.until, now) if chosen.until else None
    query = RestoreQuery(chosen.campaign_id, chosen.contact, since, until)
    count = _written(chosen.out, restorer.attempts(query))
    gone = f"; {restorer.expired} copies are past their retention" if restorer.expired else ""
    message = (
        f"{count} attempts of {chosen.campaign_id} from {restorer.parts} copies, each with the right hash"
    )
    if not restorer.parts:
        message = f"nothing of {chosen.campaign_id} that fits is in cold storage; the file is empty"
    values = {"attempts": count, "copies": restorer.parts, "expired": restorer.expired}
    output.said(f"{message}{gone}: {chosen.out}", file=str(chosen.out), **values)


def _written(file: Path, attempts: Any) -> int:
    """Write attempts to a file that is there whole or not at all; return how many."""
    unfinished = file.with_name(f"{file.name}.unfinished")
    count = 0
    try:
        with unfinished.open("w", encoding="utf-8") as out:
            for attempt in attempts:
                out.write(json.dumps(attempt, ensure_ascii=False, separators=(",", ":")) + "\n")
                count += 1
        unfinished.replace(file)
    except OSError as error:
        raise ValueError(f"{file}: {error.strerror}") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return count


def _archive_runs(stack: Stack) -> ArchiveRuns:
    return ArchiveRuns(stack.state, stack.tenant)
