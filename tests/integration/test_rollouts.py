"""Rollouts of dialer settings on the deployed stack: every way that the workflow ends, with short waits.

What the scenario plays (refused, failed at CXone, undone by the guard) is judged there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from integration.listening import Listener
from local.stack import eventually
from sandbox.running import Tenant
from sandbox.tenant.dialer_book import FIRST_SETTINGS
from scenario.cast import Operator

_ENDED = frozenset({"active", "unchanged", "refused", "rolled_back", "failed"})


@pytest.fixture(autouse=True)
def settings(operator: Operator, tenant: Tenant) -> Iterator[None]:
    """Waits of a second or two, nothing to guard, and the dialer as it was at first."""
    watch = {"first_wait_seconds": 1, "longest_wait_seconds": 1, "max_looks": 3, "max_lingering": 1}
    operator.configure("dialer", {"watch": watch, "guard": {"minutes": 0}})
    tenant.plan_operations()
    tenant.change_dialer(FIRST_SETTINGS)
    yield
    tenant.clear_faults()
    tenant.plan_operations()


def _settings(ratio: float) -> dict[str, Any]:
    changed = deepcopy(dict(FIRST_SETTINGS))
    changed["algorithm"] = {**changed["algorithm"], "dial_ratio": ratio}
    return changed


def _apply(operator: Operator, folder: Path, ratio: float) -> str:
    file = folder / "rollout.json"
    file.write_text(json.dumps({"settings": _settings(ratio), "reason": "a test of the stack"}))
    rollout_id: str = operator.run("dialer", "apply", str(file))["rollout_id"]
    return rollout_id


def _show(operator: Operator, rollout_id: str) -> Mapping[str, Any]:
    done = operator.attempt("--json", "dialer", "show", rollout_id)
    return json.loads(done.stdout) if done.returncode == 0 else {}


def _ended(operator: Operator, rollout_id: str) -> Mapping[str, Any]:
    def ended() -> Mapping[str, Any]:
        shown = _show(operator, rollout_id)
        return shown if shown.get("stage") in _ENDED else {}

    found: Mapping[str, Any] = eventually(ended, seconds=90, every=1)
    return found


def test_settings_are_in_force_and_the_same_again_changes_nothing(
    operator: Operator, tenant: Tenant, listener: Listener, tmp_path: Path
) -> None:
    rollout_id = _apply(operator, tmp_path, 1.1)
    assert _ended(operator, rollout_id)["stage"] == "active"
    assert tenant.dialer()["settings"] == _settings(1.1)
    (fact,) = eventually(lambda: listener.heard("dialer.activated", rollout_id=rollout_id), seconds=60)
    assert fact["data"]["version"] == tenant.dialer()["version"]
    before = tenant.dialer()["version"]
    assert _ended(operator, _apply(operator, tmp_path, 1.1))["stage"] == "unchanged"
    assert tenant.dialer()["version"] == before


def test_an_operation_that_cxone_forgot_is_judged_by_what_is_in_force(
    operator: Operator, tenant: Tenant, tmp_path: Path
) -> None:
    tenant.plan_operations({"seconds": 0, "ending": "LOST", "applied": "all"})
    assert _ended(operator, _apply(operator, tmp_path, 1.2))["stage"] == "active"
    tenant.plan_operations({"seconds": 0, "ending": "COMPLETED", "applied": "nothing"})
    ended = _ended(operator, _apply(operator, tmp_path, 1.3))
    assert (ended["stage"], ended["why"]) == ("rolled_back", "mismatch")
    assert tenant.dialer()["settings"] == _settings(1.2)


def test_an_operation_without_an_end_is_given_up_and_undone(
    operator: Operator, tenant: Tenant, tmp_path: Path
) -> None:
    tenant.plan_operations({"seconds": 0, "ending": "STUCK"})
    ended = _ended(operator, _apply(operator, tmp_path, 1.4))
    assert (ended["stage"], ended["why"]) == ("rolled_back", "timed_out")
    assert tenant.dialer()["settings"] == FIRST_SETTINGS


def test_what_another_party_changed_meanwhile_is_left_alone_and_a_person_is_called(
    operator: Operator, tenant: Tenant, listener: Listener, tmp_path: Path
) -> None:
    tenant.plan_operations({"seconds": 0, "ending": "COMPLETED", "applied": "all"})
    tenant.add_fault({"status": 503}, path="/api/v1/dialer/operations/.*", times=None)
    rollout_id = _apply(operator, tmp_path, 1.7)
    assert eventually(lambda: tenant.dialer()["settings"] == _settings(1.7), seconds=60)
    tenant.change_dialer(_settings(1.9), actor="maria")
    tenant.clear_faults()
    ended = _ended(operator, rollout_id)
    assert (ended["stage"], ended["why"]) == ("failed", "changed_by_others")
    assert tenant.dialer()["settings"] == _settings(1.9)
    assert eventually(lambda: listener.heard("dialer.rollout_failed", rollout_id=rollout_id), seconds=60)


@pytest.mark.parametrize(
    ("field", "stage", "in_force"), [("max_agents", "active", 1.8), ("dial_ratio", "refused", 1.3)]
)
def test_what_another_party_changes_before_the_change_is_merged_or_stops_it(
    operator: Operator, tenant: Tenant, tmp_path: Path, field: str, stage: str, in_force: float
) -> None:
    theirs = _settings(1.3 if field == "dial_ratio" else FIRST_SETTINGS["algorithm"]["dial_ratio"])
    theirs["concurrency"] = {**theirs["concurrency"], "max_agents": 33}
    tenant.plan_operations({"seconds": 0})
    tenant.add_fault({"delay": 5}, method="PUT", path="/api/v1/dialer/settings")
    rollout_id = _apply(operator, tmp_path, 1.8)
    assert eventually(lambda: _show(operator, rollout_id).get("stage") == "activating", seconds=60, every=0.2)
    tenant.change_dialer(theirs, actor="maria")
    ended = _ended(operator, rollout_id)
    assert ended["stage"] == stage
    found = tenant.dialer()["settings"]
    assert (found["algorithm"]["dial_ratio"], found["concurrency"]["max_agents"]) == (in_force, 33)


def test_an_earlier_snapshot_is_rolled_out_again_by_its_id(
    operator: Operator, tenant: Tenant, tmp_path: Path
) -> None:
    first = _apply(operator, tmp_path, 1.6)
    assert _ended(operator, first)["stage"] == "active"
    asked = operator.run("dialer", "rollback", first, "--reason", "as it was")
    assert _ended(operator, asked["rollout_id"])["stage"] == "active"
    assert tenant.dialer()["settings"] == FIRST_SETTINGS
