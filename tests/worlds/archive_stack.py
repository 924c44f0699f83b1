"""The archive on the deployed stack: a tenant with campaigns, a warehouse, and what came of it all."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from local import Stack, running_stack
from local.stack import eventually
from outbound.archive.runs import ArchiveRun, ArchiveRuns
from outbound.campaigns.registration import Registrar, Registration
from outbound.clock import SystemClock
from outbound.events import Bus
from outbound.store.outbox import Outbox
from outbound.store.registry import Registry
from outbound.store.table import Table
from sandbox.running import Receivers, Tenant, running_receivers, running_tenant
from worlds.archive import surface_at

ODD = {
    "unapproved": 0.03,
    "not_anonymised": 0.01,
    "without_anonymised": 0.01,
    "without_outcome": 0.01,
    "without_contact": 0.01,
    "without_id": 0.01,
    "without_extras": 0.05,
    "repeated": 0.02,
}


@dataclass(frozen=True, slots=True)
class ArchiveStack:
    """The stack with a tenant and a warehouse."""

    stack: Stack
    tenant: Tenant
    receivers: Receivers
    runs: ArchiveRuns

    def operate(self, *arguments: str) -> Any:
        """Do what an operator does, with the operator's command."""
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": self.stack.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        command = [sys.executable, "-m", "outbound.cli", "--stack", self.stack.name, "--json", *arguments]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=100, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def last(self, campaign_id: str) -> ArchiveRun | None:
        """The run of a campaign that was planned last."""
        return next(self.runs.of_campaign(campaign_id, limit=1), None)

    def ended(self, campaign_id: str, seconds: float) -> dict[str, Any]:
        """Wait until the last run of a campaign has ended, and return what it came to."""

        def summary() -> Any:
            run = self.last(campaign_id)
            return run and run.summary

        found: dict[str, Any] = eventually(summary, seconds=seconds, every=0.5)
        return found

    def dials(self, campaign_id: str) -> bool:
        """Whether a campaign is active."""
        return self.tenant.campaign_status(campaign_id).status == "ACTIVE"

    def copies(self, campaign_id: str) -> Counter[str]:
        """Return the ids in cold storage, each copy checked against its manifest."""
        s3, bucket = self.stack.client("s3"), self.stack.outputs["ArchiveBucket"]

        def body(key: str) -> bytes:
            return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())

        def ids(part: dict[str, Any]) -> list[str]:
            lines = gzip.decompress(body(part["key"]))
            assert hashlib.sha256(lines).hexdigest() == part["sha256"]
            return [json.loads(line)["attempt_id"] for line in lines.splitlines()]

        listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"manifests/archive/{campaign_id}/")["Contents"]
        parts = [part for entry in listed for part in json.loads(body(entry["Key"]))["parts"]]
        found: Counter[str] = Counter()
        with ThreadPoolExecutor(4) as readers:
            for some in readers.map(ids, parts):
                found.update(some)
        return found

    def told(self, campaign_id: str) -> tuple[int, int]:
        """How many attempts the warehouse was told are archived, and are not."""
        bodies = {
            one.webhook_id: json.loads(one.body) for one in self.receivers.received("warehouse").deliveries
        }
        said = [one for one in bodies.values() if one.get("event_type") == "CAMPAIGN_CONTACT_ARCHIVED"]
        mine = [one for one in said if one["campaign_id"] == campaign_id]
        return sum(one["archived_count"] for one in mine), sum(one["failed_count"] for one in mine)


def campaign_of(name: str, count: int, odd: dict[str, float] | None = None) -> dict[str, Any]:
    """A campaign that dials and takes its time to pause."""
    times = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"}
    return {
        "id": name,
        "calls": 0,
        "attempts": {"count": count, "odd": odd or {}},
        "pause_seconds": 1,
        **times,
    }


@contextmanager
def archive_stack(campaigns: Sequence[dict[str, Any]]) -> Iterator[ArchiveStack]:
    """Deploy the template, policies enforced, and connect it; what a workflow waits for is short."""
    world = {"quotas": {"archive": None, "campaigns": None}, "campaigns": list(campaigns)}
    with (
        running_tenant(world) as tenant,
        running_receivers() as receivers,
        running_stack(wait_scale=0.05) as stack,
    ):
        _connect(stack, tenant, receivers)
        table, clock = Table(stack.client("dynamodb"), stack.outputs["StateTable"]), SystemClock()
        outbox = Outbox(table, Bus(stack.client("events"), stack.outputs["BusName"], clock))
        known = stack.outputs["Tenant"]
        registrar = Registrar(Registry(table, known), outbox, known, clock)
        for campaign in campaigns:
            name = campaign["id"]
            registrar.register(Registration(campaign_id=name, name=name, enabled=False))
        yield ArchiveStack(stack, tenant, receivers, ArchiveRuns(table, known))


def _connect(stack: Stack, tenant: Tenant, receivers: Receivers) -> None:
    client, secrets = tenant.world.clients[0], stack.client("secretsmanager")
    credentials = {"client_id": client.client_id, "client_secret": client.client_secret}
    secrets.put_secret_value(SecretId=stack.outputs["CxoneSecret"], SecretString=json.dumps(credentials))
    found = secrets.get_secret_value(SecretId=stack.outputs["WarehouseSecret"])["SecretString"]
    receivers.use_secrets("warehouse", [f"whsec_{json.loads(found)['key']}"])
    budget = {"calls": 100, "per_seconds": 60, "enforced": False}
    local = {"allow_insecure": True, "allow_private": True, "waits_seconds": [1, 2, 5, 30]}
    warehouse = {"url": f"{receivers.url_of('warehouse')}/archive", **local}
    documents = {
        "cxone": {
            "surfaces": {"archive": surface_at(tenant.url)},
            "budgets": {"archive": budget, "campaigns": budget},
        },
        "deliveries": {"destinations": {"warehouse": warehouse}},
        "archiving": {"page_size": 500},
    }
    for capability, document in documents.items():
        stack.client("ssm").put_parameter(
            Name=f"/{stack.name}/config/{capability}", Type="String", Value=json.dumps(document)
        )
