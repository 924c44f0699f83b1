"""A receiver of webhooks, and what is registered for it at the sandbox tenant."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CAMPAIGNS, DIALER = "/api/v2/omnichannel/webhooks", "/api/v1/integrations/webhooks"
METRICS, SETTINGS = "omnichannel.campaign.metrics.update", "dialer.settings.updated"
SCOPES = "omnichannel:webhooks:write webhooks:read webhooks:write"


class Receiver:
    """Remembers what it got and answers as it is told, usually 202."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.arrived: list[float] = []
        self.answers: list[int] = []
        self.delay = 0.0
        handler = _handler(self)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks"
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.arrived.append(time.monotonic())
            receiver.got.append(({k.lower(): v for k, v in self.headers.items()}, json.loads(body)))
            time.sleep(receiver.delay)
            self.send_response(receiver.answers.pop(0) if receiver.answers else 202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return None

    return Handler


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    """Run a receiver for the length of a `with` block."""
    receiver = Receiver()
    try:
        yield receiver
    finally:
        receiver.server.shutdown()
        receiver.server.server_close()


def campaigns(url: str = "https://hooks.example.com/cxone", **fields: Any) -> dict[str, Any]:
    return {"name": "metrics", "callbackUrl": url, "events": [METRICS], **fields}


def dialer(url: str = "https://hooks.example.com/cxone", **fields: Any) -> dict[str, Any]:
    return {"name": "wfm", "url": url, "events": [SETTINGS], **fields}
