"""The archive through the deployed stack: ten thousand attempts, and executions aborted wherever they are."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.stack import eventually
from outbound.archive.runs import RunStatus
from sandbox.world import archivable_ids
from worlds.archive_stack import ODD, ArchiveStack, archive_stack, campaign_of

pytestmark = [pytest.mark.stack, pytest.mark.timeout(500)]

LARGE, SIZE = "large", 10_000
SMALL = 60
STATES = ("Collect", "Partition", "Copy", "Hold", "Send", "Check", "Release", "Finish")


@pytest.fixture(scope="module")
def archive() -> Iterator[ArchiveStack]:
    """One large campaign, and a small one for each state."""
    small = [campaign_of(state.lower(), SMALL) for state in STATES]
    with archive_stack([campaign_of(LARGE, SIZE, ODD), *small]) as running:
        yield running


def test_ten_thousand_attempts_are_each_in_exactly_one_place(archive: ArchiveStack, tmp_path: Path) -> None:
    tenant = archive.tenant
    failing = archivable_ids(tenant.world, LARGE)[:5]
    tenant.fail_attempts(LARGE, failing, times=None)
    tenant.add_fault({"serve_then": "cut"}, method="POST", path="/contacts/archive$", nth=7)
    tenant.add_fault({"status": 429, "headers": {"Retry-After": "1"}}, path="/contacts/archive$", nth=11)
    archive.operate("archive", "start", LARGE)
    summary = archive.ended(LARGE, seconds=240)

    wanted = set(archivable_ids(tenant.world, LARGE))
    now = tenant.attempts(LARGE)
    assert now.archived == dict.fromkeys(wanted - set(failing), 1)
    parts = ("archived", "failed", "skipped", "quarantined")
    assert summary["collected"] == sum(summary[part] for part in parts) == SIZE - summary["duplicates"]
    assert (summary["archived"], summary["failed"]) == (len(now.archived), len(failing))
    assert archive.copies(LARGE) == Counter(wanted)
    assert archive.dials(LARGE)
    eventually(lambda: archive.told(LARGE) == (summary["archived"], summary["failed"]), seconds=100)

    file = tmp_path / "restored.jsonl"
    said = archive.operate("archive", "restore", LARGE, "--out", str(file))
    assert said["attempts"] == len(wanted)
    assert {json.loads(line)["record"]["id"] for line in file.read_text().splitlines()} == wanted
    (row,) = archive.operate("archive", "runs", LARGE)
    assert row["state"] == "incomplete"
    assert sorted(archive.operate("archive", "show", LARGE)["left"]) == sorted(failing)


def test_executions_that_are_aborted_anywhere_are_gone_on_with_and_no_campaign_stays_paused(
    archive: ArchiveStack,
) -> None:
    with ThreadPoolExecutor(len(STATES)) as operators:
        aborted = list(operators.map(lambda state: _abort_and_resume(archive, state), STATES))
    assert any(aborted)
    for state in STATES:
        campaign_id = state.lower()
        wanted = archivable_ids(archive.tenant.world, campaign_id)
        summary = archive.ended(campaign_id, seconds=200)
        assert (summary["status"], summary["archived"]) == ("complete", SMALL), state
        assert archive.tenant.attempts(campaign_id).archived == dict.fromkeys(wanted, 1), state
        assert archive.copies(campaign_id) == Counter(wanted), state
        assert eventually(lambda: archive.dials(campaign_id), seconds=60), state  # noqa: B023 - at once


def _abort_and_resume(archive: ArchiveStack, state: str) -> bool:
    """Start, abort at a state, and start again once the campaign dials; say whether there was time to."""
    campaign_id = state.lower()
    archive.operate("archive", "start", campaign_id)
    execution = eventually(lambda: _execution(archive, campaign_id), seconds=100)
    aborted = _abort(archive, execution, state)
    if aborted:
        eventually(lambda: _status(archive, campaign_id) is not RunStatus.RUNNING, seconds=100)
        eventually(lambda: archive.dials(campaign_id), seconds=100)
    run = archive.last(campaign_id)
    if run and not run.summary:
        archive.operate("archive", "resume", campaign_id)
    return aborted


def _status(archive: ArchiveStack, campaign_id: str) -> RunStatus | None:
    run = archive.last(campaign_id)
    return run.status if run else None


def _execution(archive: ArchiveStack, campaign_id: str) -> str:
    client = archive.stack.client("stepfunctions")
    listed = client.list_executions(stateMachineArn=archive.stack.outputs["ArchiveStateMachine"])
    for found in (str(one["executionArn"]) for one in listed["executions"]):
        given: dict[str, Any] = json.loads(client.describe_execution(executionArn=found)["input"])
        if given["run"]["campaign_id"] == campaign_id:
            return found
    return ""


def _abort(archive: ArchiveStack, execution: str, state: str) -> bool:
    """Stop an execution as soon as it has entered a state; False where it was faster."""
    client = archive.stack.client("stepfunctions")
    until = time.monotonic() + 100
    while time.monotonic() < until:
        events = client.get_execution_history(executionArn=execution, maxResults=1000)["events"]
        if any(event.get("stateEnteredEventDetails", {}).get("name") == state for event in events):
            break
        time.sleep(0.05)
    try:
        client.stop_execution(executionArn=execution)
    except ClientError:
        return False
    return True
