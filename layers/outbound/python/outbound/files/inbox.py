"""Objects that senders put into the lake to be worked on, and the answers beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# S3 takes none below 5 MB but the last, and ten thousand of them.
_PART_BYTES = 8 * 1024 * 1024

# Marks what is written here, with the id of the file that it answers.
_ANSWERS = "answers-file"
_MISSING = ("404", "NoSuchKey", "NoSuchVersion", "NotFound")
_CHANGED = ("412", "PreconditionFailed")


class ObjectGone(Exception):
    """An object was removed, or replaced by another."""


class UploadLost(Exception):
    """An upload in parts is not known any more: it was completed, or it was dropped for its age."""


@dataclass(frozen=True, slots=True)
class InboxObject:
    """An object that is there."""

    key: str
    etag: str
    version: str
    size: int
    modified: datetime
    answers: str = ""
    """The id of the file that it answers, where it is an answer of ours; its name says nothing."""


class Inbox:
    """The objects of one bucket."""

    def __init__(self, client: S3Client, bucket: str, part_bytes: int = _PART_BYTES) -> None:
        """Use this bucket; uploads in parts have parts of so many bytes."""
        self._client = client
        self.bucket = bucket
        self.part_bytes = part_bytes

    def find(self, key: str, version: str = "") -> InboxObject:
        """Return what is known of an object. Raises ObjectGone where it is not there."""
        try:
            answer = self._client.head_object(Bucket=self.bucket, Key=key, **_versioned(version))
        except ClientError as error:
            raise _gone(error, key) from error
        size, etag, modified = answer["ContentLength"], answer["ETag"], answer["LastModified"]
        answers = answer.get("Metadata", {}).get(_ANSWERS, "")
        return InboxObject(key, etag.strip('"'), version, size, modified.astimezone(UTC), answers)

    def block(self, key: str, etag: str, version: str, first: int, size: int) -> bytes:
        """Return a part of an object that is not empty.

        Args:
            key: The object's key.
            etag: Its tag: another one is another object.
            version: Its version, empty where the bucket keeps none.
            first: The offset of the part.
            size: The bytes of the part.

        Raises:
            ObjectGone: It was removed, or another took its place.
        """
        try:
            answer = self._client.get_object(
                Bucket=self.bucket,
                Key=key,
                IfMatch=f'"{etag}"',
                Range=f"bytes={first}-{first + size - 1}",
                **_versioned(version),
            )
        except ClientError as error:
            raise _gone(error, key) from error
        return answer["Body"].read()

    def put(self, key: str, body: bytes, content_type: str, answers: str) -> None:
        """Write an answer, replacing what is there.

        Args:
            key: The answer's key.
            body: Its content.
            content_type: What its content is.
            answers: The id of the file that it answers.
        """
        self._client.put_object(
            Bucket=self.bucket, Key=key, Body=body, ContentType=content_type, Metadata={_ANSWERS: answers}
        )

    def put_document(self, key: str, document: Any, answers: str) -> None:
        """Write a JSON document for people and programs, as an answer to the file of an id."""
        body = orjson.dumps(document, option=orjson.OPT_UTC_Z | orjson.OPT_INDENT_2)
        self.put(key, body, "application/json", answers)

    def copy(self, key: str, to: str) -> None:
        """Copy an object with its metadata, replacing what is there."""
        self._client.copy_object(Bucket=self.bucket, Key=to, CopySource={"Bucket": self.bucket, "Key": key})

    def begin(self, key: str, content_type: str, answers: str) -> str:
        """Begin an upload in parts of an answer to the file of an id; return the upload's id."""
        answer = self._client.create_multipart_upload(
            Bucket=self.bucket, Key=key, ContentType=content_type, Metadata={_ANSWERS: answers}
        )
        return answer["UploadId"]

    def add(self, key: str, upload_id: str, number: int, body: bytes) -> str:
        """Upload a part; return its tag.

        Args:
            key: The key of the object that the parts make.
            upload_id: The upload, as `begin` returned it.
            number: The number of the part, from 1.
            body: Its content.

        Raises:
            UploadLost: The upload is not known any more.
        """
        try:
            answer = self._client.upload_part(
                Bucket=self.bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=body
            )
        except ClientError as error:
            raise _lost(error) from error
        return answer["ETag"]

    def complete(self, key: str, upload_id: str, tags: Sequence[str]) -> None:
        """Make an object of the parts of an upload, by their tags in order. Raises UploadLost."""
        parts: Any = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]
        try:
            self._client.complete_multipart_upload(
                Bucket=self.bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": parts}
            )
        except ClientError as error:
            raise _lost(error) from error


def _versioned(version: str) -> Any:
    return {"VersionId": version} if version else {}


def _gone(error: ClientError, key: str) -> Exception:
    if error.response["Error"]["Code"] in (*_MISSING, *_CHANGED):
        return ObjectGone(f"{key} was removed or replaced")
    return error


def _lost(error: ClientError) -> Exception:
    return UploadLost(str(error)) if error.response["Error"]["Code"] == "NoSuchUpload" else error
