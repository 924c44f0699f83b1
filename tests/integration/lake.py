"""What the lake holds, read as it lies there."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from typing import Any

from local import Stack


def rows_by_day(stack: Stack) -> dict[str, list[dict[str, Any]]]:
    """Give every row of the lake, by the day in the key of its part."""
    s3, bucket = stack.client("s3"), stack.outputs["LakeBucket"]
    days: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="outcomes/"):
        for entry in page.get("Contents", []):
            lines = gzip.decompress(s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read())
            day = entry["Key"].split("/")[1].removeprefix("dt=")
            days[day] += map(json.loads, lines.splitlines())
    return days


def rows_of(stack: Stack, campaign_id: str) -> list[dict[str, Any]]:
    """Give every row of a campaign."""
    return [row for rows in rows_by_day(stack).values() for row in rows if row["campaign_id"] == campaign_id]
