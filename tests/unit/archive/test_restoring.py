"""Archived attempts come back as CXone had them, and a damaged copy is never passed off as one."""

from __future__ import annotations

import gzip
from datetime import timedelta
from pathlib import Path

import pytest

from outbound.archive.cold_storage import RETENTION_CLASSES, CopyDiffers, retention_class
from outbound.archive.restore import RestoreQuery, Restorer
from outbound.cli.archive import _written
from sandbox.world import archivable_ids
from worlds.archive import CAMPAIGN, ArchiveWorld, MakeWorld


@pytest.fixture
def world(make_world: MakeWorld) -> ArchiveWorld:
    """Two runs an hour apart, of which the second found little."""
    world = make_world(300)
    left = archivable_ids(world.tenant.world, CAMPAIGN)[:2]
    world.tenant.fail_attempts(CAMPAIGN, left, times=None)
    world.archive()
    world.tenant.fail_attempts(CAMPAIGN, left, times=0)
    world.clock.advance(hours=1)
    world.archive()
    return world


def test_every_attempt_comes_back_once_as_cxone_had_it(world: ArchiveWorld) -> None:
    restorer = Restorer(world.storage)
    rows = list(restorer.attempts(RestoreQuery(CAMPAIGN)))
    assert sorted(row["attempt_id"] for row in rows) == sorted(archivable_ids(world.tenant.world, CAMPAIGN))
    assert {row["record"]["id"] == row["attempt_id"] for row in rows} == {True}
    assert restorer.parts == len(world.aws.objects("ARCHIVE_BUCKET", "archive/"))


def test_a_contact_and_a_time_choose(world: ArchiveWorld) -> None:
    rows = list(Restorer(world.storage).attempts(RestoreQuery(CAMPAIGN)))
    contact = rows[5]["contact_id"]
    found = list(Restorer(world.storage).attempts(RestoreQuery(CAMPAIGN, contact)))
    assert found == [row for row in rows if row["contact_id"] == contact]
    later = world.clock.now() - timedelta(minutes=30)
    assert len(list(Restorer(world.storage).attempts(RestoreQuery(CAMPAIGN, since=later)))) == 2
    assert len(list(Restorer(world.storage).attempts(RestoreQuery(CAMPAIGN, until=later)))) == 300
    assert list(Restorer(world.storage).attempts(RestoreQuery("another"))) == []


def test_a_damaged_copy_is_named_and_leaves_no_file(world: ArchiveWorld, tmp_path: Path) -> None:
    key = next(iter(world.aws.objects("ARCHIVE_BUCKET", "archive/")))
    world.aws.s3.put_object(Bucket="outbound-archive", Key=key, Body=gzip.compress(b'{"attempt_id": "x"}\n'))
    file = tmp_path / "restored.jsonl"
    with pytest.raises(CopyDiffers, match=key):
        _written(file, Restorer(world.storage).attempts(RestoreQuery(CAMPAIGN)))
    assert list(file.parent.iterdir()) == []


def test_a_copy_past_its_retention_is_counted(world: ArchiveWorld) -> None:
    key, *_ = world.aws.objects("ARCHIVE_BUCKET", "archive/")
    world.aws.s3.delete_object(Bucket="outbound-archive", Key=key)
    restorer = Restorer(world.storage)
    list(restorer.attempts(RestoreQuery(CAMPAIGN)))
    assert restorer.expired == 1


@pytest.mark.parametrize(
    ("days", "kept"), [(1, 30), (30, 30), (31, 90), (365, 365), (366, 730), (3650, 3650)]
)
def test_nothing_leaves_cold_storage_sooner_than_it_may(days: int, kept: int) -> None:
    assert retention_class(days) == kept
    assert kept in RETENTION_CLASSES
