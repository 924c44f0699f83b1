"""What the judgements of a window are in the lake: rows of those that are not clean, and counts of all.

Clean calls are counted and not listed: each is a row of `outcomes/` already, and nothing is to be said of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from outbound.call_audit.call_judge import Judgement, Verdict
from outbound.call_audit.ledger import Claim
from outbound.call_audit.windows import PulledWindow
from outbound.clock import format_time
from outbound.compliance.contact import Campaign
from outbound.logs import logger
from outbound.store.objects import GzippedLines, Lake, NotRemoved, line_of

# Violating calls of each judgement that are compared one by one; of more the difference of counts is taken.
_MOST_COMPARED = 100_000


class PartResult:
    """The judgements of one part's calls, compressed as they come."""

    def __init__(self, campaign: Campaign, campaign_id: str) -> None:
        """Begin without one."""
        self._campaign = campaign
        self._campaign_id = campaign_id
        self.lines = GzippedLines()

    def add(self, judgements: Iterable[Judgement]) -> None:
        """Add those judgements that are not clean."""
        rows = [
            line_of(judgement.row(self._campaign, self._campaign_id))
            for judgement in judgements
            if judgement.verdict is not Verdict.CLEAN
        ]
        if rows:
            self.lines.add(b"".join(rows), len(rows))


class Results:
    """Keeps what windows came to in the lake."""

    def __init__(self, lake: Lake) -> None:
        """Keep it in this lake."""
        self._lake = lake

    def stage(self, window: PulledWindow, page: int, result: PartResult) -> str:
        """Write the judgements of a part beside those that stand; return the hash of their lines.

        Empty where there are none to be listed.
        """
        if not result.lines.count:
            return ""
        return self._lake.write_gzipped(window.staged_key(page), result.lines).sha256

    def changes(self, claim: Claim) -> dict[str, Any]:
        """Compare what is staged with what stands: is it the same, and how many violations are new."""
        window, pages = claim.window, claim.work.pages
        before = self._lake.read_document(window.result_key) or {}
        tally, old = claim.work.tally, before.get("tally", {})
        same = before.get("pages") == pages and old == tally
        new = 0 if same else self._new_violations(window, before, pages, int(tally["violation"]))
        return {
            "revision": int(before.get("revision", 0)) + 1,
            "same": same,
            "new_violations": new,
            "more_calls": max(0, int(tally["calls"]) - int(old.get("calls", 0))),
            "more_not_judged": max(
                0, int(tally[Verdict.NOT_JUDGED]) - int(old.get(Verdict.NOT_JUDGED.value, 0))
            ),
        }

    def _new_violations(
        self, window: PulledWindow, before: Mapping[str, Any], pages: Mapping[str, str], now: int
    ) -> int:
        """Return how many calls are violations that were none before."""
        was = int(before.get("tally", {}).get("violation", 0))
        if not was or max(was, now) > _MOST_COMPARED:
            return max(0, now - was)
        known = set(self._violating(map(window.judged_key, _pages(before["pages"]))))
        staged = self._violating(map(window.staged_key, _pages(pages)))
        return sum(1 for call_id in staged if call_id not in known)

    def _violating(self, keys: Iterable[str]) -> Iterator[str]:
        for key in keys:
            for line in self._lake.lines(key):
                row = orjson.loads(line)
                if row["verdict"] == Verdict.VIOLATION.value:
                    yield row["call_id"]

    def switch(self, claim: Claim, rules_version: str) -> str:
        """Put what is staged into its place; return the key of the window's result.

        It can be done again from the start, wherever it was cut off.
        """
        window, pages = claim.window, claim.work.pages
        before = self._lake.read_document(window.result_key) or {}
        for page in _pages(pages):
            self._lake.copy(window.staged_key(page), window.judged_key(page))
        stale = set(_pages(before.get("pages", {}))) - set(_pages(pages))
        self._lake.remove([window.judged_key(page) for page in sorted(stale)])
        assert claim.work.changes is not None  # noqa: S101 - a switch has begun
        document = {
            "schema_version": 1,
            "campaign_id": window.campaign_id,
            "job_id": window.job_id,
            "window": {"start": format_time(window.start), "end": format_time(window.end)},
            "generation": window.generation,
            "revision": claim.work.changes["revision"],
            "judged_at": format_time(claim.work.began_at),
            "rules_version": rules_version,
            "tally": claim.work.tally,
            "pages": dict(pages),
            "parts": [window.judged_key(page) for page in _pages(pages)],
        }
        return self._lake.write_document(window.result_key, document).key

    def remove_staged(self, claim: Claim) -> None:
        """Remove what was staged; what S3 keeps expires by itself."""
        keys = [claim.window.staged_key(page) for page in _pages(claim.work.pages)]
        try:
            self._lake.remove(keys)
        except (NotRemoved, ClientError, BotoCoreError) as error:
            logger.warning(
                "staged judgements stay", extra={"job_id": claim.window.job_id, "error": str(error)}
            )


def _pages(pages: Mapping[str, str]) -> Sequence[int]:
    """Return the numbers of the pages that have judgements to be listed, in order."""
    return sorted(int(page) for page, sha256 in pages.items() if sha256)
