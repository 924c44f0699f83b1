"""Whose settings are in force: a rollout's own, those from before it, or another party's.

a version that CXone gave us, or that of the snapshot          -> ours to replace
an answer of ours was lost, and no value is another party's    -> ours to replace
anything else                                                  -> another party's: never overwritten
"""

from __future__ import annotations

from outbound.cxone.ports.dialer import SettingsInForce
from outbound.dialer.configuration import consists_of, read_canonical
from outbound.dialer.rollouts import Progress, Sent


def is_ours(in_force: SettingsInForce, progress: Progress) -> bool:
    """Return True if what is in force may be replaced by the snapshot.

    Where the answer to a change was lost, its version is not known. What is in force then counts as ours if
    every value of it is the snapshot's or our own: so is a change in part, and no other party chose any.
    """
    if in_force.version in (progress.snapshot_version, *progress.own_versions):
        return True
    sources = (read_canonical(progress.snapshot), read_canonical(progress.target))
    return progress.in_doubt and consists_of(in_force.settings, *sources)


def nothing_under_way(progress: Progress) -> bool:
    """Return True if no change of the rollout can still take effect."""
    changes = (progress.activation, progress.restoration)
    return not progress.in_doubt and all(_is_settled(each) for each in changes)


def under_way(*changes: Sent, in_doubt: bool = False) -> str:
    """Return what is said of changes that CXone carries out, or may carry out yet; empty where none is.

    Args:
        changes: What was sent.
        in_doubt: Whether the answer to another change was lost.
    """
    operations = [each.operation_id for each in changes if each.operation_id and not each.ended]
    if operations:
        return f"CXone still has the operation {', '.join(operations)} open"
    if in_doubt or not all(_is_settled(each) for each in changes):
        return "the answer to a change of ours was lost, and CXone may carry it out yet"
    return ""


def _is_settled(sent: Sent) -> bool:
    return not sent.sent or bool(sent.ended) or bool(sent.version and not sent.operation_id)
