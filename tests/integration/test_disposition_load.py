"""Five hundred dispositions over two campaigns, each three times, shuffled: the newest one stands."""

from __future__ import annotations

from collections import Counter

import pytest

from disposition_load import SMALL, LoadResult, run
from integration.conftest import Session

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def result(session: Session) -> LoadResult:
    """The result of the load test, on the stack that all share."""
    return run(session.cast, SMALL, session.listener.heard)


def test_every_disposition_ends_in_exactly_one_way(result: LoadResult) -> None:
    sent = {one.occurred_at for one in result.sent}
    assert result.endings.keys() == sent
    assert {len(endings) for endings in result.endings.values()} == {1}
    ways = Counter(ending for endings in result.endings.values() for ending in endings)
    assert ways.keys() <= {"applied", "superseded", "unchanged"}, ways


def test_every_end_is_said_once(result: LoadResult) -> None:
    ended = Counter((ending, moment) for moment, endings in result.endings.items() for ending in endings)
    assert result.facts == ended


def test_the_tenant_has_the_newest_of_every_contact(result: LoadResult) -> None:
    for key, newest in result.newest.items():
        contact = result.contacts[key]
        found = contact.outcome_code, contact.notes, contact.agent_id
        assert found == (newest.outcome_code, newest.notes, newest.agent_id)


def test_what_is_called_applied_was_written_and_nothing_else(result: LoadResult) -> None:
    written = {write.body["notes"] for contact in result.contacts.values() for write in contact.writes}
    applied = {one.notes for one in result.sent if result.endings[one.occurred_at] == ["applied"]}
    assert written == applied


def test_the_quotas_are_kept_and_the_tenants_fifty(result: LoadResult) -> None:
    # The full size, on a machine of its own, is held to none at all; here other tests delay single calls by
    # more than what the settings leave between the tenant's quota and ours.
    assert result.throttled <= sum(result.calls.values()) / 50
    assert result.most_writes_at_once <= 50
