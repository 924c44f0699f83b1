"""What checking a webhook takes in a warm receiver, for every scheme."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from conformance.senders import SENDERS

from bench.handlers import handlers
from bench.measured import Measured, Target
from bench.processes import run
from bench.stage import Stage
from bench.webhook_requests import BASE_URL, SEED, body_of, crm_event

NAME = "webhook-verification"

# The whole receiver's target; what it adds around this has to fit in, too.
TARGET = Target("at most", 3)
# Short rounds, and many: one of them has the processor to itself.
_ROUNDS, _CALLS = 400, 20
# Its floor is another: the signature alone takes some 70 µs.
_NO_HMAC = "standard webhooks v1a"
_BODY_BYTES = 2048


def measure(stage: Stage) -> Iterator[Measured]:
    """Compare event to verdict and parsed body with HMAC and json.loads of the same body of 2 KB."""
    cases = {name: _case(name) for name in SENDERS if name != _NO_HMAC}
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


def _case(name: str) -> dict[str, Any]:
    return {
        "scheme": SENDERS[name].scheme,
        "secrets": [SENDERS[name].secret(SEED)],
        "now": datetime.now(UTC).isoformat(),
        "base_url": BASE_URL,
        "event": crm_event(name, body_of(_BODY_BYTES)),
    }
