"""Ten thousand dispositions over twenty campaigns, each three times; and two campaigns against the clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from disposition_load import FULL, SMALL, LoadResult, Size, run
from integration.listening import Listener
from sandbox.world import Campaign, read_world
from scenario.cast import assembled, world
from scenario.steps import connect, cxone_document
from scenario.webhooks import connect_senders

pytestmark = [pytest.mark.load, pytest.mark.stack, pytest.mark.timeout(1800)]

Record = Callable[[str, object], None]


@contextmanager
def _load_test(size: Size) -> Iterator[LoadResult]:
    end = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    campaigns = [
        Campaign(name, end - timedelta(days=1), end, contacts=size.contacts) for name in size.campaigns
    ]
    quota = {"limit": size.calls_a_second, "seconds": 1}
    plain = world(calls=10, campaigns=1, quota=True)
    document = read_world(plain | {"quotas": {**plain["quotas"], "contacts": quota}})
    with assembled(replace(document, campaigns=(*document.campaigns, *campaigns))) as cast:
        connect(cast, quota=True)
        settings = cxone_document(cast.tenant.url, quota=True)
        budgets = {"contacts": {"calls": size.calls_a_second}}
        cast.operator.configure("cxone", settings | {"budgets": budgets})
        connect_senders(cast)
        listener = Listener(cast.stack)
        yield run(cast, size, listener.heard)


def test_ten_thousand_dispositions_end_once_each_and_the_newest_stand(record_property: Record) -> None:
    with _load_test(FULL) as result:
        record_property("figures", result.figures)
        _check(result)


def test_two_campaigns_take_as_long_as_their_quotas_ask_for(record_property: Record) -> None:
    # Contacts enough, and a fifth of the quota, for the quota to be what takes the time, and not the
    # emulator: with half of it the emulator is busy for two thirds of a second in each second.
    size = replace(SMALL, dispositions=400, contacts=200, calls_a_second=2, seconds=600)
    with _load_test(size) as result:
        record_property("figures", result.figures)
        _check(result)
        assert result.ratio <= 1.1, result.figures


def _check(result: LoadResult) -> None:
    assert result.endings.keys() == {one.occurred_at for one in result.sent}
    assert {len(endings) for endings in result.endings.values()} == {1}
    ended = Counter((ending, moment) for moment, endings in result.endings.items() for ending in endings)
    assert result.facts == ended
    newest = {key: (one.outcome_code, one.notes) for key, one in result.newest.items()}
    found = {
        key: (contact.outcome_code, contact.notes)
        for key, contact in result.contacts.items()
        if key in newest
    }
    assert found == newest
    assert result.throttled == 0, result.figures
    assert result.most_writes_at_once <= 50
