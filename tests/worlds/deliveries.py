"""The deliveries to one destination, wired as their function wires them, on moto, a real HTTP receiver and a
queue that lives by a clock that tests move."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

from outbound.clock import Deadline, format_time
from outbound.deliveries.deliverer import Deliverer
from outbound.deliveries.destinations import DestinationSwitch
from outbound.deliveries.ledger import DUE_DELIVERIES, DeliveryLedger
from outbound.deliveries.redelivery import message_of
from outbound.deliveries.settings import DeliverySettings, Destination
from outbound.events import Event
from outbound.queues import Queue, work
from outbound.settings import read_document
from outbound.store.outbox import DUE_FACTS
from worlds.aws import ACCOUNT, ENVIRONMENT, REGION, AwsWorld, FakeClock, Invocation
from worlds.runtime import WorldRuntime

TENANT = ENVIRONMENT["TENANT"]
SECRET = "outbound/crm"
KEY = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
# The visibility time-out of the queue of a function that may run 120 s.
_VISIBILITY = 720


@dataclass
class Sent:
    """A request as the receiver got it."""

    headers: Mapping[str, str]
    body: bytes
    path: str

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """An HTTP server that answers as told and remembers what it got."""

    port: int = 0
    got: list[Sent] = field(default_factory=list)
    answer: Callable[[Sent], tuple[int, dict[str, str]]] = lambda _: (200, {})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?from=bridge"

    def say(self, status: int, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answer = lambda _: (status, named)


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    """Run a receiver on a free port."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sent = Sent({name.lower(): value for name, value in self.headers.items()}, body, self.path)
            receiver.got.append(sent)
            status, headers = receiver.answer(sent)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


class ClockedQueue:
    """A queue and its dead-letter queue under a test's clock, with the calls of an SQS client."""

    url, dead_url = "queue", "dead"

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.meta = SimpleNamespace(endpoint_url="https://sqs")
        self.messages: dict[str, dict[str, Any]] = {}
        self.visible_at: dict[str, datetime] = {}
        self.dead: list[dict[str, Any]] = []
        self.most_receives = 0
        self._number = 0

    def send_message(self, **request: Any) -> None:
        attributes = request.get("MessageAttributes", {})
        if request["QueueUrl"] == self.dead_url:
            said = {name: value["StringValue"] for name, value in attributes.items()}
            self.dead.append({"body": request["MessageBody"], "attributes": said})
            return
        self._number += 1
        receipt = f"r-{self._number}"
        sent = str(int(self.clock.now().timestamp() * 1000))
        self.messages[receipt] = {
            "messageId": f"m-{self._number}",
            "receiptHandle": receipt,
            "body": request["MessageBody"],
            "attributes": {"ApproximateReceiveCount": "0", "SentTimestamp": sent},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:deliver-crm",
            "awsRegion": REGION,
        }
        self.visible_at[receipt] = self.clock.now()

    def change_message_visibility(self, **request: Any) -> None:
        away = timedelta(seconds=request["VisibilityTimeout"])
        self.visible_at[request["ReceiptHandle"]] = self.clock.now() + away

    def change_message_visibility_batch(self, **request: Any) -> dict[str, Any]:
        for entry in request["Entries"]:
            self.change_message_visibility(**entry)
        return {}

    def receive(self) -> list[dict[str, Any]]:
        now = self.clock.now()
        visible = [receipt for receipt in self.messages if self.visible_at[receipt] <= now][:10]
        for receipt in visible:
            self.visible_at[receipt] = now + timedelta(seconds=_VISIBILITY)
            attributes = self.messages[receipt]["attributes"]
            attributes["ApproximateReceiveCount"] = str(int(attributes["ApproximateReceiveCount"]) + 1)
            self.most_receives = max(self.most_receives, int(attributes["ApproximateReceiveCount"]))
        return [self.messages[receipt] for receipt in visible]

    def settle(self, received: list[dict[str, Any]], answer: Mapping[str, Any]) -> None:
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        for message in received:
            if message["messageId"] not in failed:
                del self.messages[message["receiptHandle"]]


