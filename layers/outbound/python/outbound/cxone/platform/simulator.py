"""The simulator of the platform API: `POST /api/v1/dialer/simulator/run`.

The call is documented; what it answers with is assumed.
"""

from __future__ import annotations

import hashlib
import json
from math import isfinite
from typing import Any

from outbound.cxone.errors import UnexpectedAnswer
from outbound.cxone.http import Call, CxoneHttp
from outbound.cxone.ports.simulator import SimulatorAnswer, SimulatorRun

_PATH = "/api/v1/dialer/simulator/run"


class PlatformSimulator:
    """Runs the simulator."""

    def __init__(self, http: CxoneHttp) -> None:
        """Call through this session."""
        self._http = http

    def run(self, run: SimulatorRun) -> SimulatorAnswer:
        """Return what CXone expects. Raises UnexpectedAnswer where the answer is not an object."""
        body: dict[str, Any] = {
            "durationMinutes": run.minutes,
            "concurrency": dict(run.concurrency),
            "algorithm": dict(run.algorithm),
            "simulatedCallVolume": run.calls,
        }
        if run.trunks is not None:
            body["carrierLimits"] = {"maxConcurrent": run.trunks}
        # It changes nothing, so it may be asked again; what is asked is its own key.
        text = json.dumps(body, sort_keys=True).encode()
        key = hashlib.sha256(text).hexdigest()[:32]
        answer = self._http.call(Call("dialer", "dialer", "POST", _PATH, json=body, idempotency_key=key))
        if not isinstance(answer.body, dict):
            raise UnexpectedAnswer(f"POST {_PATH} answered with something that is not an object")
        return SimulatorAnswer(
            abandonment=_number(answer.body.get("projectedAbandonmentRate"), 1),
            occupancy=_number(answer.body.get("projectedAgentUtilization"), 1),
            caller_wait_seconds=_number(answer.body.get("projectedWaitSeconds"), float("inf")),
            source=answer.body,
        )


def _number(value: Any, most: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return float(value) if 0 <= value <= most else None
