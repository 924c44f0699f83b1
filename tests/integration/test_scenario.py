"""The scenario of `make run` at a reduced size, with quota, faults and policies."""

from __future__ import annotations

from integration.conftest import Session
from local.stack import eventually
from scenario.steps import CALLS


def test_the_scenario_ends_without_deviations(session: Session) -> None:
    assert session.verdict.deviations == []
    assert session.verdict.figures["records"] > 2_900


def test_the_scenario_met_faults_on_its_way(session: Session) -> None:
    stack = session.cast.stack
    # A function's log comes with the end of its invocation, after the effects that the scenario waits for.
    assert eventually(lambda: sum(stack.metrics("pull_outcomes").get("CxoneRetries", [])) >= 2, seconds=30)
    answers = session.cast.receivers.stats().requests.values()
    assert any("503" in counts for counts in answers)


def test_no_request_exceeded_the_quota(session: Session) -> None:
    use = session.cast.tenant.stats().quotas["outbound"]
    assert use.refused == 0
    assert session.cast.tenant.stats().count(f"GET {CALLS}", 429) == 0
