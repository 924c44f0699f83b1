"""Documents of the model, as tests vary them."""

from __future__ import annotations

from typing import Any

from outbound.dialer.model.document import ModelDocument

TEAM: dict[str, Any] = {
    "agents": 50,
    "talk_seconds": {"mean": 180, "distribution": "lognormal"},
    "wrap_seconds": 60,
    "answer_rate": 0.25,
    "machine_rate": 0.3,
    "ring_seconds": 12,
    "no_answer_seconds": 22,
    "spacing_ms": 150,
    "trunks": 300,
    "pacing": {"policy": "fixed_ratio", "ratio": 1.2, "target": 0.03},
    "hours": 1,
    "replications": 10,
    "seed": 1,
}


def team(**changes: Any) -> ModelDocument:
    return ModelDocument.model_validate({**TEAM, **changes})


def paced(policy: str, ratio: float | None = None, **changes: Any) -> ModelDocument:
    return team(pacing={"policy": policy, "ratio": ratio}, **changes)
