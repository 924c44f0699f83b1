"""What a warm receiver takes for a webhook, from API Gateway's event to the answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench.handlers import handler_named
from bench.measured import Measured, Target
from bench.processes import run
from bench.stage import Stage
from bench.webhook_requests import body_of, crm_event, cxone_event, secrets_of, settings_of

NAME = "webhook-receiving"

# What most webhooks of CRMs have is some 2 KB, a handful of changes: there the target is judged. The least
# and the most that come often are told beside it.
_TYPICAL = 2048
_SIZES = (150, _TYPICAL, 21_000)
TARGETS = {_TYPICAL: Target("at most", 3)}
_TOLD = Target("none")
# Of the senders one whose signature takes the most reading, and the open standard.
_SENDERS = ("hubspot", "standard webhooks v1")
# Short rounds, and many: one of them has the processor to itself.
_ROUNDS, _CALLS = 600, 10


def measure(stage: Stage) -> Iterator[Measured]:
    """Compare event to answer, AWS calls excluded, with HMAC and json.loads of the same body."""
    for name, cases in _cases().items():
        handler = handler_named(name)
        given = {"settings": settings_of(*_SENDERS), "secrets": secrets_of(*_SENDERS)}
        events = {_shown(*case): event for case, event in cases.items()}
        repeated = {"rounds": _ROUNDS, "calls": _CALLS}
        times = run("receiving", handler.path, handler.environment, cases=events, **given, **repeated)
        for sender, size in cases:
            yield _row(name, sender, size, *times[_shown(sender, size)])


def _row(receiver: str, sender: str, size: int, sent: int, floor: float, own: float) -> Measured:
    return Measured(
        f"warm {receiver}, {_shown(sender, size)} / (HMAC + json.loads)",
        own / floor,
        TARGETS.get(size, _TOLD),
        note=f"{own * 1e6:.1f} µs / {floor * 1e6:.1f} µs, {sent:,} B",
        detail={
            "bytes": sent,
            "microseconds": round(own * 1e6, 1),
            "floor_microseconds": round(floor * 1e6, 1),
        },
    )


def _cases() -> dict[str, dict[tuple[str, int], dict[str, Any]]]:
    """Give the events of each receiver, by who sends and how much."""
    bodies = {size: body_of(size) for size in _SIZES}
    return {
        "crm_webhook": {
            (sender, size): crm_event(sender, body) for sender in _SENDERS for size, body in bodies.items()
        },
        "cxone_webhook": {("bearer", size): cxone_event(body) for size, body in bodies.items()},
    }


def _shown(sender: str, size: int) -> str:
    return f"{sender}, {size // 1000} KB" if size >= 1000 else f"{sender}, {size} B"
