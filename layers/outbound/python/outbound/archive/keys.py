"""Where a run keeps its work in the lake: it expires on its own, and only the run reads it."""

from __future__ import annotations

from outbound.archive.runs import ArchiveRun


def collected_key(run: ArchiveRun, reading: int, page: int) -> str:
    """Return the key of a page of the campaign's list.

    Args:
        run: The run that reads the list.
        reading: Which reading of the list it is: one that changes meanwhile is read anew.
        page: The page's number within the reading.
    """
    return f"{_folder(run)}/collected/{reading}-{page:06}.jsonl.gz"


def batch_key(run: ArchiveRun, number: int) -> str:
    """Attempts that are to be archived together."""
    return f"{_folder(run)}/batches/{number:06}.jsonl.gz"


def aside_key(run: ArchiveRun, page: int) -> str:
    """What of a page is not archived, with its reasons."""
    return f"{_folder(run)}/aside/{page:06}.jsonl.gz"


def checked_key(run: ArchiveRun, reading: int, page: int) -> str:
    """A page of the list as it is after a round, ids alone."""
    return f"{_folder(run)}/checked/{run.progress.round}-{reading}-{page:06}.jsonl.gz"


def report_key(run: ArchiveRun, ending: str) -> str:
    """The report of a run; `ending` is md or json."""
    return f"reports/archive/{run.campaign_id}/{run.run_id}.{ending}"


def _folder(run: ArchiveRun) -> str:
    return f"archiving/{run.campaign_id}/{run.run_id}"
