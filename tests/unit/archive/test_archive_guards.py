"""No attempt is dropped before its copy is right, and no hold is let go by a run that was overtaken."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from outbound.archive.campaign_hold import HoldReleaser
from outbound.archive.cold_storage import ColdStorage, CopyDiffers
from worlds.archive import CAMPAIGN, ArchiveWorld, MakeWorld


class _Damaging:
    """An S3 that stores something else than it was given."""

    def __init__(self, client: Any, other: bytes) -> None:
        self._client = client
        self._other = other

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_object(self, **given: Any) -> Any:
        return self._client.put_object(**given | {"Body": self._other})


def test_a_copy_that_does_not_read_back_as_it_was_written_is_none(make_world: MakeWorld) -> None:
    world = make_world(1)
    bucket = world.storage._bucket
    key = "archive/dt=2026-03-01/renewals/run-000000.jsonl.gz"
    damaging: Any = _Damaging(world.aws.s3, gzip.compress(b'{"attempt_id": "another"}\n'))
    with pytest.raises(CopyDiffers):
        ColdStorage(damaging, bucket).keep(key, [b'{"attempt_id": "a"}\n'], 365)


def test_a_run_that_was_overtaken_does_not_let_go_of_the_later_one_s_hold(make_world: MakeWorld) -> None:
    world: ArchiveWorld = make_world(1)
    releaser = HoldReleaser(world.cxone.campaigns, world.holds, world.clock)
    world.holds.place(CAMPAIGN, "archive#run", 2, True, world.clock.now())

    assert releaser.release(CAMPAIGN, "archive#run", 1), "nothing is left for it to do"
    assert len(world.holds.of_campaign(CAMPAIGN)) == 1
    releaser.release(CAMPAIGN, "archive#run", 2)
    assert world.holds.of_campaign(CAMPAIGN) == []
