"""A run from its request to its report: every attempt in exactly one place, copied before it leaves."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from sandbox.world import archivable_ids, attempt_kinds
from worlds.archive import CAMPAIGN, ArchiveWorld, MakeWorld

ODD = {
    "unapproved": 0.1,
    "not_anonymised": 0.05,
    "without_anonymised": 0.05,
    "without_outcome": 0.05,
    "without_contact": 0.05,
    "without_id": 0.05,
    "without_extras": 0.1,
    "repeated": 0.1,
}


def _is_right(world: ArchiveWorld) -> dict[str, Any]:
    """Check that everything archivable is archived once and copied once; return the run's summary."""
    wanted = Counter(archivable_ids(world.tenant.world, CAMPAIGN))
    assert world.tenant.attempts(CAMPAIGN).archived == wanted
    assert world.copied_ids() == wanted
    summary = dict(world.last().summary)
    parts = ("archived", "failed", "skipped", "quarantined")
    assert summary["collected"] == sum(summary[part] for part in parts)
    assert (summary["archived"], summary["failed"]) == (wanted.total(), 0)
    assert world.runs.current(CAMPAIGN) is None
    assert world.holds.of_campaign(CAMPAIGN) == []
    return summary


def test_an_active_campaign_is_paused_archived_and_resumed(make_world: MakeWorld) -> None:
    world = make_world(450)
    ended = world.archive()

    assert (ended.status, ended.entered[-1]) == ("SUCCEEDED", "Done")
    summary = _is_right(world)
    assert (summary["status"], summary["collected"], summary["pauses"]) == ("complete", 450, 1)
    changes = [(change.status, change.by) for change in world.tenant.campaign_status(CAMPAIGN).changes]
    assert changes == [("PAUSED", "api"), ("ACTIVE", "api")]


def test_a_campaign_that_is_paused_already_stays_paused(make_world: MakeWorld) -> None:
    world = make_world(50, status="PAUSED")
    world.archive()
    _is_right(world)
    assert not world.dials()
    assert world.tenant.campaign_status(CAMPAIGN).changes == []


def test_every_attempt_is_in_exactly_one_place(make_world: MakeWorld) -> None:
    world = make_world(1500, odd=ODD)
    world.archive()

    summary, kinds = _is_right(world), attempt_kinds(world.tenant.world, CAMPAIGN)
    assert summary["status"] == "complete"
    assert summary["listed"] == 1500
    assert summary["skipped_by_reason"] == {
        "unapproved_outcome": kinds["unapproved"],
        "without_contact": kinds["without_contact"],
        "without_outcome": kinds["without_outcome"],
    }
    assert summary["quarantined_by_reason"]["not_anonymised"] == (
        kinds["not_anonymised"] + kinds["without_anonymised"]
    )
    assert world.aside() == {
        f"{kind}.{reason}": count
        for kind in ("skipped", "quarantined")
        for reason, count in summary[f"{kind}_by_reason"].items()
    }


def test_nothing_of_a_person_who_is_not_anonymised_is_kept(make_world: MakeWorld) -> None:
    world = make_world(100, odd={"not_anonymised": 0.3, "without_anonymised": 0.3})
    world.archive()
    pages = [
        attempt
        for key in world.aws.objects("LAKE_BUCKET", "archiving/")
        if "/collected/" in key
        for attempt in world.lake.read_lines(key)
    ]
    assert {attempt[5] is True: attempt[7] is not None for attempt in pages} == {True: True, False: False}


