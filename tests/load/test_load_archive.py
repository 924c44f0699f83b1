"""A hundred thousand attempts through the deployed stack, each in exactly one place."""

from __future__ import annotations

from collections import Counter

import pytest

from local.stack import eventually
from sandbox.world import archivable_ids
from worlds.archive_stack import ODD, archive_stack, campaign_of

pytestmark = [pytest.mark.load, pytest.mark.stack, pytest.mark.timeout(1800)]

CAMPAIGN, SIZE = "hundred-thousand", 100_000


def test_a_hundred_thousand_attempts_are_each_in_exactly_one_place() -> None:
    with archive_stack([campaign_of(CAMPAIGN, SIZE, ODD)]) as archive:
        tenant = archive.tenant
        failing = archivable_ids(tenant.world, CAMPAIGN)[:200:7]
        tenant.fail_attempts(CAMPAIGN, failing, times=2)
        for nth in (30, 200, 333):
            tenant.add_fault({"serve_then": "cut"}, method="POST", path="/contacts/archive$", nth=nth)
        archive.operate("archive", "start", CAMPAIGN)
        summary = archive.ended(CAMPAIGN, seconds=1200)

        wanted = archivable_ids(tenant.world, CAMPAIGN)
        parts = ("archived", "failed", "skipped", "quarantined")
        assert summary["collected"] == sum(summary[part] for part in parts) == SIZE - summary["duplicates"]
        assert (summary["status"], summary["archived"]) == ("complete", len(wanted))
        assert tenant.attempts(CAMPAIGN).archived == dict.fromkeys(wanted, 1)
        assert archive.copies(CAMPAIGN) == Counter(wanted)
        assert archive.dials(CAMPAIGN)
        eventually(lambda: archive.told(CAMPAIGN) == (len(wanted), 0), seconds=300)
