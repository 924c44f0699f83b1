"""Webhooks on their whole way, wired as the functions wire it: receivers, the ingress queue, the router."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from faults import QueueTrigger

from outbound.queues import work
from outbound.webhooks.ledger import RawWebhooks, WebhookLedger
from outbound.webhooks.receiver import IngressQueue, Receiver, crm_of, cxone_of
from outbound.webhooks.replay import Replays
from outbound.webhooks.router import Router
from outbound.webhooks.settings import Providers
from worlds.aws import ACCOUNT, ENVIRONMENT, REGION, AwsWorld, FakeClock, Invocation
from worlds.runtime import WorldRuntime

EVENTS = Path(__file__).parents[2] / "events"
TENANT = ENVIRONMENT["TENANT"]
QUEUE = "route-webhooks"
RETENTION = timedelta(days=30)
GITHUB_SECRET = "It's a Secret to Everybody"
STANDARD_KEY = b"0123456789abcdef01234567"
CXONE_TOKEN = "cxone-webhook-secret"
CONSENT = {
    "id": "c-1",
    "type": "consent.changed",
    "occurredAt": "2026-03-10T11:59:30Z",
    "data": {"contactId": "contact-1", "change": "do_not_call", "source": "web form"},
}
ALL_REQUESTS = [
    "archive.requested",
    "campaign.transition.requested",
    "consent.changed",
    "disposition.requested",
    "outcomes.pull.requested",
]
SETTINGS: dict[str, Any] = {
    "public_base_url": "https://hooks.example.com/v1",
    "cxone": {"scheme": "bearer", "request_types": ["consent.changed", "disposition.requested"]},
    "providers": {
        "plain": {"scheme": "github", "request_types": ALL_REQUESTS},
        "standard": {"scheme": "standard_webhooks", "request_types": ALL_REQUESTS},
        "hubspot": {
            "scheme": "hubspot_v3",
            "mapping": "hubspot",
            "request_types": ["consent.changed"],
            "integration_user": "1160452",
        },
        "salesforce": {
            "scheme": "salesforce",
            "mapping": "salesforce",
            "request_types": ["consent.changed", "disposition.requested"],
        },
        "timid": {"scheme": "github", "request_types": ["consent.changed"]},
    },
}
SECRETS: dict[str, str] = {
    "cxone": CXONE_TOKEN,
    "plain": GITHUB_SECRET,
    "timid": GITHUB_SECRET,
    "standard": "whsec_" + base64.b64encode(STANDARD_KEY).decode(),
}


class IngressWorld:
    """Receivers and a router over the resources in moto."""

    def __init__(self, aws: AwsWorld, clock: FakeClock, settings: Mapping[str, Any] = SETTINGS) -> None:
        self.aws = aws
        self.clock = clock
        self.settings = Providers.model_validate(settings)
        self.table = aws.table()
        self.queue_url = aws.queue_urls["route-webhooks"]
        for name, secret in SECRETS.items():
            aws.secrets.create_secret(
                Name=f"outbound/webhooks/{name}", SecretString=json.dumps({"secret": secret})
            )
        self.start_afresh()
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:route-webhooks"
        self.trigger = QueueTrigger(aws.sqs, self.queue_url, arn, self.handle)

    def start_afresh(self) -> None:
        """Wire everything anew, as new execution environments do."""
        self.runtime = WorldRuntime(self.aws, self.clock, QUEUE, {"ingress": lambda: self.settings})
        self.receiver = Receiver.of(self.runtime)
        self.router = Router.of(self.runtime)
        raw = RawWebhooks(self.aws.s3, ENVIRONMENT["LAKE_BUCKET"])
        ledger = WebhookLedger(self.table, TENANT, RETENTION)
        self.replays = Replays(raw, ledger, IngressQueue(self.aws.sqs, self.queue_url))

    def handle(self, event: dict[str, Any]) -> dict[str, Any]:
        """Do what the routing function does with a batch."""
        return work(
            event, self.runtime.queue, lambda record: self.router.route(record, self.settings), Invocation()
        )

    def receive(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Do what the receiving functions do with a request."""
        provider_of = cxone_of if request["resource"] == "/webhooks/cxone" else crm_of
        return self.receiver.receive(request, provider_of)

    def route(self) -> int:
        """Let the router work until the ingress queue is empty; give how many messages there were."""
        taken = 0
        while batch := self.trigger.poll():
            taken += batch
        return taken

    def queued(self) -> list[dict[str, Any]]:
        """Take the messages off the ingress queue."""
        return [json.loads(message["Body"]) for message in self.aws.drain("route-webhooks")]

    def kept(self) -> dict[str, dict[str, Any]]:
        """Every copy in the lake, by its key."""
        return {key: json.loads(body) for key, body in self.aws.objects("LAKE_BUCKET", "webhooks/").items()}

    def dead(self) -> list[str]:
        """The reasons of the dead letters."""
        letters = self.aws.drain("route-webhooks-dlq")
        return [letter["MessageAttributes"]["reason"]["StringValue"] for letter in letters]


def from_file(folder: str, case: str) -> dict[str, Any]:
    """One of the events that `sam local invoke` takes, too."""
    event: dict[str, Any] = json.loads((EVENTS / folder / f"{case}.json").read_text())
    return event


def request(
    body: bytes, provider: str = "plain", method: str = "POST", **headers: str | None
) -> dict[str, Any]:
    """A request to a CRM's path as API Gateway hands it over, signed as GitHub signs.

    A header that is None is left out; names have `_` for `-`.
    """
    signature = hmac.new(GITHUB_SECRET.encode(), body, hashlib.sha256).hexdigest()
    given = {"content_type": "application/json", "x_hub_signature_256": f"sha256={signature}", **headers}
    sent = {name.replace("_", "-"): value for name, value in given.items() if value is not None}
    return {
        "resource": "/webhooks/crm/{name}",
        "path": f"/webhooks/crm/{provider}",
        "pathParameters": {"name": provider},
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "requestContext": {"path": f"/v1/webhooks/crm/{provider}"},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def standard(body: bytes, message_id: str, clock: FakeClock, provider: str = "standard") -> dict[str, Any]:
    """A request signed by Standard Webhooks."""
    stamp = str(int(clock.now().timestamp()))
    mac = hmac.new(STANDARD_KEY, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    signature = "v1," + base64.b64encode(mac).decode()
    return request(
        body,
        provider,
        x_hub_signature_256=None,
        webhook_id=message_id,
        webhook_timestamp=stamp,
        webhook_signature=signature,
    )


def as_json(value: object) -> bytes:
    """A value as a body."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def consent(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A change of consent in the plain form."""
    data = {**CONSENT["data"], "contactId": f"contact-{number}"}  # type: ignore[dict-item]
    return {**CONSENT, "id": f"c-{number}", "data": data, **changes}


def large_delivery() -> dict[str, Any]:
    """A delivery whose four events take two items of the ledger."""
    data = {"campaignId": "c", "outcomeCode": "BUSY", "customFields": {"transcript": "n" * 55_000}}
    request = {"type": "disposition.requested", "occurredAt": "2026-03-10T11:59:30Z"}
    return {"events": [{**request, "id": f"d-{n}", "data": {**data, "contactId": f"{n}"}} for n in range(4)]}
