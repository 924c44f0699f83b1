"""`outbound dispositions`: what became of a delivery's or a file's dispositions, and files put in."""

from __future__ import annotations

import argparse
from io import SEEK_END
from itertools import islice
from math import ceil
from pathlib import Path
from typing import Any, BinaryIO

from outbound.cli.arguments import add_limit
from outbound.cli.errors import REFUSED
from outbound.cli.output import Output
from outbound.cli.stack import Stack
from outbound.clock import format_time
from outbound.cxone.settings import CxoneSettings
from outbound.dispositions.files.ledger import DispositionFile, DispositionFiles
from outbound.dispositions.files.names import PREFIX, file_id_of
from outbound.dispositions.files.preview import Preview, preview
from outbound.dispositions.files.processor import may_be_tried_again
from outbound.dispositions.ledger import DispositionLedger
from outbound.dispositions.reports import Tally, outcome_of
from outbound.dispositions.settings import DispositionSettings
from outbound.files.ledger import ENDED_FILES, ConcurrentUpdate
from outbound.files.names import FileRefused, format_of
from outbound.store.table import Item

_WHO = ("campaign_id", "contact_id", "outcome_code")
# What belongs to the table and not to the request.
_INTERNAL = ("pk", "sk", "ttl", "facts", "due_kind", "due_at", "next_due", "waits_since", "noted_at")


def add_commands(groups: Any) -> None:
    """Add this group's commands to the parser."""
    commands = groups.add_parser(
        "dispositions", help="put files in, and see what became of them"
    ).add_subparsers(required=True)
    put = commands.add_parser("put", help="put a file into the inbox")
    put.add_argument("file", type=Path, help="CSV or JSON lines in UTF-8, gzipped or not")
    put.add_argument(
        "--dry-run", action="store_true", help="say what is in it, what is wrong and how long it takes"
    )
    put.add_argument("--as", dest="name", metavar="NAME", help="its name in the inbox (default: its own)")
    put.set_defaults(run=_put)

    cancel = commands.add_parser(
        "cancel", help="stop a file: what is not applied yet is not applied any more"
    )
    cancel.add_argument("file_id", metavar="FILE_ID")
    cancel.set_defaults(run=_cancel)

    files = commands.add_parser("files", help="the files that came in, newest first")
    add_limit(files, 50)
    files.set_defaults(run=_files)

    report = commands.add_parser("report", help="how many dispositions of a delivery or a file ended how")
    report.add_argument("correlation_id", metavar="CORRELATION_ID", help="a delivery's id, or a file's")
    report.set_defaults(run=_report)

    show = commands.add_parser("show", help="how each disposition of a delivery or a file ended")
    show.add_argument("correlation_id", metavar="CORRELATION_ID", help="a delivery's id, or a file's")
    show.add_argument("request_id", metavar="REQUEST_ID", nargs="?", help="this one, with all that is known")
    add_limit(show, 200)
    show.set_defaults(run=_show)

    waiting = commands.add_parser("waiting", help="those that wait for busy contacts, oldest first")
    add_limit(waiting, 200)
    waiting.set_defaults(run=_waiting)


def _put(stack: Stack, chosen: argparse.Namespace, output: Output) -> int | None:
    name = chosen.name or chosen.file.name
    if {".", "..", ""} & set(name.split("/")):
        raise ValueError(f"{name}: is not a name of a file in the inbox")
    bucket, key = stack.outputs["LakeBucket"], PREFIX + name
    try:
        format_of(name)
        with chosen.file.open("rb") as file:
            seen = _preview(stack, file, key)
            if chosen.dry_run:
                return _say_preview(stack, name, seen, output)
            file.seek(0)
            client = stack.client("s3")
            answer = client.put_object(Bucket=bucket, Key=key, Body=file)
    except FileRefused as refused:
        raise ValueError(f"{name}: {refused.message}") from refused
    except OSError as error:
        raise ValueError(f"{chosen.file}: {error.strerror}") from error
    file_id = file_id_of(bucket, key, answer["ETag"].strip('"'), answer.get("VersionId", ""))
    if seen.refused:
        # It is there all the same: whom it forbids to call counts whatever is wrong with it.
        raise ValueError(f"{key} is in the inbox and is refused: {seen.refused}; file {file_id}")
    known = _stored(stack).get(file_id)
    if known and may_be_tried_again(known):
        said = f"{key} was there before; what was refused or rejected of it is tried again"
    elif known and known.state in ENDED_FILES:
        said = f"{key} was there before and is {known.state.value}; --as another name takes it anew"
    else:
        said = f"{key} is in the inbox"
    output.said(f"{said}; file {file_id}", file_id=file_id, bucket=bucket, key=key)
    return None


def _preview(stack: Stack, file: BinaryIO, key: str) -> Preview:
    def block(first: int, size: int) -> bytes:
        file.seek(first)
        return file.read(size)

    settings = stack.documents.get("dispositions", DispositionSettings)
    return preview(key, block, file.seek(0, SEEK_END), settings, stack.clock)


