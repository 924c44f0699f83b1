"""The report of a run, for a person to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outbound.store.archive_run import Run

_SENTENCES = {
    "complete": "Everything that could be archived is archived.",
    "empty": "There was nothing to archive.",
    "incomplete": "Some attempts are left that should have been archived; the next run tries them again.",
    "stopped": "An attempt is not anonymised, and a run is to stop then. Nothing left CXone.",
    "failed": "The run could not go on.",
}

_MEANINGS = {
    "gone": "gone: CXone did not archive them, it said, and does not list them any more.\n",
    "unknown": "unknown: the list changed with every reading, or CXone never answered. They may be archived; "
    "what is not is the next run's.\n",
}


def report_of(run: Run, summary: Mapping[str, Any]) -> str:
    """Give the report as Markdown."""
    lines = [
        f"# Archive of the campaign {run.campaign_id}",
        "",
        _SENTENCES[summary["status"]],
        *([f"Why: {summary['message']} ({summary['reason']})."] if summary["reason"] else []),
        "",
        f"Run {run.run_id}, planned {summary['planned_at']}, finished {summary['finished_at']}.",
        "",
        "| attempts | |",
        "|---|---:|",
        *(f"| {name} | {summary[name]} |" for name in ("collected", "archived", "failed", "skipped")),
        f"| quarantined | {summary['quarantined']} |",
        "",
        *_reasons("Failed", summary["failed_by_reason"]),
        *(_MEANINGS[reason] for reason in _MEANINGS if reason in summary["failed_by_reason"]),
        *_reasons("Skipped", summary["skipped_by_reason"]),
        *_reasons("Quarantined", summary["quarantined_by_reason"]),
        f"The list had {summary['listed']} places, {summary['duplicates']} of them shown twice. "
        f"{summary['batches']} batches, {summary['rounds']} round(s) of sending, "
        f"{summary['pauses']} pause(s) of the campaign, {summary['executions']} execution(s).",
        *(
            ["The list changed with every reading; what was missed is the next run's."]
            * summary["list_changed"]
        ),
        *(["The list is longer than a run may be; the next run takes the rest."] * summary["list_truncated"]),
        "",
        f"Copies are named, with their hashes, in `manifests/archive/{run.campaign_id}/{run.run_id}.json`.",
        "",
    ]
    return "\n".join(lines)


def _reasons(title: str, counts: Mapping[str, int]) -> list[str]:
    if not counts:
        return []
    return [f"{title}:", "", *(f"- {reason}: {count}" for reason, count in counts.items()), ""]
