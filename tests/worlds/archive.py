"""The archive, wired as its functions wire it, on moto and a sandbox tenant; its workflow is the real one."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3

from outbound.archive.batches import Batches
from outbound.archive.cold_storage import ColdStorage
from outbound.archive.executions import Executions
from outbound.archive.interruptions import Interruptions
from outbound.archive.planner import ArchiveRequests
from outbound.archive.runs import ArchiveRun, ArchiveRuns
from outbound.archive.settings import ArchiveSettings
from outbound.archive.workflow import Workflow
from outbound.campaigns.registration import Registrar, Registration
from outbound.clock import Deadline, format_time
from outbound.cxone.adapters import Cxone
from outbound.cxone.settings import BUDGETS, SURFACES
from outbound.events import Event
from outbound.queues import TryLater, work
from outbound.store.holds import Holds
from sandbox.running import Tenant
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock, Invocation, sqs_event
from worlds.runtime import WorldRuntime
from worlds.state_machine import Execution, execute

MakeWorld = Callable[..., "ArchiveWorld"]

TENANT = ENVIRONMENT["TENANT"]
CAMPAIGN = "spring"
FOLDER = Path(__file__).parents[2] / "functions" / "archive_attempts"
DEFINITION: dict[str, Any] = json.loads((FOLDER / "archive.asl.json").read_text())


def surface_at(url: str) -> dict[str, Any]:
    """The archive's packaged surface, moved to a tenant's address."""
    surface = SURFACES["archive"].model_dump(mode="json")
    surface["base_url"] = url
    surface["token"]["url"] = url + urlsplit(surface["token"]["url"]).path
    return surface


def campaign_of(count: int, **given: Any) -> dict[str, Any]:
    """A tenant's world with one campaign of so many attempts; `odd` and the like shape them."""
    shape = {name: given.pop(name) for name in ("odd", "outcomes", "archive_seconds") if name in given}
    campaign = {"id": given.pop("id", CAMPAIGN), "calls": 0, "attempts": {"count": count, **shape}, **given}
    campaign |= {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"}
    return {"quotas": {"archive": None, "campaigns": None}, "campaigns": [campaign]}


class ArchiveWorld:
    """One stack's archive, and a tenant with a campaign."""

    def __init__(self, aws: AwsWorld, clock: FakeClock, tenant: Tenant, **settings: Any) -> None:
        self.aws = aws
        self.clock = clock
        self.tenant = tenant
        self.settings = ArchiveSettings.model_validate({"campaigns": ["*"], **(settings or {})})
        budgets = {name: budget.model_dump() | {"enforced": False} for name, budget in BUDGETS.items()}
        document = {"surfaces": {"archive": surface_at(tenant.url)}, "budgets": budgets}
        name, value = "/outbound/config/cxone", json.dumps(document)
        aws.ssm.put_parameter(Name=name, Type="String", Overwrite=True, Value=value, Tier="Advanced")
        client = tenant.world.clients[0]
        secret = {"client_id": client.client_id, "client_secret": client.client_secret}
        aws.secrets.put_secret_value(SecretId=ENVIRONMENT["CXONE_SECRET"], SecretString=json.dumps(secret))
        self.sfn = boto3.client("stepfunctions")
        role = "arn:aws:iam::123456789012:role/archive"
        self.sfn.create_state_machine(
            name="outbound-archive", definition=json.dumps(DEFINITION), roleArn=role
        )
        self.table = aws.table()
        self._requests = count(1)
        self.start_afresh()
        registration = Registration(campaign_id=CAMPAIGN, name=CAMPAIGN)
        Registrar(self.registry, self.outbox, TENANT, clock).register(registration)

    def start_afresh(self) -> None:
        """Wire everything anew, as a cold start does."""
        self.runtime = WorldRuntime(self.aws, self.clock, "end-archive")
        table = self.table
        self.outbox, self.registry, self.lake = self.runtime.outbox, self.runtime.registry, self.runtime.lake
        self.runs, self.batches = ArchiveRuns(table, TENANT), Batches(table, TENANT)
        self.holds = Holds(table, TENANT)
        self.storage = ColdStorage(self.aws.s3, ENVIRONMENT["ARCHIVE_BUCKET"], "STANDARD_IA")
        self.executions = Executions(self.sfn, ENVIRONMENT["STATE_MACHINE_ARN"])
        self.requests = ArchiveRequests.of(self.runtime)
        self.runtime.warm_up("cxone")

    @property
    def cxone(self) -> Cxone:
        """The ports of an invocation that begins now."""
        return self.runtime.ports

    # What happens in the stack

    def ask(self, campaign_id: Any = CAMPAIGN, request_id: str = "", **data: Any) -> None:
        """Ask for an archive, as the bus brings it to the function."""
        self.requests.handle(
            self.event("archive.requested", request_id, campaign_id=campaign_id, **data), self.settings
        )

    def tick(self) -> None:
        """A tick of the schedule."""
        self.requests.handle(self.event("archive.due"), self.settings)

    def step(self, event: Mapping[str, Any], seconds: float = 110) -> dict[str, Any]:
        """One call of the workflow's function."""
        deadline = Deadline(self.clock, seconds)
        return Workflow.of(self.runtime, deadline).take(event, self.settings, deadline).document()

    def about(self, run: ArchiveRun) -> dict[str, Any]:
        """A run as its execution is told of it."""
        return {"campaign_id": run.campaign_id, "run_id": run.run_id, "attempt": run.attempt}

    def execute(self, before: Callable[[str], None] = lambda state: None, seconds: float = 110) -> Execution:
        """Run the execution of the campaign's current run to its end, and tell what AWS tells of it."""
        run = self.current()
        ended = execute(
            DEFINITION, {"run": self.about(run)}, lambda event: self.step(event, seconds), self.clock, before
        )
        self.execution_ended(run, ended.status)
        return ended

    def execution_ended(self, run: ArchiveRun, status: str) -> None:
        """Let an execution have ended: AWS says so on the default bus."""
        arn = f"{ENVIRONMENT['STATE_MACHINE_ARN'].replace(':stateMachine:', ':execution:')}:{run.execution}"
        self.sfn.stop_execution(executionArn=arn)
        detail = {"executionArn": arn, "name": run.execution, "status": status}
        detail["input"] = json.dumps({"run": self.about(run)})
        self.end({"source": "aws.states", "detail": detail})

    def end(self, *messages: Mapping[str, Any]) -> list[str]:
        """Send messages to the function that sees to interruptions; return which of them come back."""
        bodies = [json.dumps(message) for message in messages]
        url = self.aws.queue_urls["end-archive"]
        for body in bodies:
            self.aws.sqs.send_message(QueueUrl=url, MessageBody=body)
        got = self.aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        receipts = {message["Body"]: message["ReceiptHandle"] for message in got}
        event = sqs_event("end-archive", *bodies, receipts=[receipts[body] for body in bodies])
        interruptions = Interruptions.of(self.runtime, Deadline(self.clock, 110))
        answer = work(event, self.runtime.queue, interruptions.handle, Invocation())
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def hear(self, event: Event) -> list[str]:
        """Send an event of the bus to the function that takes note of what other parties do."""
        return self.end({"detail-type": event.event_type, "detail": json.loads(event.to_json())})

    def sweep(self) -> dict[str, int]:
        """What the sweeper does every minute, and what its messages lead to."""
        swept = self.runtime.sweep()
        for message in self.aws.drain("end-archive"):
            self.end(json.loads(message["Body"]))
        return swept

    def archive(self, **data: Any) -> Execution:
        """Ask for an archive and run it to its end."""
        self.ask(**data)
        return self.execute()

    def event(self, event_type: str, event_id: str = "", **data: Any) -> Event:
        """An event of now."""
        event_id = event_id or f"event-{next(self._requests)}"
        now = format_time(self.clock.now())
        return Event(event_id, event_type, now, event_id, TENANT, data)

    # What came of it

    def current(self) -> ArchiveRun:
        """The run that has the campaign."""
        run = self.runs.current(CAMPAIGN)
        assert run is not None, "no run has the campaign"
        return run

    def last(self) -> ArchiveRun:
        """The run that was planned last."""
        return next(self.runs.of_campaign(CAMPAIGN))

    def copies(self) -> dict[str, list[dict[str, Any]]]:
        """Every row of cold storage, by the object's key, checked against the manifests' hashes."""
        objects = {
            key: gzip.decompress(body) for key, body in self.aws.objects("ARCHIVE_BUCKET", "archive/").items()
        }
        for manifest in self.storage.manifests(CAMPAIGN):
            for part in manifest["parts"]:
                assert hashlib.sha256(objects[part["key"]]).hexdigest() == part["sha256"]
        return {key: [json.loads(line) for line in body.splitlines()] for key, body in objects.items()}

    def copied_ids(self) -> Counter[str]:
        """How often each attempt is in cold storage."""
        return Counter(row["attempt_id"] for rows in self.copies().values() for row in rows)

    def aside(self) -> Counter[str]:
        """How many attempts were set aside for each reason."""
        keys = self.aws.objects("LAKE_BUCKET", "archiving/")
        rows = [row for key in keys if "/aside/" in key for row in self.lake.read_lines(key)]
        return Counter(row["reason"] for row in rows)

    def dials(self) -> bool:
        """Whether the campaign is active."""
        return self.tenant.campaign_status(CAMPAIGN).status == "ACTIVE"


def retry_seconds(call: Callable[[], object]) -> float:
    """Return the seconds after which a call wants to be made again, 0 where it does not."""
    try:
        call()
    except TryLater as later:
        return later.seconds
    return 0.0


def give_world(
    aws: AwsWorld,
    clock: FakeClock,
    tenant: Tenant,
    count: int,
    settings: dict[str, Any] | None = None,
    **campaign: Any,
) -> ArchiveWorld:
    """Reset a tenant to a world with one campaign, and wire the archive to it."""
    tenant.reset()
    tenant.clear_faults()
    tenant.use_world(campaign_of(count, **campaign))
    return ArchiveWorld(aws, clock, tenant, **(settings or {}))
