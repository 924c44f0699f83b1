"""The pull as a whole: a beat, jobs, pages, parts, a manifest and a fact."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Callable

from pull_world import PullWorld, hours_ago
from sandbox.world import expected, expected_ids

SPRING = {"id": "spring", "calls": 2_000, "from": "-10h", "to": "-1h", "agents": 7}


def test_a_beat_pulls_every_call_of_every_window_once(pulls: Callable[..., PullWorld]) -> None:
    world = pulls(SPRING)
    world.register("spring", page_size=300, start=hours_ago(world.clock, 12))
    world.beat()
    world.work_off()

    rows = world.rows()
    start, end = hours_ago(world.clock, 12), hours_ago(world.clock, 0)
    assert Counter(row["id"] for row in rows) == Counter(
        expected_ids(world.tenant.world, "spring", start, end)
    )
    assert {job.status for job in world.job_list("spring")} == {"completed"}