def _say_preview(stack: Stack, name: str, seen: Preview, output: Output) -> int:
    """Print what a file would come to; return REFUSED for one that would be."""
    budget = stack.documents.get("cxone", CxoneSettings).budget("contacts")
    seconds = ceil(seen.seconds(budget.calls / budget.per_seconds))
    said = {
        "file": name,
        "refused": seen.refused or None,
        "rows": seen.rows,
        "right": seen.rows - seen.wrong,
        "wrong": seen.wrong,
        "do_not_call": seen.do_not_call,
        "outcome_codes": dict(sorted(seen.codes.items())),
        "campaigns": dict(sorted(seen.campaigns.items())),
        "seconds_at_least": seconds,
        "wrong_rows": [wrong._asdict() for wrong in seen.wrong_rows],
    }
    output.record(said)
    return REFUSED if seen.refused else 0


def _cancel(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    now = stack.clock.now()
    message = "an operator cancelled it; what was applied before stays"
    try:
        file = _stored(stack).cancel(chosen.file_id, message, now)
    except ConcurrentUpdate:
        raise ValueError(f"{chosen.file_id}: it is being worked on; cancel it again in a minute") from None
    if file is None:
        raise ValueError(f"no file {chosen.file_id} is known; `outbound dispositions files` lists them")
    if file.state in ENDED_FILES:
        raise ValueError(f"{chosen.file_id}: it is {file.state.value} already, so nothing is left to cancel")
    key = file.key.removeprefix(PREFIX)
    said = f"{key} is cancelled: what is not applied yet ends as rejected, whom it forbids to call counts"
    output.said(said, file_id=file.file_id, file=key, state=file.state.value, rows=file.place.row)


def _files(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    files = sorted(_stored(stack).all(), key=lambda file: file.uploaded_at, reverse=True)
    output.rows([_file_row(file) for file in files[: chosen.limit]], "no file has come in")


def _file_row(file: DispositionFile) -> dict[str, Any]:
    outcomes = Tally(file.result.tally).report()["outcomes"] if file.state in ENDED_FILES else {}
    return {
        "uploaded_at": format_time(file.uploaded_at),
        "file": file.key.removeprefix(PREFIX),
        "state": file.state.value + (", cancelled" if file.cancelled_at else ""),
        "rows": file.place.row,
        **{name: outcomes.get(name) for name in ("applied", "unchanged", "superseded", "rejected")},
        "why": file.message or None,
        "file_id": file.file_id,
    }


def _report(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    file = _stored(stack).get(chosen.correlation_id)
    known: dict[str, Any] = {"correlation_id": chosen.correlation_id}
    if file:
        known |= {"file": file.key, "state": file.state.value, "rows": file.place.row}
    if file and file.state in ENDED_FILES:
        tally = Tally(file.result.tally)
        known |= {"reason": file.reason or None, "message": file.message or None}
    else:
        tally = Tally()
        for item in _ledger(stack).requests_of(chosen.correlation_id):
            tally.add(item)
        if not file and not tally.outcomes:
            raise _unknown(chosen.correlation_id)
    output.record({**known, **tally.report()})


def _show(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    if chosen.request_id:
        item = _ledger(stack).get(chosen.correlation_id, chosen.request_id)
        if not item:
            raise ValueError(f"nothing is known of the request {chosen.request_id}")
        output.record(_document(item))
        return
    rows = [_row(item) for item in islice(_ledger(stack).requests_of(chosen.correlation_id), chosen.limit)]
    if not rows and not _stored(stack).get(chosen.correlation_id):
        raise _unknown(chosen.correlation_id)
    output.rows(rows, "none of its dispositions has come to an end yet")


def _document(item: Item) -> dict[str, Any]:
    shown = {name: value for name, value in item.items() if name not in _INTERNAL}
    return {"request_id": item["sk"], **shown, "outcome": outcome_of(item), "unpublished": "facts" in item}


def _row(item: Item) -> dict[str, Any]:
    about = item.get("about", {})
    return {
        "request_id": item["sk"],
        **{name: item.get(name) for name in _WHO},
        "outcome": outcome_of(item),
        "ended_at": item.get("ended_at"),
        **{name: about.get(name) or None for name in ("reason", "field", "message")},
    }


def _waiting(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    items = _ledger(stack).waiting(stack.clock.now(), chosen.limit)
    output.rows([_waiting_row(item) for item in items], "no disposition waits for its contact")


def _waiting_row(item: Item) -> dict[str, Any]:
    return {
        "since": item["deferred_since"],
        **{name: item.get(name) for name in _WHO},
        "state": item.get("state"),
        "looked": item.get("deferrals"),
        "correlation_id": item["pk"].split("#", 2)[2],
        "request_id": item["sk"],
    }


def _unknown(correlation_id: str) -> ValueError:
    return ValueError(f"nothing is known of {correlation_id}; it may not have come to its first end yet")


def _ledger(stack: Stack) -> DispositionLedger:
    return DispositionLedger(stack.state, stack.tenant)


def _stored(stack: Stack) -> DispositionFiles:
    return DispositionFiles(stack.state, stack.tenant)
