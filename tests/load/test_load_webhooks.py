"""The load test of webhooks in full: two thousand deliveries of nine senders, an outage, each once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from scenario.cast import assembled, world
from scenario.steps import connect
from webhook_load import FULL, connected, play
from webhook_load.aftermath import effect_of

pytestmark = [pytest.mark.load, pytest.mark.stack, pytest.mark.timeout(1800)]


def test_two_thousand_deliveries_have_their_effect_exactly_once(
    record_testsuite_property: Callable[[str, object], None],
) -> None:
    with assembled(world(calls=10, campaigns=1, quota=False)) as cast:
        connect(cast, quota=False)
        with connected(cast, FULL) as senders:
            aftermath = play(cast, senders, FULL)
    record_testsuite_property("load of webhooks", aftermath.figures)

    assert Counter(given[-1] for given in aftermath.answers) == {202: FULL.deliveries * FULL.times}
    assert aftermath.told.total() == FULL.deliveries
    assert (aftermath.told - aftermath.changed, aftermath.changed - aftermath.told) == ({}, {})
    assert aftermath.effects == aftermath.took_effect
    assert aftermath.noted == Counter(map(effect_of, aftermath.told))
    assert aftermath.standing == aftermath.newest
    assert [fault["hit"] for fault in aftermath.faults] == [FULL.refusals] + [1] * 2 * FULL.cuts
    assert aftermath.came_again >= FULL.cuts
    assert (aftermath.contradicted, aftermath.refused) == ([], 0)
