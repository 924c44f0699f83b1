"""Where a run keeps its work in the lake: it expires on its own, and nobody but the run reads it."""

from __future__ import annotations

from outbound.store.archive_run import Run


def collected_key(run: Run, reading: int, page: int) -> str:
    """A page of the campaign's list."""
    return f"{_folder(run)}/collected/{reading}-{page:06}.jsonl.gz"


def batch_key(run: Run, number: int) -> str:
    """Attempts that are to be archived together."""
    return f"{_folder(run)}/batches/{number:06}.jsonl.gz"


def aside_key(run: Run, page: int) -> str:
    """What of a page is not archived, with its reasons."""
    return f"{_folder(run)}/aside/{page:06}.jsonl.gz"


def checked_key(run: Run, reading: int, page: int) -> str:
    """A page of the list as it is after a round, ids alone."""
    return f"{_folder(run)}/checked/{run.progress.round}-{reading}-{page:06}.jsonl.gz"


def report_key(run: Run, ending: str) -> str:
    """The report of a run; `ending` is md or json."""
    return f"reports/archive/{run.campaign_id}/{run.run_id}.{ending}"


def _folder(run: Run) -> str:
    return f"archiving/{run.campaign_id}/{run.run_id}"
