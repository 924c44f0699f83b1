"""What a file is called: its form, the notice of its arrival, and the names of its answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from outbound.queues import Refused

_RESULT, _REPORT, _WRONG = ".result.csv", ".report.json", ".wrong.csv"


class FileRefused(Exception):
    """A file that is not taken as a whole: the reason, and what is wrong with it."""

    def __init__(self, reason: str, message: str) -> None:
        """Name what is wrong, without what stands in the file."""
        super().__init__(message)
        self.reason = reason
        self.message = message


class RowFormat(StrEnum):
    """How rows are written."""

    CSV = "csv"
    JSONL = "jsonl"


@dataclass(frozen=True, slots=True)
class FileFormat:
    """What a file's name says that it is."""

    kind: RowFormat
    gzipped: bool


@dataclass(frozen=True, slots=True)
class UploadNotice:
    """What S3 says of a new object; the tag and the version are empty where it does not say them.

    `arrival` is the same for every report of one upload, and another for the next.
    """

    bucket: str
    key: str
    etag: str
    version: str
    arrival: str = ""


def notice_of(record: Mapping[str, Any], prefix: str) -> UploadNotice:
    """Read what S3 reported of a new object below a prefix.

    Raises Refused where a message is not a notice of one.
    """
    try:
        body = json.loads(record["body"])
        detail = body["detail"]
        about = detail["object"]
        named = detail["bucket"]["name"], about["key"], about.get("etag", ""), about.get("version-id", "")
        arrival = about.get("sequencer") or body.get("id")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Refused(f"the message is not a notice of a new object: {type(error).__name__}") from error
    bucket, key, etag, version = named
    if not all(isinstance(value, str) for value in named) or not key.startswith(prefix):
        raise Refused(f"the message is not a notice of an object under {prefix}")
    return UploadNotice(bucket, key, etag.strip('"'), version, arrival if isinstance(arrival, str) else "")


def is_named_like_an_answer(key: str) -> bool:
    """Return True if an object may be an answer that was written here.

    Whether it is an answer its metadata says: people send corrected results, and call files as they like.
    """
    return key.endswith((_RESULT, _REPORT, _WRONG))


def format_of(key: str) -> FileFormat:
    """Return what a name says that the file is. Raises FileRefused where it says nothing that is known."""
    name = key.lower()
    plain = name.removesuffix(".gz")
    for kind in RowFormat:
        if plain.endswith(f".{kind.value}"):
            return FileFormat(kind, name.endswith(".gz"))
    raise FileRefused("unknown_extension", "its name ends in none of .csv, .jsonl, .csv.gz and .jsonl.gz")


def result_key(key: str, file_id: str = "") -> str:
    """Return the key of the result of a file; without an id that beside the file that has this name now."""
    return f"{key}.{file_id}{_RESULT}" if file_id else key + _RESULT


def report_key(key: str, file_id: str = "") -> str:
    """Return the key of the report of a file; without an id that beside the file that has this name now."""
    return f"{key}.{file_id}{_REPORT}" if file_id else key + _REPORT


def wrong_rows_key(key: str, file_id: str = "") -> str:
    """Return the key of the list of a file's wrong rows; without an id that beside the file of this name."""
    return f"{key}.{file_id}{_WRONG}" if file_id else key + _WRONG
