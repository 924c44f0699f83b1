"""Snapshots: what was in force before a rollout, in the lake and in the rollout's own item."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from outbound.clock import format_time
from outbound.cxone.ports.dialer import SettingsInForce
from outbound.dialer.rollouts import Rollout

if TYPE_CHECKING:
    from outbound.store.objects import Lake


def snapshot_key(rollout: Rollout, number: int) -> str:
    """Return the key of a rollout's snapshot; each merge with another party's changes makes another one."""
    return f"dialer/snapshots/{rollout.rollout_id}-{number}.json"


def write_snapshot(lake: Lake, rollout: Rollout, in_force: SettingsInForce, now: datetime) -> dict[str, Any]:
    """Write what is in force to the lake, and return where it is.

    Args:
        lake: The lake.
        rollout: Whose snapshot it is.
        in_force: What was read.
        now: When it was read.

    Returns:
        The fields of the rollout's progress that say so.
    """
    number = rollout.progress.snapshots + 1
    key = snapshot_key(rollout, number)
    document = {
        "rollout_id": rollout.rollout_id,
        "taken_at": format_time(now),
        "versionTag": in_force.version,
        "settings": in_force.settings,
    }
    lake.write_document(key, document)
    return {"snapshot_version": in_force.version, "snapshot_key": key, "snapshots": number}
