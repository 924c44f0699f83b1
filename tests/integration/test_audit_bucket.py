"""The audit bucket after deployment: what is in it stays as it was, whoever asks."""

from __future__ import annotations

import gzip
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import Stack


@pytest.fixture
def version(stack: Stack) -> dict[str, str]:
    """Some version of some object of the audit bucket, as S3's calls name it."""
    bucket = stack.outputs["AuditBucket"]
    found = stack.client("s3").list_object_versions(Bucket=bucket, Prefix="audit/")["Versions"][0]
    return {"Bucket": bucket, "Key": found["Key"], "VersionId": found["VersionId"]}


def _refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    code: str = refused.value.response["Error"]["Code"]
    return code


def test_nobody_deletes_a_version_even_with_all_permissions(stack: Stack, version: dict[str, str]) -> None:
    assert _refusal(stack.client("s3").delete_object, **version) == "AccessDenied"


def test_nobody_shortens_the_retention_of_a_version(stack: Stack, version: dict[str, str]) -> None:
    s3 = stack.client("s3")
    sooner = {"Mode": "GOVERNANCE", "RetainUntilDate": datetime.now(UTC) + timedelta(minutes=1)}
    assert _refusal(s3.put_object_retention, **version, Retention=sooner) == "AccessDenied"
    retention = s3.get_object_retention(**version)["Retention"]
    assert retention["Mode"] == "GOVERNANCE"
    assert retention["RetainUntilDate"] > datetime.now(UTC) + timedelta(hours=23)


def test_the_policy_denies_deletion_to_everybody(stack: Stack) -> None:
    policy = stack.client("s3").get_bucket_policy(Bucket=stack.outputs["AuditBucket"])["Policy"]
    denied = [each for each in json.loads(policy)["Statement"] if each["Effect"] == "Deny"]
    assert any({"s3:DeleteObject", "s3:DeleteObjectVersion"} <= set(each["Action"]) for each in denied)


def test_an_object_has_a_single_version_and_the_sum_that_it_carries(stack: Stack) -> None:
    s3, bucket = stack.client("s3"), stack.outputs["AuditBucket"]
    listing = s3.list_object_versions(Bucket=bucket)
    assert not listing.get("DeleteMarkers")
    keys = [version["Key"] for version in listing["Versions"]]
    assert len(keys) == len(set(keys))
    for key in keys:
        found = s3.get_object(Bucket=bucket, Key=key)
        content = found["Body"].read()
        assert hashlib.sha256(content).hexdigest() == found["Metadata"]["sha256"]
        assert len(gzip.decompress(content).splitlines()) == int(found["Metadata"]["events"])
