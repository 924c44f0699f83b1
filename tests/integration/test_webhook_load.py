"""Webhooks of nine senders, each three times, shuffled, amid faults: each has its effect exactly once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from integration.conftest import Session
from webhook_load import SMALL, Aftermath, connected, play
from webhook_load.aftermath import effect_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def aftermath(session: Session) -> Iterator[Aftermath]:
    """What became of the load, on the stack that all share."""
    with connected(session.cast, SMALL) as senders:
        yield play(session.cast, senders, SMALL)


def test_every_sender_was_told_in_the_end_that_its_delivery_is_safe(aftermath: Aftermath) -> None:
    assert len(aftermath.answers) == SMALL.deliveries * SMALL.times
    assert Counter(given[-1] for given in aftermath.answers) == {202: len(aftermath.answers)}
    # Who hung up sent again.
    assert Counter(status for given in aftermath.answers for status in given)[0] > 0


def test_every_change_reached_the_other_side_under_one_id(aftermath: Aftermath) -> None:
    assert aftermath.told.total() == SMALL.deliveries
    assert (aftermath.told - aftermath.changed, aftermath.changed - aftermath.told) == ({}, {})


def test_what_took_effect_was_said_once(aftermath: Aftermath) -> None:
    assert aftermath.effects == aftermath.took_effect


def test_the_ledger_knows_every_change_once_and_stands_where_the_newest_left_it(aftermath: Aftermath) -> None:
    assert aftermath.noted == Counter(map(effect_of, aftermath.told))
    assert aftermath.standing == aftermath.newest


def test_every_fault_was_met_and_what_came_again_was_the_same(aftermath: Aftermath) -> None:
    assert [fault["hit"] for fault in aftermath.faults] == [SMALL.refusals] + [1] * 2 * SMALL.cuts
    # What was taken and not acknowledged had to come again.
    assert aftermath.came_again >= SMALL.cuts
    assert aftermath.contradicted == []
    assert aftermath.refused == 0
