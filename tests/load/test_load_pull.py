"""Half a million calls through the deployed stack, read back one by one."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local import Stack, running_stack
from local.stack import eventually
from sandbox.running import Tenant, running_tenant
from sandbox.world import expected_ids, iso

pytestmark = [pytest.mark.load, pytest.mark.stack, pytest.mark.timeout(600)]

CALLS = 500_000
CAMPAIGN = "half-a-million"
# A whole day: several jobs, which the functions pull side by side.
END = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
START = END - timedelta(days=1)
BROKEN = {"bad_start_time": 0.001, "end_before_start": 0.001, "not_an_object": 0.001}


@pytest.fixture(scope="module")
def tenant() -> Iterator[Tenant]:
    """A tenant without quota, with a campaign of which a few calls are unusable."""
    campaign = {"id": CAMPAIGN, "calls": CALLS, "from": iso(START), "to": iso(END), "bad": BROKEN}
    with running_tenant({"quotas": {"outbound": None}, "campaigns": [campaign]}) as running:
        yield running


@pytest.fixture(scope="module")
def stack(tenant: Tenant) -> Iterator[Stack]:
    """The deployed template, policies enforced, connected to the tenant."""
    with running_stack() as running:
        client = tenant.world.clients[0]
        credentials = {"client_id": client.client_id, "client_secret": client.client_secret}
        running.client("secretsmanager").put_secret_value(
            SecretId=running.outputs["CxoneSecret"], SecretString=json.dumps(credentials)
        )
        _configure(running, "cxone", _cxone_document(tenant.url))
        yield running


def test_half_a_million_calls_are_each_in_the_lake_exactly_once(stack: Stack, tenant: Tenant) -> None:
    _operate(stack, "campaigns", "register", CAMPAIGN, "--page-size", "5000", "--disabled")
    _operate(stack, "outcomes", "pull", CAMPAIGN, "--from", iso(START), "--to", iso(END))
    jobs = eventually(lambda: _ended(stack), seconds=400, every=2)

    assert {job["state"] for job in jobs} == {"completed"}
    wanted = Counter(expected_ids(tenant.world, CAMPAIGN, START, END))
    found = _ids_in_the_lake(stack)
    assert (len(wanted - found), len(found - wanted)) == (0, 0)
    assert sum(job["records"] for job in jobs) == wanted.total()
    assert stack.queue_depth(stack.outputs["PullOutcomesDeadLettersUrl"]) == 0


def _ended(stack: Stack) -> list[dict[str, Any]]:
    """Give the jobs once all of the day are ended."""
    jobs = _operate(stack, "outcomes", "jobs", CAMPAIGN, "--since", iso(START))
    covered = sum(
        (datetime.fromisoformat(job["end"]) - datetime.fromisoformat(job["start"]) for job in jobs),
        timedelta(),
    )
    ended = all(job["state"] in ("completed", "failed") for job in jobs)
    return jobs if ended and covered == END - START else []


def _ids_in_the_lake(stack: Stack) -> Counter[str]:
    bucket, s3 = stack.outputs["LakeBucket"], stack.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="outcomes/")
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def ids(key: str) -> list[str]:
        lines = gzip.decompress(s3.get_object(Bucket=bucket, Key=key)["Body"].read()).splitlines()
        return [json.loads(line)["id"] for line in lines]

    found: Counter[str] = Counter()
    with ThreadPoolExecutor(4) as readers:
        for part in readers.map(ids, keys):
            found.update(part)
    return found


def _cxone_document(url: str) -> dict[str, Any]:
    scopes = ["outbound:call:read", "outbound:campaign:read"]
    token = {"url": f"{url}/oauth/token", "credentials": "basic", "scopes": scopes}
    budget = {"calls": 100, "per_seconds": 60, "enforced": False}
    return {
        "surfaces": {"outcomes": {"base_url": url, "token": token}},
        "budgets": {"outbound": budget},
    }


def _configure(stack: Stack, capability: str, document: dict[str, Any]) -> None:
    file = Path(stack.emulator.folder, f"{capability}.json")
    file.write_text(json.dumps(document))
    _operate(stack, "config", "put", capability, str(file))


def _operate(stack: Stack, *arguments: str) -> Any:
    """Do what an operator does, with the operator's command."""
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": stack.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    command = [sys.executable, "-m", "outbound.cli", "--stack", stack.name, "--json", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
