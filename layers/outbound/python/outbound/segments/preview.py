"""A segment in words and in figures: who may be called now, who later and when, who never, and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from outbound.clock import format_time
from outbound.segments.runs import SegmentRun
from outbound.segments.tally import LATER_THAN_THAT

_ALL_CONTACTS = "every contact of the list"
_MOST_OPENINGS = 6


def figures(run: SegmentRun, now: datetime) -> dict[str, Any]:
    """Return what a finished run came to, for a script."""
    tally, result = run.tally, run.result
    judged_at = run.judged_at or now
    return {
        "campaign_id": run.campaign_id,
        "run_id": run.run_id,
        "request_id": run.request_id,
        "status": run.status.value,
        "contact_list_id": result.get("contact_list_id"),
        "attributes": dict(run.attributes),
        "query": result.get("query"),
        "judged_at": format_time(judged_at),
        "age_seconds": max(0, round((now - judged_at).total_seconds())),
        "rules_version": result.get("rules_version"),
        "contacts": tally.contacts,
        "callable": tally.states["callable"],
        "later": tally.states["later"],
        "refused": tally.states["refused"],
        "refusals": _by_count(tally.refusals),
        "never_because": _by_count(tally.never),
        "openings": dict(sorted(tally.openings.items(), key=_by_hour)),
        "conflicts": _by_count(tally.conflicts),
        "left_out": {
            "not_matching": tally.not_matching,
            "unreadable": tally.unreadable,
            "repeated": tally.repeated,
        },
        "list_changed": bool(result.get("list_changed")),
    }


def words(run: SegmentRun, now: datetime) -> str:
    """Return what a finished run came to, for a person."""
    return "\n".join(_sentences(figures(run, now)))


def _sentences(said: Mapping[str, Any]) -> list[str]:
    now, later, never = (f"{said[name]:,}" for name in ("callable", "later", "refused"))
    lines = [
        f"Of {said['contacts']:,} contacts {now} may be called now, {later} later, {never} never"
        f"{_because(said['never_because'])}.",
        *_openings(said["openings"]),
        *_conflicts(said["conflicts"]),
        *_left_out(said["left_out"]),
    ]
    if said["list_changed"]:
        lines.append("The list changed while it was read: some contacts may be missing; ask again.")
    age = _age(said["age_seconds"])
    lines.append(f"As of {said['judged_at']} ({age} ago), by the rules {said['rules_version']}.")
    lines.append(
        f"CXone was sent the query: {said['query'] or _ALL_CONTACTS}; list {said['contact_list_id']}."
    )
    return lines


def _because(reasons: Mapping[str, int]) -> str:
    named = ", ".join(f"{count:,} {name}" for name, count in reasons.items())
    return f": {named}" if named else ""


def _openings(openings: Mapping[str, int]) -> list[str]:
    if not openings:
        return []
    first = list(openings.items())[:_MOST_OPENINGS]
    named = [f"{count:,} {_when(hour)}" for hour, count in first]
    rest = sum(openings.values()) - sum(count for _, count in first)
    return [f"Next openings (UTC): {', '.join([*named, *([f'{rest:,} after that'] if rest else [])])}."]


def _when(hour: str) -> str:
    return "after that" if hour == LATER_THAN_THAT else f"from {hour[:10]} {hour[11:16]}"


def _conflicts(conflicts: Mapping[str, int]) -> list[str]:
    total = sum(conflicts.values())
    if not total:
        return []
    named = ", ".join(f"{count:,} {name}" for name, count in conflicts.items())
    head = "1 conflict" if total == 1 else f"{total:,} conflicts"
    return [
        f"{head}: CXone lists as agreed whom the ledger of consent forbids ({named})."
        " The suppression in CXone is asked for."
    ]


def _left_out(left: Mapping[str, int]) -> list[str]:
    named = [f"{count:,} {name.replace('_', ' ')}" for name, count in left.items() if count]
    return [f"Left out: {', '.join(named)}."] if named else []


def _by_count(counts: Mapping[str, int]) -> dict[str, int]:
    most_first = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return {name: int(count) for name, count in most_first}


def _by_hour(opening: tuple[str, int]) -> tuple[bool, str]:
    return opening[0] == LATER_THAN_THAT, opening[0]


def _age(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} seconds"
    return f"{seconds // 60} minutes" if seconds < 7200 else f"{seconds // 3600} hours"
