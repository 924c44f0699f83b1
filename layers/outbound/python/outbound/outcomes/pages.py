"""From a page of calls to a part of the lake, with what is wrong set aside and what came twice dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from outbound.cxone.ports import OutcomePage
from outbound.observability import Metric, measure
from outbound.outcomes.analysis import Analysis
from outbound.outcomes.records import Row, SetAside, row_of
from outbound.outcomes.settings import OutcomeSettings
from outbound.store.jobs import Job, Part
from outbound.store.lake import Lake, part_key

PREFIX = "outcomes"
SET_ASIDE_PREFIX = "set-aside/outcomes"


class PageWriter:
    """Writes pages to the lake."""

    def __init__(self, lake: Lake) -> None:
        """Write to this lake."""
        self._lake = lake

    def write(
        self, job: Job, page: OutcomePage, before: set[str], settings: OutcomeSettings
    ) -> tuple[Part, set[str], int]:
        """Write a page's part; give it with the page's ids and the number of duplicates that were dropped.

        `before` holds the ids of the page before: pages may overlap where calls arrived between them. A
        call that started at the window's very end belongs to the next window, whichever of them brings it.
        """
        rows, aside, ids, duplicates = self._sorted_out(job, page, before, settings)
        analysis = Analysis()
        for row in rows:
            analysis.add(row)
        number = job.position.page
        key, sha256, size = "", "", 0
        if rows:
            stored = self._lake.write_lines(
                part_key(PREFIX, job.start, job.campaign_id, job.job_id, number), rows
            )
            key, sha256, size = stored.key, stored.sha256, stored.size
        if aside:
            self._lake.write_lines(
                part_key(SET_ASIDE_PREFIX, job.start, job.campaign_id, job.job_id, number), aside
            )
            measure(Metric.RECORDS_SET_ASIDE, len(aside))
        reasons = Counter(entry["reason"] for entry in aside)
        return Part(number, key, sha256, len(rows), size, dict(reasons), analysis.to_json()), ids, duplicates

    def ids_of_page(self, job: Job, page: int) -> set[str]:
        """Give the ids of a page that an earlier run wrote, so that a resumed run knows what came before."""
        if page < 0:
            return set()
        key = part_key(PREFIX, job.start, job.campaign_id, job.job_id, page)
        return {row["id"] for row in self._lake.read_lines(key)}

    def _sorted_out(
        self, job: Job, page: OutcomePage, before: set[str], settings: OutcomeSettings
    ) -> tuple[list[Row], list[Mapping[str, Any]], set[str], int]:
        rows: list[Row] = []
        aside: list[Mapping[str, Any]] = []
        ids: set[str] = set()
        duplicates = 0
        campaign_id, start, end = job.campaign_id, job.start, job.end
        categories, carried = settings.categories, settings.carried_fields
        for record in page.records:
            try:
                row = row_of(record, campaign_id, categories, carried)
            except SetAside as reason:
                aside.append({"reason": str(reason), "record": record.source})
                continue
            call_id, started = row["id"], row["start_time"]
            if call_id in ids or call_id in before or started == end:
                duplicates += 1
            elif start <= started < end:
                ids.add(call_id)
                rows.append(row)
            else:
                aside.append({"reason": "outside_window", "record": record.source})
        return rows, aside, ids, duplicates
