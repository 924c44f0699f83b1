"""`outbound consent import`, `files` and `report`: lists of consent, and what became of them."""

from __future__ import annotations

import argparse
import csv
from io import SEEK_END, StringIO
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from botocore.exceptions import ClientError

from outbound.cli.arguments import add_limit
from outbound.cli.errors import REFUSED
from outbound.cli.output import Output
from outbound.cli.stack import Stack
from outbound.clock import Clock, SystemClock, format_time
from outbound.consent.files.answers import account_of
from outbound.consent.files.names import PREFIX, ConsentFile, ConsentFiles, file_id_of
from outbound.consent.files.preview import Preview, preview
from outbound.consent.files.processor import may_be_tried_again
from outbound.files.ledger import ENDED_FILES
from outbound.files.names import FileRefused, format_of

# Of a long list of wrong rows the beginning is read.
_MOST_READ = 1024 * 1024


def add_commands(commands: Any) -> None:
    """Add the commands of files to those of consent."""
    put = commands.add_parser("import", help="put a list of grants and refusals into the inbox")
    put.add_argument("file", type=Path, help="CSV or JSON lines in UTF-8, gzipped or not")
    # What only reads the file needs no stack.
    put.add_argument(
        "--dry-run",
        dest="needs_stack",
        action="store_false",
        help="say what is in it and what is wrong, without a stack",
    )
    put.add_argument("--as", dest="name", metavar="NAME", help="its name in the inbox (default: its own)")
    add_limit(put, 20)
    put.set_defaults(run=_put)

    files = commands.add_parser("files", help="the lists that came in, newest first")
    add_limit(files, 50)
    files.set_defaults(run=_files)

    report = commands.add_parser("report", help="what became of a list, and which of its rows are wrong")
    report.add_argument("file_id", metavar="FILE_ID")
    add_limit(report, 200)
    report.set_defaults(run=_report)


def _put(stack: Stack | None, chosen: argparse.Namespace, output: Output) -> int | None:
    name = chosen.name or chosen.file.name
    if {".", "..", ""} & set(name.split("/")):
        raise ValueError(f"{name}: is not a name of a file in the inbox")
    try:
        with chosen.file.open("rb") as file:
            if stack is None:
                return _say_preview(name, _preview(file, name, SystemClock(), chosen.limit), output)
            format_of(name)
            seen = _preview(file, name, stack.clock, chosen.limit)
            file.seek(0)
            _upload(stack, file, name, seen, output)
            return None
    except FileRefused as refused:
        raise ValueError(f"{name}: {refused.message}") from refused
    except OSError as error:
        raise ValueError(f"{chosen.file}: {error.strerror}") from error


def _upload(stack: Stack, file: BinaryIO, name: str, seen: Preview, output: Output) -> None:
    bucket, key = stack.outputs["LakeBucket"], PREFIX + name
    answer = stack.client("s3").put_object(Bucket=bucket, Key=key, Body=file)
    file_id = file_id_of(bucket, key, answer["ETag"].strip('"'), answer.get("VersionId", ""))
    if seen.refused:
        # It is there all the same: whom it forbids to call counts whatever is wrong with it.
        raise ValueError(f"{key} is in the inbox and is refused: {seen.refused}; file {file_id}")
    wrong = sum(seen.rejections.values())
    said = f"{key} is in the inbox (rows: {seen.rows}, wrong: {wrong}); file {file_id}"
    known = _stored(stack).get(file_id)
    if known and may_be_tried_again(known):
        said = f"{key} was there before; what was not recorded of it is tried again; file {file_id}"
    elif known and known.state in ENDED_FILES:
        said = f"{key} was there before and is {known.state.value}; file {file_id}"
    output.said(said, file_id=file_id, bucket=bucket, key=key, rows=seen.rows, wrong=wrong)


def _preview(file: BinaryIO, name: str, clock: Clock, most_named: int) -> Preview:
    def block(first: int, size: int) -> bytes:
        file.seek(first)
        return file.read(size)

    return preview(PREFIX + name, block, file.seek(0, SEEK_END), clock, most_named)


def _say_preview(name: str, seen: Preview, output: Output) -> int:
    """Print what a file would come to; return REFUSED for one that would be."""
    output.record(
        {
            "file": name,
            "refused": seen.refused or None,
            "rows": seen.rows,
            "right": sum(seen.changes.values()),
            "wrong": sum(seen.rejections.values()),
            "forbidding": seen.forbidding,
            "changes": dict(sorted(seen.changes.items())),
            "rejections": dict(sorted(seen.rejections.items())),
            "wrong_rows": [row._asdict() for row in seen.wrong_rows],
        }
    )
    return REFUSED if seen.refused else 0


def _files(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    files = sorted(_stored(stack).all(), key=lambda file: file.uploaded_at, reverse=True)
    output.rows([_file_row(file) for file in files[: chosen.limit]], "no list of consent has come in")


def _file_row(file: ConsentFile) -> dict[str, Any]:
    return {
        "uploaded_at": format_time(file.uploaded_at),
        "file": file.key.removeprefix(PREFIX),
        "state": file.state.value,
        "rows": file.place.row,
        "recorded": file.successful,
        "wrong": file.failed,
        "refusals": file.refusals,
        "why": file.message or None,
        "file_id": file.file_id,
    }


def _report(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    file = _stored(stack).get(chosen.file_id)
    if file is None:
        raise ValueError(f"no file {chosen.file_id} is known; `outbound consent files` lists them")
    account = account_of(file, stack.outputs["LakeBucket"])
    listed = _wrong_rows(stack, account["wrong_rows"], chosen.limit) if account["wrong_rows"] else []
    output.record({**account, "first_wrong_rows": listed})


def _wrong_rows(stack: Stack, key: str, limit: int) -> list[dict[str, str]]:
    """Return the first rows of the list of a file's wrong rows; none where it has expired."""
    try:
        answer = stack.client("s3").get_object(
            Bucket=stack.outputs["LakeBucket"], Key=key, Range=f"bytes=0-{_MOST_READ}"
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            return []
        raise
    text = answer["Body"].read().decode(errors="replace")
    return list(islice(csv.DictReader(StringIO(text, newline="")), limit))


def _stored(stack: Stack) -> ConsentFiles:
    return ConsentFiles(stack.state, stack.tenant)
