"""Dialer settings are rolled out: planned, refused, undone where CXone fails, and undone by the guard."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from scenario.cast import Cast, dialled
from scenario.webhooks import Row

_WITHIN_SECONDS = 60.0
_ENDED = frozenset({"active", "unchanged", "refused", "rolled_back", "failed"})
# The tenant's time runs that much faster: a guard counts its calls in seconds.
_SPEED, _WINDOW_MINUTES = 60.0, 1


def prepare_rollouts(cast: Cast) -> None:
    """Let operations and the guard take seconds where they take minutes."""
    cast.operator.configure(
        "dialer",
        {
            "trunks": {"count": 150, "used": 0.45},
            "watch": {"first_wait_seconds": 1, "longest_wait_seconds": 2},
            "guard": {"minutes": 5, "first_minutes": 0, "look_seconds": 2},
            "assumed": {"replications": 3},
        },
    )


def roll_out(cast: Cast) -> list[Row]:
    """Play the plan and three rollouts, and give what came of each."""
    campaign_id = dialled(cast.tenant)[0].id
    return [
        _planned(cast),
        _refused(cast),
        _undone_after_failure(cast),
        _undone_by_guard(cast, campaign_id),
    ]


def _document(**changed: Any) -> dict[str, Any]:
    settings = {
        "name": "Predictive_Outbound_01",
        "type": "predictive",
        "concurrency": {"max_agents": 50, "max_simultaneous_calls": 200, "call_spacing_ms": 150},
        "algorithm": {
            "type": "predictive",
            "abandonment_rate_target": 0.03,
            "agent_availability_estimate": 0.85,
            "dial_ratio": 4.0,
        },
    }
    return {"settings": settings, "reason": "more agents from today on", **changed}


def _with(cast: Cast, command: str, document: Mapping[str, Any]) -> Any:
    with TemporaryDirectory() as folder:
        file = Path(folder, "rollout.json")
        file.write_text(json.dumps(document))
        return cast.operator.run("dialer", command, str(file))


def _planned(cast: Cast) -> Row:
    plan = _with(cast, "plan", _document())
    changes, warnings = len(plan["changes"]), len(plan["warnings"])
    expected = plan["after"]["abandonment"] if plan["after"] else {}
    as_meant = changes > 0 and warnings > 0 and not plan["complaints"]
    return Row(
        "operator",
        "plans dialer settings",
        f"{changes} changes, {warnings} warnings, {expected.get('mean', 0):.1%} abandoned expected",
        as_meant and 0 <= expected.get("low", -1) <= expected.get("high", -1),
    )


def _refused(cast: Cast) -> Row:
    document = _document()
    document["settings"]["algorithm"]["abandonment_rate_target"] = 0.05
    ended = _ended(cast, _with(cast, "apply", document)["rollout_id"])
    said = len(ended.get("complaints", []))
    return Row(
        "operator", "rolls out a target of 5 %", f"{ended['stage']}: {said} rule", _is(ended, "refused")
    )


def _undone_after_failure(cast: Cast) -> Row:
    before = cast.tenant.dialer()["settings"]
    cast.tenant.plan_operations({"seconds": 1, "ending": "FAILED", "applied": "part"})
    ended = _ended(cast, _with(cast, "apply", _document())["rollout_id"])
    same = cast.tenant.dialer()["settings"] == before
    shown = f"{ended['stage']}, the settings are {'as before' if same else 'others'}"
    return Row("cxone", "fails on a rollout, half done", shown, _is(ended, "rolled_back") and same)


def _undone_by_guard(cast: Cast, campaign_id: str) -> Row:
    """Roll out what CXone takes, and let the campaign's callers be abandoned from then on."""
    before = cast.tenant.dialer()["settings"]
    rollout_id = _with(cast, "apply", _document(campaigns=[campaign_id]))["rollout_id"]
    guarded = _until(cast, rollout_id, frozenset({"guarding", *_ENDED}))
    is_active = cast.tenant.dialer()["settings"]["algorithm"]["dial_ratio"] == 4.0
    cast.tenant.follow_script(campaign_id, {"name": "healthy", "abandoned": 0.2}, speed=_SPEED)
    stop = time.monotonic() + _WITHIN_SECONDS
    ended = guarded
    while ended["stage"] not in _ENDED and time.monotonic() < stop:
        time.sleep(2)
        cast.tenant.emit_metrics(campaign_id, _WINDOW_MINUTES)
        ended = _show(cast, rollout_id)
    same = cast.tenant.dialer()["settings"] == before
    shown = f"{guarded['stage']}, then {ended['stage']}: {ended.get('why')}"
    as_meant = is_active and same and _is(guarded, "guarding") and _is(ended, "rolled_back")
    return Row("guard", "sees callers abandoned", shown, as_meant)


def _is(rollout: Mapping[str, Any], stage: str) -> bool:
    return bool(rollout["stage"] == stage)


def _ended(cast: Cast, rollout_id: str) -> Mapping[str, Any]:
    return _until(cast, rollout_id, _ENDED)


def _until(cast: Cast, rollout_id: str, stages: frozenset[str]) -> Mapping[str, Any]:
    """Look until a rollout has come so far, or time is up; return how it is then."""
    stop = time.monotonic() + _WITHIN_SECONDS
    while True:
        rollout = _show(cast, rollout_id)
        if rollout["stage"] in stages or time.monotonic() > stop:
            return rollout
        time.sleep(1)


def _show(cast: Cast, rollout_id: str) -> Mapping[str, Any]:
    """Return a rollout; one that is asked for is there a moment later."""
    done = cast.operator.attempt("--json", "dialer", "show", rollout_id)
    return json.loads(done.stdout) if done.returncode == 0 else {"stage": "asked for"}