def test_each_batch_and_the_run_are_said_and_reported(make_world: MakeWorld) -> None:
    world = make_world(450, odd={"not_anonymised": 0.1})
    world.archive()
    facts = world.aws.published()
    batches = [fact["data"] for fact in facts if fact["event_type"] == "attempts.archived"]
    (finished,) = [fact["data"] for fact in facts if fact["event_type"] == "archive.finished"]

    jobs = {one.job_id: len(one.archived) for one in world.tenant.archivings(CAMPAIGN)}
    assert {batch["migration_job_id"]: batch["archived_count"] for batch in batches} == jobs
    assert finished["archived"] == sum(jobs.values())
    assert finished["audit"] == {
        "batch_size": finished["archived"],
        "success_rate_percent": 100.0,
        "cold_storage_triggered": True,
        "anonymization_verified": True,
        "compliance_status": "VERIFIED",
    }
    reports = world.aws.objects("LAKE_BUCKET", "reports/archive/")
    (text,) = [body.decode() for key, body in reports.items() if key.endswith(".md")]
    (figures,) = [json.loads(body) for key, body in reports.items() if key.endswith(".json")]
    assert f"| archived | {finished['archived']} |" in text
    assert f"- not_anonymised: {finished['quarantined']}" in text
    assert figures["archived"] == finished["archived"]


def test_an_empty_list_ends_well_without_a_pause(make_world: MakeWorld) -> None:
    world = make_world(0)
    ended = world.archive()
    assert (ended.status, world.last().summary["status"]) == ("SUCCEEDED", "empty")
    assert world.last().summary["audit"]["compliance_status"] == "NOTHING_TO_VERIFY"
    assert world.last().summary["audit"]["anonymization_verified"] is None
    assert world.tenant.campaign_status(CAMPAIGN).changes == []


def test_copies_are_kept_as_long_as_their_attempts_are_to_be(make_world: MakeWorld) -> None:
    world = make_world(200)
    world.archive()
    for key, rows in world.copies().items():
        tags = world.aws.s3.get_object_tagging(Bucket="outbound-archive", Key=key)["TagSet"]
        (kept,) = [int(tag["Value"]) for tag in tags if tag["Key"] == "retention-days"]
        assert {row["retention_days"] for row in rows} == {kept}
        assert world.aws.s3.head_object(Bucket="outbound-archive", Key=key)["StorageClass"] == "STANDARD_IA"


def test_only_asked_outcomes_leave_and_the_retention_that_was_asked_for_counts(make_world: MakeWorld) -> None:
    world = make_world(200, odd={"without_extras": 0.5})
    world.archive(statuses=["BUSY"], retention_days=100)
    rows = [row for rows in world.copies().values() for row in rows]
    assert {row["outcome_code"] for row in rows} == {"BUSY"}
    assert 100 in {row["retention_days"] for row in rows}
    items = [item for one in world.tenant.archivings(CAMPAIGN) for item in one.body["items"]]
    assert {item["attemptId"]: item["retentionPeriodDays"] for item in items} == {
        row["attempt_id"]: row["retention_days"] for row in rows
    }


def test_a_second_run_finds_what_is_left(make_world: MakeWorld) -> None:
    world = make_world(100, odd={"unapproved": 0.2})
    world.archive()
    world.clock.advance(hours=1)
    world.archive()
    assert world.last().summary["status"] == "empty"
    assert [run.summary["status"] for run in world.runs.of_campaign(CAMPAIGN)] == ["empty", "complete"]


def test_a_run_that_an_earlier_version_began_is_continued(make_world: MakeWorld) -> None:
    """Items keep the names of their attributes, whatever the fields are called by now."""
    world = make_world(50)
    world.ask()
    run = world.current()
    progress = {"sorted_pages": 3, "sorted": True, "batches": 2, "collected": {"page": 3, "offset": 250}}
    key = world.runs.key(CAMPAIGN, run.run_id)
    world.table.update(key, "SET #progress = :progress", {":progress": progress})
    read = world.current().progress
    assert (read.classified_pages, read.classified, read.batches) == (3, True, 2)
    assert (read.collected.page, read.collected.offset) == (3, 250)
    world.runs.advance(world.current(), sent=1)
    stored = (world.table.get(key) or {})["progress"]
    assert (stored["sorted_pages"], stored["sorted"], stored["sent"]) == (3, True, 1)
    assert "classified_pages" not in stored
