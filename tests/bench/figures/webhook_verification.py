"""What checking a webhook takes in a warm receiver, for every scheme."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from conformance.senders import SENDERS, URL, Sender, Sent

from bench.handlers import handlers
from bench.measured import Measured, Target
from bench.processes import run
from bench.stage import Stage

NAME = "webhook-verification"

# The receiver's own target; what it adds around this (its log line, its answer) has to fit in, too.
TARGET = Target("at most", 3)
# Short rounds, and many: one of them has the processor to itself.
_ROUNDS, _CALLS = 400, 20
# Its floor is another: the signature alone takes some 70 µs.
_NO_HMAC = "standard webhooks v1a"
_NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
_BODY_BYTES = 2048
# Headers that API Gateway adds to a sender's own, all of which are read.
_OTHER_HEADERS = 15


def measure(stage: Stage) -> Iterator[Measured]:
    """Compare event to verdict and parsed body with HMAC and json.loads of the same body of 2 KB."""
    cases = {name: _case(sender) for name, sender in SENDERS.items() if name != _NO_HMAC}
    handler = handlers()[0]
    times = run("verifying", handler.path, handler.environment, cases=cases, rounds=_ROUNDS, calls=_CALLS)
    for name, (floor, own) in times.items():
        yield Measured(
            f"verification of {name} / (HMAC + json.loads)",
            own / floor,
            TARGET,
            note=f"{own * 1e6:.0f} µs / {floor * 1e6:.0f} µs",
            detail={"microseconds": round(own * 1e6, 1), "floor_microseconds": round(floor * 1e6, 1)},
        )


def _case(sender: Sender) -> dict[str, Any]:
    body = _body()
    headers = sender.sign(Sent(body, int(_NOW.timestamp() * 1000)), "the seed of a secret")
    others = {f"X-Forwarded-{number}": ["198.51.100.7"] for number in range(_OTHER_HEADERS)}
    event = {
        "httpMethod": "POST",
        "path": "/webhooks/crm/sender",
        "multiValueHeaders": others | {name: [value] for name, value in headers.items()},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }
    return {
        "scheme": sender.scheme,
        "secrets": [sender.secret("the seed of a secret")],
        "now": _NOW.isoformat(),
        "base_url": URL.removesuffix("/webhooks/crm/sender"),
        "event": event,
    }


def _body() -> bytes:
    """Changes as a CRM reports them, as many as fit."""
    changes: list[dict[str, Any]] = []
    while len(json.dumps(changes)) < _BODY_BYTES:
        number = len(changes)
        changes.append(
            {"eventId": number, "objectId": 10_000 + number, "property": "do_not_call", "value": True}
        )
    return json.dumps(changes).encode()
