"""The objects of the audit bucket: written once, never changed, found by the hour of their recording."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_THERE_ALREADY = "PreconditionFailed"


@dataclass(frozen=True, slots=True)
class AuditObject:
    """An object of the audit bucket: where it lies, and its bytes."""

    key: str
    content: bytes
    events: int


class AuditBucket:
    """The bucket of the audit record."""

    def __init__(self, client: S3Client, name: str) -> None:
        """Write to the named bucket."""
        self._client = client
        self._name = name

    def record(self, batch: AuditObject) -> bool:
        """Write an object; return True if it was new, False if it was there already.

        Raises what botocore raises where the bucket does not take it. S3 checks the bytes against their
        SHA-256, which the object carries for later checks.
        """
        digest = hashlib.sha256(batch.content).digest()
        try:
            self._client.put_object(
                Bucket=self._name,
                Key=batch.key,
                Body=batch.content,
                IfNoneMatch="*",
                ChecksumSHA256=base64.b64encode(digest).decode(),
                ContentType="application/gzip",
                Metadata={"sha256": digest.hex(), "events": str(batch.events)},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != _THERE_ALREADY:
                raise
            return False
        return True


def audit_object(event_ids: Iterable[str], lines: Iterable[str], now: datetime) -> AuditObject:
    """Return the object of a batch: the same events in the same hour give the same key and the same bytes.

    Args:
        event_ids: The ids of the events, in their order.
        lines: The events in the order of their ids, each a line without its end-of-line character.
        now: The moment of recording, whose hour is in the key.
    """
    ids = list(event_ids)
    name = hashlib.sha256("\n".join(ids).encode()).hexdigest()
    hour = now.astimezone(UTC)
    text = "".join(line + "\n" for line in lines)
    return AuditObject(
        key=f"audit/dt={hour:%Y-%m-%d}/hour={hour:%H}/{name}.jsonl.gz",
        content=gzip.compress(text.encode(), mtime=0),
        events=len(ids),
    )
