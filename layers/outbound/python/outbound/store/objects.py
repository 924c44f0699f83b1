"""The objects of the lake in S3: gzipped JSON lines, documents and texts; a key follows from its content."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from outbound.store.buckets import BucketedLines

# Level 6 is a tenth smaller than level 1 and takes four times as long; transfer is cheaper than CPU.
_LEVEL = 1
# To a caller that may not list a bucket S3 says that a missing object is forbidden.
_MISSING = ("NoSuchKey", "AccessDenied", "404", "403")
# What one DeleteObjects takes.
_REMOVED_AT_ONCE = 1000


class NotRemoved(Exception):
    """S3 refused to remove some objects; removing them again later can help."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A written object: its key, the SHA-256 of its uncompressed lines, and its size in bytes as stored."""

    key: str
    sha256: str
    size: int


def line_of(value: Any) -> bytes:
    """Return a value as a line of JSON; moments are ISO 8601 in UTC with `Z`."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)


class GzippedLines:
    """Lines of an object, compressed as they come: a few per cent of them are held."""

    def __init__(self) -> None:
        """Begin without a line."""
        self.count = 0
        # Window bits of 31 mean the frame of gzip, without a time: the same lines, the same bytes.
        self._compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
        self._digest = hashlib.sha256()
        self._compressed: list[bytes] = []

    def add(self, block: bytes, count: int) -> None:
        """Add so many lines, each with its end, in one block; other threads can work meanwhile."""
        self._digest.update(block)
        self._compressed.append(self._compressor.compress(block))
        self.count += count

    def finished(self) -> tuple[bytes, str]:
        """Return the compressed bytes, and the SHA-256 of the lines. To be called once."""
        return b"".join([*self._compressed, self._compressor.flush()]), self._digest.hexdigest()


class Lake:
    """Writes and reads the lake's objects."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        """Use one bucket."""
        self._client = client
        self._bucket = bucket

    def write_lines(self, key: str, lines: Sequence[bytes]) -> Stored:
        """Write lines as `line_of` makes them, replacing what a former try wrote under the same key."""
        gzipped = GzippedLines()
        gzipped.add(b"".join(lines), len(lines))
        return self.write_gzipped(key, gzipped)

    def write_gzipped(self, key: str, lines: GzippedLines | BucketedLines) -> Stored:
        """Write lines that were compressed already, and get no more of them."""
        body, digest = lines.finished()
        self._client.put_object(
            Bucket=self._bucket,
            Key=key,
            Body=body,
            ContentType="application/x-ndjson",
            ContentEncoding="gzip",
            Metadata={"sha256": digest, "lines": str(lines.count)},
        )
        return Stored(key, digest, len(body))

    def write_document(self, key: str, document: Any) -> Stored:
        """Write one JSON document."""
        body = orjson.dumps(document, option=orjson.OPT_UTC_Z | orjson.OPT_INDENT_2)
        self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/json")
        return Stored(key, hashlib.sha256(body).hexdigest(), len(body))

    def write_text(self, key: str, text: str) -> Stored:
        """Write a text for a person to read."""
        body = text.encode()
        kind = "text/markdown; charset=utf-8"
        self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=kind)
        return Stored(key, hashlib.sha256(body).hexdigest(), len(body))

    def read_lines(self, key: str) -> list[Any]:
        """Return the values of an object's lines."""
        return [orjson.loads(line) for line in self.lines(key)]

    def lines(self, key: str) -> list[bytes]:
        """Return the lines of an object as they are stored."""
        body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return gzip.decompress(body).splitlines()

    def lines_if_any(self, key: str) -> list[bytes]:
        """Return the lines of an object as they are stored, none where there is no such object."""
        try:
            return self.lines(key)
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return []
            raise

    def read_range(self, key: str, first: int, last: int) -> bytes | None:
        """Return bytes of an object, both ends included; None where there is no such object any more."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key, Range=f"bytes={first}-{last}")
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return None
            raise
        return answer["Body"].read()

    def read_document(self, key: str) -> Any:
        """Return a JSON document, or None where there is none."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return None
            raise
        return orjson.loads(answer["Body"].read())

    def keys(self, prefix: str) -> Iterator[str]:
        """Return the keys below a prefix, in their order, fetched as they are consumed."""
        request = {"Bucket": self._bucket, "Prefix": prefix}
        while True:
            page = self._client.list_objects_v2(**request)  # type: ignore[arg-type]
            yield from (entry["Key"] for entry in page.get("Contents", []))
            if not page.get("IsTruncated"):
                return
            request["ContinuationToken"] = page["NextContinuationToken"]

    def copy(self, source: str, key: str) -> None:
        """Copy an object with all that is known of it, replacing what is there; S3 does it by itself."""
        self._client.copy_object(
            Bucket=self._bucket, Key=key, CopySource={"Bucket": self._bucket, "Key": source}
        )

    def remove(self, keys: Sequence[str]) -> None:
        """Remove objects; one that is not there is removed already. Raises NotRemoved where some stay."""
        for first in range(0, len(keys), _REMOVED_AT_ONCE):
            batch = keys[first : first + _REMOVED_AT_ONCE]
            answer = self._client.delete_objects(
                Bucket=self._bucket, Delete={"Objects": [{"Key": key} for key in batch], "Quiet": True}
            )
            if refused := answer.get("Errors", []):
                codes = ", ".join(sorted({error.get("Code", "") for error in refused}))
                raise NotRemoved(f"{len(refused)} of {len(batch)} objects could not be removed: {codes}")
