"""What a pull comes to: the manifest and its hash, which anyone can compute again, and the fact."""

from __future__ import annotations

import gzip
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from outbound.clock import Deadline
from outbound.cxone.platform.outcomes import PlatformCalls
from outbound.cxone.ports.outcomes import OutcomePage
from outbound.events import deterministic_id
from outbound.outcomes.job import Job, Position, job_of, new_job
from outbound.outcomes.leased_jobs import LeasedJobs
from outbound.outcomes.part_writer import OpenPart, PartWriter
from outbound.outcomes.reporter import Reporter
from outbound.outcomes.rows import RowMaker
from outbound.outcomes.seen_calls import SeenCalls
from outbound.outcomes.settings import OutcomeSettings
from outbound.outcomes.windows import Window
from outbound.store.objects import Lake
from sandbox.world import expected
from worlds.aws import AwsWorld, FakeClock
from worlds.outcomes import MakePulls, PullWorld, hours_ago

SPRING = {"id": "spring", "calls": 400, "from": -4, "to": -3, "agents": 3, "bad": {"without_code": 0.05}}
SPRING["codes"] = {"CONVERTED": 2, "BUSY": 5, "MAYBE": 1}

# The fields that the document names, and no others.
METRICS = {
    "extraction_latency_seconds",
    "download_success_rate",
    "total_records",
    "conversion_rate",
    "summary",
}
AUDIT = {
    "job_id",
    "campaign_id",
    "start_time",
    "end_time",
    "initiated_at",
    "completed_at",
    "status",
    "records_processed",
    "compliance_hash",
    "error",
}
SUMMARY = {"total_calls", "conversion_rate_percent", "category_distribution", "performance_trend"}


def _pulled(world: PullWorld) -> tuple[dict[str, Any], dict[str, Any]]:
    """Pull one window; give its fact and its manifest."""
    world.register("spring", page_size=90, enabled=False)
    world.ask("spring", hours_ago(world.clock, 4), hours_ago(world.clock, 3))
    world.clock.advance(seconds=45)
    world.work_off()
    [fact] = world.facts("outcomes.pulled")
    body = world.aws.objects("LAKE_BUCKET", "manifests/")[fact["data"]["manifest"]]
    return fact, json.loads(body)