class DeliveryWorld:
    """One stack's deliveries to the CRM."""

    def __init__(
        self,
        aws: AwsWorld,
        receiver: Receiver,
        clock: FakeClock,
        settings: Mapping[str, Any] | None = None,
        document: Mapping[str, Any] | None = None,
    ) -> None:
        self.aws = aws
        self.receiver = receiver
        self.clock = clock
        self.table = aws.table()
        self.queue = ClockedQueue(clock)
        self.dead_letters = Queue(self.queue, self.queue.dead_url)
        aws.secrets.create_secret(Name=SECRET, SecretString=json.dumps({"key": KEY}))
        crm = {"url": receiver.url, "allow_insecure": True, "allow_private": True, **(settings or {})}
        self.document = read_document(DeliverySettings, json.dumps({"destinations": {"crm": crm}}))
        self.start_afresh()

    def start_afresh(self) -> None:
        """Wire everything anew, as a new execution environment does."""
        urls = {"DLQ_URL": self.queue.dead_url, "QUEUE_URLS": json.dumps({"crm": self.queue.url})}
        self.runtime = WorldRuntime(
            self.aws,
            self.clock,
            given={"deliveries": lambda: self.document},
            DESTINATION_SECRET=SECRET,
            **urls,
        )
        self.runtime.replace_client("sqs", self.queue)
        self.runtime.queue = self.dead_letters
        self.outbox = self.runtime.outbox
        self.switch = DestinationSwitch("crm", TENANT, self.table, self.outbox, self.clock)
        self.ledger = DeliveryLedger(self.table, TENANT, "crm")
        self.deliveries = Deliverer.of(self.runtime)
        self.outgoing = self.deliveries._sender._outgoing

    def settings(self) -> Destination:
        return self.document.destination("crm")

    def event(self, number: int = 1, event_type: str = "outcomes.pulled", **data: Any) -> Event:
        content = {"metrics": {"total_records": number}, "audit": {"job_id": f"j-{number}"}, **data}
        moment = format_time(self.clock.now())
        return Event(f"event-{number}", event_type, moment, f"correlation-{number}", TENANT, content)

    def put(self, *events: Event) -> None:
        """Let the bus put events on the queue."""
        for event in events:
            body = message_of(event.event_type, event.to_json())
            self.queue.send_message(QueueUrl=self.queue.url, MessageBody=body)

    def pump(self, seconds: float = 120) -> int:
        """Let a worker take what is visible, batch by batch; give how many messages it took."""
        taken = 0
        deadline = Deadline(self.clock, seconds)
        while batch := self.queue.receive():
            taken += len(batch)
            answer = work(
                {"Records": batch},
                self.dead_letters,
                lambda r: self.deliveries.deliver(r, deadline),
                Invocation(seconds),
            )
            self.queue.settle(batch, answer)
        return taken

    def sweep(self) -> dict[str, int]:
        return self.runtime.sweep()

    def run(self, **span: float) -> None:
        """Let time pass: workers take messages as they become visible, the sweeper runs every minute."""
        end = self.clock.now() + timedelta(**span)
        while self.clock.now() < end:
            self.pump()
            self.sweep()
            self.pump()
            self.clock.time = min(end, max(self._next(), self.clock.now() + timedelta(seconds=1)))
        self.pump()

    def _next(self) -> datetime:
        """The next moment at which anything can happen, on a grid of minutes for the sweeper."""
        visible = [self.queue.visible_at[receipt] for receipt in self.queue.messages]
        parked = [datetime.fromtimestamp(item["due_at"] + 60, UTC) for item in self._due()]
        return min([*visible, *parked], default=datetime.max.replace(tzinfo=UTC))

    def _due(self) -> list[dict[str, Any]]:
        return [item for kind in (DUE_DELIVERIES, DUE_FACTS) for item in self.table.due(kind, 10**12, 0)]

    def item(self, number: int = 1) -> dict[str, Any]:
        """A delivery's item in the ledger."""
        return self.ledger.read(f"event-{number}").item
