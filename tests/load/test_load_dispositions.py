"""Ten thousand dispositions over twenty campaigns, each three times; and two campaigns against the clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from disposition_load import FULL, SMALL, Aftermath, Size, play
from integration.listening import Listener
from sandbox.world import Campaign, read_world
from scenario.cast import assembled, world
from scenario.steps import connect
from scenario.webhooks import connect_senders

pytestmark = [pytest.mark.load, pytest.mark.stack, pytest.mark.timeout(1800)]

Record = Callable[[str, object], None]


@contextmanager
def _played(size: Size) -> Iterator[Aftermath]:
    end = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    campaigns = [
        Campaign(name, end - timedelta(days=1), end, contacts=size.contacts) for name in size.campaigns
    ]
    document = read_world(world(calls=10, campaigns=1, quota=True))
    with assembled(replace(document, campaigns=(*document.campaigns, *campaigns))) as cast:
        connect(cast, quota=True)
        connect_senders(cast)
        listener = Listener(cast.stack)
        yield play(cast, size, listener.heard)


def test_ten_thousand_dispositions_end_once_each_and_the_newest_stand(record_property: Record) -> None:
    with _played(FULL) as aftermath:
        record_property("figures", aftermath.figures)
        _check(aftermath)


def test_two_campaigns_take_as_long_as_their_quotas_ask_for(record_property: Record) -> None:
    # Contacts enough for the quota to be what takes the time, and not the emulator.
    with _played(replace(SMALL, contacts=250)) as aftermath:
        record_property("figures", aftermath.figures)
        _check(aftermath)
        assert aftermath.ratio <= 1.1, aftermath.figures


def _check(aftermath: Aftermath) -> None:
    assert aftermath.endings.keys() == {one.occurred_at for one in aftermath.told}
    assert {len(endings) for endings in aftermath.endings.values()} == {1}
    ended = Counter((ending, moment) for moment, endings in aftermath.endings.items() for ending in endings)
    assert aftermath.facts == ended
    newest = {key: (one.outcome_code, one.notes) for key, one in aftermath.newest.items()}
    found = {
        key: (contact.outcome_code, contact.notes)
        for key, contact in aftermath.contacts.items()
        if key in newest
    }
    assert found == newest
    assert aftermath.throttled == 0, aftermath.figures
    assert aftermath.most_writes_at_once <= 50
