"""What came of it, compared with what is true of the tenant: a table, and every deviation by name."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from sandbox.world import expected, expected_ids
from scenario.cast import Cast, dialled
from scenario.steps import CALLS
from scenario.watching import RECORDS, Seen
from scenario.webhooks import Row

_SUCCESS = ("CONVERTED", "APPOINTMENT_SET")


@dataclass(slots=True)
class Verdict:
    """Figures of a run, and what was not as it should be."""

    campaigns: list[dict[str, Any]] = field(default_factory=list)
    webhooks: list[Row] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    deviations: list[str] = field(default_factory=list)

    def expect(self, holds: bool, otherwise: str) -> None:
        """Write down a deviation where something does not hold."""
        if not holds:
            self.deviations.append(otherwise)


def judge(cast: Cast, seen: Seen, webhooks: list[Row], seconds: float, quota: bool) -> Verdict:
    """Compare what arrived with what exists."""
    verdict = Verdict(webhooks=webhooks)
    for row in webhooks:
        verdict.expect(row.as_meant, f"{row.sender}, {row.what}: {row.answers}")
    lake = _lake(cast)
    for campaign in dialled(cast.tenant):
        mine = [job for job in seen.jobs if job.campaign_id == campaign.id]
        if not mine:
            verdict.expect(False, f"{campaign.id}: no pull was planned")
            continue
        start, end = min(job.start for job in mine), max(job.end for job in mine)
        _judge_campaign(verdict, cast, campaign.id, lake, start, end)
    _judge_jobs(verdict, seen)
    _judge_deliveries(verdict, cast, seen)
    _judge_audit(verdict, cast, seen)
    _judge_queues(verdict, cast)
    _figures(verdict, cast, seen, seconds, quota)
    return verdict


def _judge_campaign(
    verdict: Verdict, cast: Cast, campaign_id: str, lake: list[dict[str, Any]], start: datetime, end: datetime
) -> None:
    truth = expected(cast.tenant.world, campaign_id, start, end)
    rows = [row for row in lake if row["campaign_id"] == campaign_id]
    got = Counter(row["id"] for row in rows)
    wanted = Counter(expected_ids(cast.tenant.world, campaign_id, start, end, kinds=RECORDS))
    verdict.expect(not wanted - got, f"{campaign_id}: {len(wanted - got)} calls are missing from the lake")
    verdict.expect(
        not got - wanted, f"{campaign_id}: {len(got - wanted)} calls are in the lake too often or wrongly"
    )
    converted = sum(truth.by_code.get(code, 0) for code in _SUCCESS)
    found = sum(row["mapped_category"] == "success" for row in rows)
    verdict.expect(found == converted, f"{campaign_id}: {found} conversions instead of {converted}")
    aside = _set_aside(cast, campaign_id)
    broken = truth.total - wanted.total()
    verdict.expect(aside == broken, f"{campaign_id}: {aside} records set aside instead of {broken}")
    verdict.campaigns.append(
        {
            "campaign": campaign_id,
            "records": len(rows),
            "set_aside": aside,
            "conversion_percent": round(100 * found / max(1, len(rows)), 1),
        }
    )


def _judge_jobs(verdict: Verdict, seen: Seen) -> None:
    for job in seen.jobs:
        reason = job.result.get("message", "")
        verdict.expect(job.status == "completed", f"{job.job_id} is {job.status} {reason}")


def _judge_deliveries(verdict: Verdict, cast: Cast, seen: Seen) -> None:
    crm = cast.receivers.received("crm")
    bodies = [json.loads(delivery.body or "{}") for delivery in crm.deliveries if delivery.verified]
    reported = {body["audit"]["job_id"] for body in bodies if "audit" in body}
    missing = {job.job_id for job in seen.jobs} - reported
    verdict.expect(not missing, f"the CRM was not told of {len(missing)} pulls")
    verdict.expect(not crm.refused, f"the CRM refused {crm.refused} signatures")
    verdict.expect(not crm.with_authorization, "an Authorization header reached the CRM")
    watched = {job.campaign_id for job in seen.jobs}
    told = (
        json.loads(one.body or "{}")
        for one in cast.receivers.received("warehouse").deliveries
        if one.verified
    )
    stored = {
        body["data"]["job_id"]
        for body in told
        if body["event_type"] == "outcomes.pulled" and body["data"]["campaign_id"] in watched
    }
    verdict.expect(
        len(stored) == len(seen.jobs), f"the warehouse has {len(stored)} of {len(seen.jobs)} pulls"
    )


def _judge_audit(verdict: Verdict, cast: Cast, seen: Seen) -> None:
    pulled = {e["data"]["job_id"] for e in audited(cast) if e["event_type"] == "outcomes.pulled"}
    missing = {job.job_id for job in seen.jobs} - pulled
    verdict.expect(not missing, f"the audit log lacks {len(missing)} pulls")


def _judge_queues(verdict: Verdict, cast: Cast) -> None:
    for queue in cast.operator.run("queues", "list"):
        verdict.expect(queue["dead"] == 0, f"{queue['queue']} has {queue['dead']} dead letters")


def _figures(verdict: Verdict, cast: Cast, seen: Seen, seconds: float, quota: bool) -> None:
    stats = cast.tenant.stats()
    metrics = cast.stack.metrics("pull_outcomes")
    throttled = stats.count(f"GET {CALLS}", 429)
    verdict.expect(throttled == 0, f"CXone throttled {throttled} requests")
    crm = cast.receivers.received("crm")
    verdict.figures = {
        "records": sum(row["records"] for row in verdict.campaigns),
        "pages": sum(job.position.page for job in seen.jobs),
        "pull jobs": len(seen.jobs),
        "requests to CXone": stats.count(f"GET {CALLS}"),
        "429s": throttled,
        "retries": int(sum(metrics.get("CxoneRetries", []))),
        "seconds waited for quota": round(sum(metrics.get("QuotaWaitSeconds", [])), 1)
        if quota
        else "quota off",
        "token requests": stats.token_requests,
        "deliveries verified by the CRM": f"{crm.ids} in {crm.verified} requests",
        "audit objects": seen.audit_objects,
        "seconds": round(seconds, 1),
    }


def _lake(cast: Cast) -> list[dict[str, Any]]:
    return [
        row
        for body in _objects(cast, "LakeBucket", "outcomes/")
        for row in map(json.loads, body.splitlines())
    ]


def _set_aside(cast: Cast, campaign_id: str) -> int:
    """Count the records set aside; one at the border of two windows is in both."""
    bodies = _objects(cast, "LakeBucket", "set-aside/outcomes/", f"/{campaign_id}/")
    return len({line for body in bodies for line in body.splitlines()})


def audited(cast: Cast) -> list[dict[str, Any]]:
    """Return every event that the audit log has by now."""
    return [
        event
        for body in _objects(cast, "AuditBucket", "audit/")
        for event in map(json.loads, body.splitlines())
    ]


def _objects(cast: Cast, bucket: str, prefix: str, part: str = "") -> list[bytes]:
    s3, name = cast.stack.client("s3"), cast.stack.outputs[bucket]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=name, Prefix=prefix)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", []) if part in entry["Key"]]
    return [gzip.decompress(s3.get_object(Bucket=name, Key=key)["Body"].read()) for key in keys]


def show(verdict: Verdict, console: Console) -> None:
    """Print the summary."""
    table = Table("campaign", "records", "set aside", "conversion", title="pulled", title_justify="left")
    for row in verdict.campaigns:
        figures = f"{row['records']:,}", f"{row['set_aside']:,}", f"{row['conversion_percent']} %"
        table.add_row(row["campaign"], *figures)
    console.print(table)
    table = Table("sender", "what", "came of it", title="what was sent and asked for", title_justify="left")
    for webhook in verdict.webhooks:
        table.add_row(webhook.sender, webhook.what, webhook.answers)
    console.print(table)
    table = Table("what", "how much", title="on the way", title_justify="left")
    for name, value in verdict.figures.items():
        table.add_row(name, f"{value:,}" if isinstance(value, int) else str(value))
    console.print(table)
    for deviation in verdict.deviations:
        console.print(f"[red]not as it should be:[/red] {deviation}")
    if not verdict.deviations:
        console.print("[green]Everything arrived, once, and nothing is left over.[/green]")