def test_the_compliance_hash_can_be_computed_again_from_the_parts(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    fact, manifest = _pulled(world)
    objects = world.aws.objects("LAKE_BUCKET", "outcomes/")
    digests = [
        hashlib.sha256(gzip.decompress(objects[part["key"]])).hexdigest() for part in manifest["parts"]
    ]
    assert digests == [part["sha256"] for part in manifest["parts"]]
    lines = "".join(f"{digest}\n" for digest in digests)
    assert hashlib.sha256(lines.encode()).hexdigest() == fact["data"]["audit"]["compliance_hash"]


def test_the_manifest_lists_exactly_what_is_in_the_lake(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    fact, manifest = _pulled(world)
    objects = world.aws.objects("LAKE_BUCKET", "outcomes/")
    assert {part["key"]: part["size"] for part in manifest["parts"]} == {
        key: len(body) for key, body in objects.items()
    }
    assert sum(part["records"] for part in manifest["parts"]) == len(world.rows())
    assert sum(manifest["set_aside"].values()) == len(world.rows("set-aside/"))
    assert manifest["audit"] == fact["data"]["audit"]
    assert manifest["metrics"] == fact["data"]["metrics"]
    assert manifest["window"] == fact["data"]["window"]


def test_the_fact_says_what_the_calls_amount_to(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    fact, _ = _pulled(world)
    metrics, audit = fact["data"]["metrics"], fact["data"]["audit"]
    [job] = world.job_list("spring")
    truth = expected(world.tenant.world, "spring", job.start, job.end)
    assert metrics["total_records"] == audit["records_processed"] == truth.valid
    assert metrics["conversion_rate"] == round(100 * truth.by_code["CONVERTED"] / truth.valid, 4)
    assert metrics["summary"]["code_distribution"] == dict(truth.by_code)
    assert metrics["summary"]["unknown_codes"] == {"MAYBE": truth.by_code["MAYBE"]}
    assert fact["data"]["set_aside"]["code_missing"] >= truth.set_aside["without_code"]


def test_metrics_and_audit_have_exactly_the_fields_of_the_document(pulls: MakePulls) -> None:
    fact, _ = _pulled(pulls(SPRING))
    assert set(fact["data"]["metrics"]) == METRICS
    assert set(fact["data"]["audit"]) == AUDIT
    assert set(fact["data"]["metrics"]["summary"]) >= SUMMARY
    assert fact["data"]["audit"]["status"] == "completed"
    assert fact["data"]["audit"]["error"] is None


def test_the_extraction_latency_counts_from_the_first_run(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    world.register("spring", page_size=90, enabled=False)
    world.ask("spring", hours_ago(world.clock, 4), hours_ago(world.clock, 3))
    [body] = world.messages()
    world.clock.advance(hours=2)
    assert world.pull(body, seconds=7.9) is not None
    world.clock.advance(seconds=20)
    world.work_off([body])
    [fact] = world.facts("outcomes.pulled")
    assert 20 <= fact["data"]["metrics"]["extraction_latency_seconds"] < 60


def test_the_ids_of_facts_derive_from_what_they_are_about(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    fact, _ = _pulled(world)
    [job] = world.job_list("spring")
    assert fact["event_id"] == deterministic_id("outcomes.pulled", "acme", job.job_id, "1")
    assert fact["correlation_id"] == "correlation-request-1"


def test_the_metrics_of_a_pull_are_measured(pulls: MakePulls, measured: dict[str, list[float]]) -> None:
    world = pulls(SPRING)
    fact, manifest = _pulled(world)
    assert sum(measured["RecordsPulled"]) == len(world.rows())
    assert sum(measured["RecordsSetAside"]) == len(world.rows("set-aside/"))
    assert sum(measured["PagesPulled"]) == fact["data"]["pages"] >= len(manifest["parts"])
    assert measured["PullsCompleted"] == [1]
    assert measured["ConversionRate"] == [fact["data"]["metrics"]["conversion_rate"]]
    assert measured["PageSuccessRate"] == [100.0]
    assert measured["ExtractionLatencySeconds"] == [fact["data"]["metrics"]["extraction_latency_seconds"]]
    assert measured["TokenRequests"] == [1]


def _running_job(aws: AwsWorld, clock: FakeClock, jobs: LeasedJobs) -> Job:
    start = datetime(2026, 3, 10, tzinfo=UTC)
    planned = new_job("spring", start, start.replace(hour=6), "request", clock.now(), "c")
    aws.table().transact([jobs.planning(planned, clock.now())])
    return job_of(jobs.claim(jobs.key("spring", planned.start, planned.end), clock.now(), 180).item)


def test_a_fact_fits_on_the_bus_with_a_thousand_agents_and_five_hundred_codes(
    aws: AwsWorld, clock: FakeClock
) -> None:
    jobs, lake = LeasedJobs(aws.table(), "acme"), Lake(aws.s3, "outbound-lake")
    job = _running_job(aws, clock, jobs)
    settings = OutcomeSettings()
    for page in range(2):
        calls = [
            {
                "id": f"call-{page}-{n}",
                "campaignId": "spring",
                "dispositionCode": f"{n % 600:064}",
                "startTime": f"2026-03-10T0{n % 6}:00:00Z",
                "direction": "OUTBOUND",
                "agentId": f"{page}{n % 1200:0250}",
            }
            for n in range(2400)
        ]
        outcome = OutcomePage(PlatformCalls(calls), f"token-{page}", 1)
        gathered = OpenPart(page, clock.now())
        gathered.add(outcome, RowMaker(job.campaign_id, Window(job.start, job.end), settings), SeenCalls())
        position = Position(page=page + 1, since="2026-03-10T00:00:00Z")
        checked_off = jobs.checkpoint(job, position, PartWriter(lake).write(job, gathered), clock.now())
        assert checked_off is not None
        job = checked_off
    item = Reporter(jobs, lake, "acme", clock).complete(job, settings, Deadline(clock, 60))
    assert item is not None
    [fact] = item["facts"]
    assert len(fact.encode()) < 200 * 1024
    metrics = json.loads(fact)["data"]["metrics"]
    assert metrics["total_records"] == sum(metrics["summary"]["code_distribution"].values()) == 4800
