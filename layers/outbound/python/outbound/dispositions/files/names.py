"""What a file of dispositions and its rows are called."""

from __future__ import annotations

from outbound.events import deterministic_id

PREFIX = "dispositions/inbox/"


def file_id_of(bucket: str, key: str, etag: str, version: str = "") -> str:
    """Return a file's id: the same content under the same name is the same file."""
    return deterministic_id("disposition-file", bucket, key, etag, version)


def row_id(file_id: str, number: int) -> str:
    """Return the id of a row's request; ids sort as rows do."""
    return f"{file_id}-{number:09}"
