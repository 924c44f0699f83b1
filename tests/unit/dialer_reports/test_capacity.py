"""A document in, the answers of the model and of CXone's simulator out, or what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from outbound.clock import Deadline
from outbound.cxone.errors import Forbidden
from outbound.cxone.ports.simulator import SimulatorRun
from outbound.dialer.capacity import CapacitySimulation, build
from outbound.dialer.model.capacity import simulate_capacity
from outbound.dialer.model.document import ModelDocument
from sandbox.running import Tenant
from worlds.aws import AwsWorld, FakeClock, Invocation
from worlds.dialer_reports import DialerReportWorld

ROOT = Path(__file__).parents[3]
EVENTS = ROOT / "events" / "simulate_capacity"
TEAM: dict[str, Any] = json.loads((EVENTS / "team.json").read_text())
# Less to do: two agents, a tenth of an hour.
SMALL = TEAM | {"agents": 2, "hours": 0.1, "replications": 4}


@pytest.fixture
def simulate(aws: AwsWorld, clock: FakeClock, tenant: Tenant) -> Callable[..., dict[str, Any]]:
    """What the function answers, on a tenant of the sandbox."""
    world = DialerReportWorld(aws, clock, tenant)

    def answer(event: dict[str, Any], seconds: float = 120) -> dict[str, Any]:
        found: dict[str, Any] = build(world.runtime)(event, Invocation(seconds))  # type: ignore[arg-type]
        return found

    return answer


def test_both_answers_stand_beside_each_other(simulate: Callable[..., dict[str, Any]]) -> None:
    answer = simulate(SMALL)
    assert answer["outcome"] == "simulated"
    expected = simulate_capacity(ModelDocument.model_validate(SMALL)).as_document()
    model = answer["model"]
    assert {name: model[name] for name in expected if name != "seconds"} == {
        name: value for name, value in expected.items() if name != "seconds"
    }
    assert (model["replications"], model["complete"]) == (4, True)
    # The sandbox's formula at the document's ratio of 1.15.
    assert answer["cxone"]["outcome"] == "simulated"
    assert answer["cxone"]["occupancy"] == pytest.approx(0.615)
    assert answer["cxone"]["answer"]["projectedAgentUtilization"] == pytest.approx(0.615)


def test_cxone_is_asked_about_the_settings_that_are_given(simulate: Callable[..., dict[str, Any]]) -> None:
    given = json.loads((EVENTS / "settings.json").read_text())
    answer = simulate({**given, "document": SMALL})
    assert answer["cxone"]["abandonment"] == pytest.approx(0.05), "the sandbox abandons 5 % at a ratio of 4"


def test_a_search_is_for_the_highest_ratio(simulate: Callable[..., dict[str, Any]]) -> None:
    answer = simulate({"document": SMALL, "search": True})
    assert [each["agents"] for each in answer["search"]] == [2]
    adaptive = SMALL | {"pacing": {"policy": "adaptive"}}
    answer = simulate({"document": adaptive, "search": True})
    assert answer["outcome"] == "invalid"
    assert answer["message"].startswith("pacing.policy: a ratio is searched for")


def test_calls_that_arrive_are_not_asked_about(simulate: Callable[..., dict[str, Any]]) -> None:
    document = {"agents": 5, "talk_seconds": 60, "arrivals_per_second": 0.05, "hours": 0.2, "replications": 2}
    answer = simulate(document)
    assert answer["cxone"]["outcome"] == "not_asked"
    assert answer["model"]["complete"] is True


WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "agents: is missing"),
    (SMALL | {"agents": "2"}, "agents: must be a whole number"),
    (SMALL | {"no_answer_seconds": 5}, "no_answer_seconds: must be 15"),
    (SMALL | {"colour": 1}, "colour: is not a known field"),
    (SMALL | {"hours": 100, "replications": 1}, "hours: make more than 1,000,000 calls"),
    ({"document": SMALL, "more": 1}, "more: is not known"),
    ({"document": SMALL, "search": "yes"}, "search: must be true or false"),
    ({"document": SMALL, "settings": {}}, "settings.concurrency: must be an object"),
    ({"document": SMALL, "settings": {"concurrency": {}, "algorithm": 1}}, "settings.algorithm: must be"),
    ({"document": "team.json"}, "document: must be an object"),
]


@pytest.mark.parametrize(("event", "complaint"), WRONG)
def test_what_is_not_a_document_is_an_answer_that_says_why(
    simulate: Callable[..., dict[str, Any]], event: dict[str, Any], complaint: str
) -> None:
    answer = simulate(event)
    assert answer["outcome"] == "invalid"
    assert complaint in answer["message"]


class Refusing:
    """A simulator that CXone refuses."""

    def run(self, run: SimulatorRun) -> Any:
        raise Forbidden("POST /api/v1/dialer/simulator/run answered 403", ("dialer:read",))


def test_the_model_stands_alone_where_cxone_does_not_answer(clock: FakeClock) -> None:
    answer = CapacitySimulation(Refusing(), Deadline(clock, 110)).simulate(SMALL)
    assert answer["outcome"] == "simulated"
    assert answer["model"]["complete"] is True
    assert (answer["cxone"]["outcome"], answer["cxone"]["reason"]) == ("failed", "forbidden")
    assert "dialer:read" in answer["cxone"]["message"]


def test_a_document_with_more_than_there_is_time_for_says_how_far_it_came(clock: FakeClock) -> None:
    answer = CapacitySimulation(Refusing(), Deadline(clock, 10)).simulate(SMALL)
    assert (answer["model"]["replications"], answer["model"]["complete"]) == (2, False)


class Asked:
    """A simulator that remembers what it was asked."""

    def __init__(self) -> None:
        self.runs: list[SimulatorRun] = []

    def run(self, run: SimulatorRun) -> Any:
        self.runs.append(run)
        raise Forbidden("no", ())


@pytest.mark.parametrize("trunks", [None, 150])
def test_what_a_document_comes_to_is_what_cxone_is_asked(clock: FakeClock, trunks: int | None) -> None:
    asked = Asked()
    document = SMALL | {"agents": 50, "hours": 1, "replications": 2, "trunks": trunks}
    CapacitySimulation(asked, Deadline(clock, 110)).simulate(document)
    (run,) = asked.runs
    assert (run.minutes, run.trunks) == (60, trunks)
    assert run.concurrency == {
        "max_agents": 50,
        "max_simultaneous_calls": trunks or 58,
        "call_spacing_ms": 150,
    }
    assert run.algorithm == {"type": "predictive", "abandonment_rate_target": 0.03, "dial_ratio": 1.15}
    # 50 agents take a call in 252 s each, and every fourth dial reaches a person.
    assert run.calls == pytest.approx(50 * 3600 / 252 / 0.25 * 1.15, abs=1)


@pytest.mark.slow
def test_the_functions_answer_their_events(
    aws: AwsWorld,
    clock: FakeClock,
    tenant: Tenant,
    load_function: Callable[[str], ModuleType],
    lambda_context: Any,
) -> None:
    DialerReportWorld(aws, clock, tenant)
    function = load_function("simulate_capacity")
    outcomes = {
        path.stem: function.handler(json.loads(path.read_text()), lambda_context)["outcome"]
        for path in EVENTS.glob("*.json")
    }
    assert outcomes == {"team": "simulated", "settings": "simulated", "invalid": "invalid"}
    tick = json.loads((ROOT / "events" / "collect_dialer_reports" / "tick.json").read_text())
    answer = load_function("collect_dialer_reports").handler(tick, lambda_context)
    assert answer == {"collected": 1, "failed": 0, "left": 0}
