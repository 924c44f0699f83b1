"""Cold storage: a copy of every archived attempt, its SHA-256 in a manifest, kept as long as it must be.

    archive/dt=YYYY-MM-DD/<campaign>/<run>-<batch>.jsonl.gz     attempts, one a line
    manifests/archive/<campaign>/<run>.json                     what a run wrote, with its hashes

Objects expire by their tag `retention-days`. Lifecycle rules are few, so retentions are rounded up to the
next of `RETENTION_CLASSES`: nothing leaves sooner than it may.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RETENTION_CLASSES = (30, 90, 180, 365, 730, 1095, 1825, 2555, 3650)

_PREFIX = "manifests/archive"
_LEVEL = 6


class CopyDiffers(Exception):
    """What was read back from cold storage is not what was written."""


@dataclass(frozen=True, slots=True)
class StoredCopy:
    """An object in cold storage: its key, the SHA-256 of its uncompressed lines, its size as stored."""

    key: str
    sha256: str
    stored_bytes: int


def retention_class(days: int) -> int:
    """Return the days that an object is kept whose attempts are to be kept for so many."""
    return next((kept for kept in RETENTION_CLASSES if kept >= days), RETENTION_CLASSES[-1])


def archive_key(day: datetime, campaign_id: str, run_id: str, batch: int) -> str:
    """The key of a batch's copy: the same batch, the same key, however often it is written."""
    return f"archive/dt={day:%Y-%m-%d}/{campaign_id}/{run_id}-{batch:06}.jsonl.gz"


def manifest_key(campaign_id: str, run_id: str) -> str:
    """The key of a run's manifest."""
    return f"{_PREFIX}/{campaign_id}/{run_id}.json"


class ColdStorage:
    """Writes and reads archived attempts."""

    def __init__(self, client: S3Client, bucket: str, storage_class: str = "STANDARD") -> None:
        """Use one bucket; new copies have this storage class."""
        self._client = client
        self._bucket = bucket
        self._storage_class = storage_class

    def keep(self, key: str, lines: Sequence[bytes], retention_days: int) -> StoredCopy:
        """Write lines and read them back.

        Args:
            key: Where; a former try's object is replaced.
            lines: Each with its end.
            retention_days: One of `RETENTION_CLASSES`.

        Returns:
            What is stored.

        Raises:
            CopyDiffers: What was read back is not the same.
        """
        content = b"".join(lines)
        digest = hashlib.sha256(content).hexdigest()
        body = gzip.compress(content, compresslevel=_LEVEL, mtime=0)
        self._put(key, body, retention_days, digest, "application/x-ndjson", self._storage_class)
        if hashlib.sha256(b"".join(self.lines(key))).hexdigest() != digest:
            raise CopyDiffers(f"{key} is not what was written there")
        return StoredCopy(key, digest, len(body))

    def keep_manifest(self, key: str, manifest: Any) -> None:
        """Write a run's manifest; it is kept as long as anything is."""
        body = orjson.dumps(manifest, option=orjson.OPT_UTC_Z | orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
        digest = hashlib.sha256(body).hexdigest()
        # Small, and read first of all in a restore: colder classes charge for such objects.
        self._put(key, body, RETENTION_CLASSES[-1], digest, "application/json", "STANDARD")

    def manifests(self, campaign_id: str) -> Iterator[dict[str, Any]]:
        """Yield a campaign's manifests in the order in which their runs were planned."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=f"{_PREFIX}/{campaign_id}/"
        )
        for page in pages:
            for entry in page.get("Contents", []):
                yield orjson.loads(self._get(entry["Key"]))

    def lines(self, key: str) -> list[bytes]:
        """Return an object's lines, each with its end."""
        return gzip.decompress(self._get(key)).splitlines(keepends=True)

    def lines_if_kept(self, key: str) -> list[bytes] | None:
        """Return an object's lines, or None where it is not kept any more."""
        try:
            return self.lines(key)
        except self._client.exceptions.NoSuchKey:
            return None

    def _get(self, key: str) -> bytes:
        return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()

    def _put(self, key: str, body: bytes, days: int, digest: str, kind: str, storage_class: Any) -> None:
        self._client.put_object(
            Bucket=self._bucket,
            Key=key,
            Body=body,
            ContentType=kind,
            Metadata={"sha256": digest},
            StorageClass=storage_class,
            Tagging=f"retention-days={days}",
            # S3 refuses what arrived damaged.
            ChecksumAlgorithm="SHA256",
        )
