"""The stack's resources, made in moto: what template.yaml deploys, as far as handlers touch it.

Unit tests run capabilities against these. Races and permissions are tested on the local stack, because
moto is neither atomic under threads nor does it check policies.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from moto.s3.models import s3_backends
from moto.sqs.models import Queue, sqs_backends

from worlds.quick_moto import hasten

ACCOUNT = "123456789012"
REGION = "us-east-1"
QUEUES = (
    "apply-dispositions",
    "audit-calls",
    "control-campaigns",
    "plan-pulls",
    "plan-rollouts",
    "pull-outcomes",
    "deliver-crm",
    "deliver-warehouse",
    "deliver-wfm",
    "end-archive",
    "follow-campaigns",
    "end-rollout",
    "plan-archives",
    "provision-campaigns",
    "record-audit",
    "record-consent",
    "route-webhooks",
    "segment-contacts",
    "suppress-contacts",
    "watched",
)

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_ENDPOINT_URL": "",
    "TENANT": "acme",
    "STACK_NAME": "outbound",
    "CXONE_API": "platform",
    "BUS_NAME": "outbound-bus",
    "STATE_TABLE": "outbound-state",
    "TOKEN_TABLE": "outbound-tokens",
    "CONSENT_TABLE": "outbound-consent",
    "LAKE_BUCKET": "outbound-lake",
    "AUDIT_BUCKET": "outbound-audit",
    "ARCHIVE_BUCKET": "outbound-archive",
    "ARCHIVE_STORAGE_CLASS": "STANDARD_IA",
    "STATE_MACHINE_ARN": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:outbound-archive",
    "ROLLOUT_STATE_MACHINE_ARN": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:outbound-rollout",
    "CXONE_SECRET": "outbound/cxone",
    "POWERTOOLS_SERVICE_NAME": "tests",
    "POWERTOOLS_METRICS_NAMESPACE": "OutboundBridge",
    "LOG_LEVEL": "INFO",
}


@dataclass
class FakeClock:
    """A clock that stands still until told otherwise; sleeping moves it and is written down."""

    time: datetime = field(default_factory=lambda: datetime(2026, 3, 10, 12, 0, tzinfo=UTC))
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=max(0.0, seconds))

    def advance(self, **parts: float) -> None:
        self.time += timedelta(**parts)


@lru_cache
def _session() -> boto3.Session:
    """One session for all tests: reading the models of the services takes longer than most tests."""
    hasten()
    return boto3.Session()


@lru_cache
def client(service: str) -> Any:
    """One client a service for all tests. Moto looks at the signatures of S3 alone."""
    config = None if service == "s3" else Config(signature_version=UNSIGNED)
    return _session().client(service, config=config)


class _QueuesOnUse(dict[str, Queue]):
    """Moto's queues, each made when it is asked for first: to make all would be a tenth of a world's cost."""

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        self._names = frozenset(names)

    def get(self, name: str, default: Any = None) -> Any:
        if name in self._names and name not in self:
            self[name] = Queue(name, region=REGION, account_id=ACCOUNT)
        return super().get(name, default)


class AwsWorld:
    """The resources of one stack in moto, and what a test wants to know of them."""

    def __init__(self) -> None:
        # What the code under test creates shares the session too; leaving moto forgets it.
        boto3.DEFAULT_SESSION = _session()
        self.dynamodb = client("dynamodb")
        self.sqs = client("sqs")
        self.s3 = client("s3")
        self.events = client("events")
        self.secrets = client("secretsmanager")
        self.ssm = client("ssm")
        self._tables()
        self._buckets()
        self.queue_urls = self._queues()
        self._bus()
        self.secrets.create_secret(
            Name="outbound/cxone",
            SecretString=json.dumps({"client_id": "bridge", "client_secret": "bridge-secret"}),
        )

    def _queues(self) -> dict[str, str]:
        names = [*QUEUES, *(f"{name}-dlq" for name in QUEUES)]
        if os.environ.get("AWS_ENDPOINT_URL"):
            return {name: self.sqs.create_queue(QueueName=name)["QueueUrl"] for name in names}
        sqs_backends[ACCOUNT][REGION].queues = _QueuesOnUse(names)
        return {name: f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}" for name in names}

    def _tables(self) -> None:
        for table in ("STATE_TABLE", "TOKEN_TABLE", "CONSENT_TABLE"):
            self.dynamodb.create_table(
                TableName=ENVIRONMENT[table],
                KeySchema=[
                    {"AttributeName": "pk", "KeyType": "HASH"},
                    {"AttributeName": "sk", "KeyType": "RANGE"},
                ],
                AttributeDefinitions=[
                    {"AttributeName": "pk", "AttributeType": "S"},
                    {"AttributeName": "sk", "AttributeType": "S"},
                    {"AttributeName": "due_kind", "AttributeType": "S"},
                    {"AttributeName": "due_at", "AttributeType": "N"},
                ],
                GlobalSecondaryIndexes=[
                    {
                        "IndexName": "due",
                        "KeySchema": [
                            {"AttributeName": "due_kind", "KeyType": "HASH"},
                            {"AttributeName": "due_at", "KeyType": "RANGE"},
                        ],
                        "Projection": {"ProjectionType": "ALL"},
                    }
                ],
                BillingMode="PAY_PER_REQUEST",
            )

    def _buckets(self) -> None:
        for name in ("LAKE_BUCKET", "ARCHIVE_BUCKET"):
            if os.environ.get("AWS_ENDPOINT_URL"):
                self.s3.create_bucket(Bucket=ENVIRONMENT[name])
            else:
                s3_backends[ACCOUNT]["aws"].create_bucket(ENVIRONMENT[name], REGION)
        self.s3.create_bucket(Bucket=ENVIRONMENT["AUDIT_BUCKET"], ObjectLockEnabledForBucket=True)

    def _bus(self) -> None:
        """Everything on the bus also reaches the queue `watched`, where tests read it."""
        bus = ENVIRONMENT["BUS_NAME"]
        self.events.create_event_bus(Name=bus)
        self.events.put_rule(
            Name="watch",
            EventBusName=bus,
            EventPattern=json.dumps({"source": ["outbound-bridge"]}),
            State="ENABLED",
        )
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:watched"
        self.events.put_targets(Rule="watch", EventBusName=bus, Targets=[{"Id": "watched", "Arn": arn}])

    def table(self, name: str = "STATE_TABLE") -> Any:
        """A table of the project's own store, on moto."""
        from outbound.store.table import Table

        return Table(self.dynamodb, ENVIRONMENT[name])

    def delete(self, key: Any, name: str = "STATE_TABLE") -> None:
        """Remove an item, which the product never does itself."""
        at = {"pk": {"S": key.pk}, "sk": {"S": key.sk}}
        self.dynamodb.delete_item(TableName=ENVIRONMENT[name], Key=at)

    def published(self, event_type: str = "") -> list[dict[str, Any]]:
        """Every event that the bus has carried since it was asked last: each is as its type has it."""
        details = [json.loads(message["Body"])["detail"] for message in self.drain("watched")]
        # The package reads its environment when it is imported, and that is made of this module.
        from worlds.contracts import check_data

        for detail in details:
            check_data(detail)
        return [detail for detail in details if event_type in ("", detail["event_type"])]

    def drain(self, queue: str) -> list[dict[str, Any]]:
        """Take every visible message off a queue."""
        return list(self._drain(self.queue_urls[queue]))

    def _drain(self, url: str) -> Iterator[dict[str, Any]]:
        while messages := self.sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        ).get("Messages", []):
            for message in messages:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                yield message

    def objects(self, bucket: str, prefix: str = "") -> dict[str, bytes]:
        """Every object of a bucket below a prefix, by key."""
        listing = self.s3.list_objects_v2(Bucket=ENVIRONMENT[bucket], Prefix=prefix).get("Contents", [])
        return {
            entry["Key"]: self.s3.get_object(Bucket=ENVIRONMENT[bucket], Key=entry["Key"])["Body"].read()
            for entry in listing
        }


@dataclass(frozen=True)
class Invocation:
    """What Lambda's context says of an invocation's time."""

    seconds: float = 120.0

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)


def sqs_event(queue: str, *bodies: str, receipts: list[str] | None = None) -> dict[str, Any]:
    """An SQS event as Lambda hands it over, one record a body."""
    return {
        "Records": [
            {
                "messageId": f"m-{number}",
                "receiptHandle": receipts[number] if receipts else f"r-{number}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1773144000000"},
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}",
                "awsRegion": REGION,
            }
            for number, body in enumerate(bodies)
        ]
    }
