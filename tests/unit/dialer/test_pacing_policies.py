"""What pacings do to a simulated team."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from statistics import stdev

import pytest
from teams import paced, team

from outbound.dialer.model.assumptions import ASSUMPTIONS
from outbound.dialer.model.capacity import MEASURES, Trial, simulate_capacity
from outbound.dialer.model.document import ModelDocument
from outbound.dialer.model.estimates import Estimate, estimate, share_of_events, student


@pytest.mark.parametrize(
    ("policy", "ratio"), [("progressive", None), ("fixed_ratio", 1.0), ("fixed_ratio", 0.8)]
)
def test_one_call_a_free_agent_abandons_no_caller(policy: str, ratio: float | None) -> None:
    found = simulate_capacity(paced(policy, ratio))
    assert found.abandonment.mean == 0
    assert 0 < found.abandonment.high < 0.001
    assert found.occupancy.mean > 0.5


def test_progressive_is_a_fixed_ratio_of_one() -> None:
    progressive, fixed = (simulate_capacity(paced(*one)) for one in (("progressive",), ("fixed_ratio", 1.0)))
    assert {name: getattr(progressive, name) for name in MEASURES} == {
        name: getattr(fixed, name) for name in MEASURES
    }


@pytest.mark.parametrize("policy", ["fixed_ratio", "free_plus_busy"])
def test_a_higher_ratio_works_the_agents_harder_and_abandons_more(policy: str) -> None:
    ratios = (1.05, 1.15, 1.3) if policy == "fixed_ratio" else (0.05, 0.15, 0.3)
    found = [simulate_capacity(paced(policy, ratio)) for ratio in ratios]
    for less, more in pairwise(found):
        assert more.occupancy.low > less.occupancy.high
        assert more.agent_wait_seconds.high < less.agent_wait_seconds.low
        assert more.abandonment.mean > less.abandonment.mean
    assert found[-1].abandonment.low > found[0].abandonment.high


@pytest.mark.slow
@pytest.mark.parametrize(
    ("policy", "ratio"),
    [
        ("fixed_ratio", 1.1),
        ("fixed_ratio", 1.3),
        ("fixed_ratio", 2.0),
        ("free_plus_busy", 0.15),
        ("adaptive", 1.0),
    ],
)
def test_more_agents_at_the_same_ratio_never_abandon_more(policy: str, ratio: float) -> None:
    sizes = (3, 5, 10, 20, 50, 100, 200)
    found = [
        simulate_capacity(
            paced(policy, ratio, agents=agents, hours=max(1, 60 / agents), trunks=None)
        ).abandonment
        for agents in sizes
    ]
    for fewer, more in pairwise(found):
        assert more.low <= fewer.high


@pytest.mark.slow
def test_an_adaptive_ratio_stays_about_its_target_and_wastes_less_than_progressive() -> None:
    found = simulate_capacity(paced("adaptive", agents=100, hours=2))
    assert found.abandonment.low < 0.03
    assert found.abandonment.mean < 0.035
    assert found.occupancy.low > simulate_capacity(paced("progressive", agents=100, hours=2)).occupancy.high
    strict = team(pacing={"policy": "adaptive", "target": 0.005}, agents=100, hours=2)
    assert simulate_capacity(strict).abandonment.high < found.abandonment.mean


def test_without_agents_no_call_is_dialled() -> None:
    for policy in ("progressive", "fixed_ratio", "free_plus_busy", "adaptive"):
        found = simulate_capacity(paced(policy, 2.0, agents=0))
        assert found.trunk_use == (0, 0, 0)
        # Nothing is known of what did not happen.
        assert found.abandonment == (0, 0, 1)


def test_the_spacing_limits_the_dials() -> None:
    document = paced("fixed_ratio", 3.0, agents=200, spacing_ms=1000, answer_rate=0.0, machine_rate=0.0)
    found = simulate_capacity(document)
    # One dial a second, each held for the 22 seconds without an answer.
    assert found.trunk_use.mean == pytest.approx(22 / 300, rel=1e-3)


def test_the_dialer_waits_for_a_trunk_and_takes_no_more_than_there_are() -> None:
    few, many = (simulate_capacity(paced("fixed_ratio", 1.3, trunks=trunks)) for trunks in (45, 300))
    assert few.trunk_use.mean > 0.95
    assert few.trunk_use.high <= 1
    assert few.trunk_blocking.low > many.trunk_blocking.high
    assert many.trunk_blocking.mean == 0
    assert few.occupancy.high < many.occupancy.low


def test_a_pause_of_all_is_answered_by_no_dial_and_abandons_the_calls_that_rang() -> None:
    pause = [{"at_seconds": 1200, "agents": 0}, {"at_seconds": 2400, "agents": 50}]
    steady, paused = (
        simulate_capacity(paced("progressive", replications=20, staffing=staffing))
        for staffing in ([], pause)
    )
    assert steady.abandonment.mean == 0
    assert paused.abandonment.low > 0
    # A third of the hour is the pause; talk that had begun goes on into it.
    assert 0.6 < paused.trunk_use.mean / steady.trunk_use.mean < 0.75
    assert 0.6 < paused.occupancy.mean <= 1


def test_agents_who_log_in_are_as_good_as_agents_who_were_there() -> None:
    grown = simulate_capacity(paced("progressive", agents=20, staffing=[{"at_seconds": 1, "agents": 50}]))
    there = simulate_capacity(paced("progressive"))
    assert grown.occupancy.mean == pytest.approx(there.occupancy.mean, abs=0.02)


def test_a_person_who_is_taken_for_a_machine_is_abandoned() -> None:
    erring = replace(ASSUMPTIONS, persons_cut_off=0.02)
    found = simulate_capacity(paced("progressive"), erring).abandonment
    assert found.low <= 0.02 <= found.high
    # Without machines to look for, no person is taken for one.
    assert simulate_capacity(paced("progressive", machine_rate=0.0), erring).abandonment.mean == 0


def test_the_same_document_has_the_same_answer_and_another_seed_another() -> None:
    first, again, other = (simulate_capacity(team(seed=seed)) for seed in (1, 1, 2))
    assert replace(first, seconds=0) == replace(again, seconds=0)
    assert first.abandonment != other.abandonment


@pytest.mark.slow
def test_two_ratios_are_compared_on_the_same_people() -> None:
    """The difference of two ratios varies far less than it would between different people."""

    def occupancy(ratio: float, seed: int) -> float:
        return simulate_capacity(paced("fixed_ratio", ratio, replications=1, seed=seed)).occupancy.mean

    lower = [occupancy(1.10, seed) for seed in range(15)]
    same = [occupancy(1.12, seed) - before for seed, before in enumerate(lower)]
    others = [occupancy(1.12, seed + 15) - before for seed, before in enumerate(lower)]
    assert stdev(same) < stdev(others) / 4


def test_replications_that_are_added_later_are_the_same() -> None:
    trial = Trial(team())
    trial.run(4)
    trial.run(4)
    assert not trial.is_complete
    trial.run(100)
    assert trial.replications == 10
    assert replace(trial.capacity(), seconds=0) == replace(simulate_capacity(team()), seconds=0)


FROZEN = {
    "progressive": (
        83227,
        0.0,
        0.0006351375688705234,
        0.773145841778416,
        0.0,
        66.32433846705318,
        0.13445248253807504,
    ),
    "fixed_ratio": (
        102178,
        0.039547233091112355,
        0.05038055221380976,
        0.9182787926594135,
        0.10169722834926756,
        20.170424652458955,
        0.16175158714012494,
    ),
    "free_plus_busy": (
        100445,
        0.036556104446012705,
        0.04708475766018,
        0.9062743606805141,
        0.09466227562350012,
        23.46394951286576,
        0.15946282106058207,
    ),
    "adaptive": (
        93156,
        0.022252915899324738,
        0.025484540681471636,
        0.846567341909841,
        0.052604408098507756,
        41.096002668018464,
        0.14837597868657368,
    ),
    "erlang_a": (
        53845,
        0.07766235209155047,
        0.08895615433203256,
        0.9216554461099653,
        4.522414183268518,
        15.259396367326405,
        0.0,
    ),
}


@pytest.mark.parametrize("name", FROZEN)
def test_a_seed_gives_exactly_these_figures(name: str) -> None:
    documents: dict[str, ModelDocument] = {
        "progressive": paced("progressive"),
        "fixed_ratio": paced("fixed_ratio", 1.2),
        "free_plus_busy": paced("free_plus_busy", 0.2),
        "adaptive": paced("adaptive"),
        "erlang_a": ModelDocument(
            arrivals_per_second=0.25,
            agents=45,
            talk_seconds={"mean": 180, "distribution": "exponential"},
            patience={"exponential": 60},
        ),
    }
    found = simulate_capacity(documents[name])
    events, *figures = FROZEN[name]
    assert found.events == events
    measured = (
        found.abandonment.mean,
        found.abandonment.high,
        found.occupancy.mean,
        found.caller_wait_seconds.mean,
        found.agent_wait_seconds.mean,
        found.trunk_use.mean,
    )
    assert measured == pytest.approx(figures, rel=1e-9)


def test_students_quantiles() -> None:
    tabled = {
        1: 12.7062,
        4: 2.7764,
        9: 2.2622,
        20: 2.0860,
        21: 2.0796,
        49: 2.0096,
        120: 1.9799,
        10_000: 1.9602,
    }
    assert {freedom: round(student(freedom), 4) for freedom in tabled} == tabled


def test_an_interval_is_students_of_the_residuals() -> None:
    # 3, 5 and 7 in equal parts: mean 5, standard error 2 / sqrt(3).
    assert estimate([(3, 1), (5, 1), (7, 1)]) == pytest.approx(
        (5, 5 - 4.302653 * 2 / 3**0.5, 9.968275), rel=1e-6
    )
    assert share_of_events([(0, 100), (0, 300)]) == Estimate(0, 0, pytest.approx(3.688879 / 400))
    # A replication with many calls weighs as much as its calls.
    assert estimate([(0, 1), (30, 299)]).mean == 0.1


def test_the_model_takes_neither_aws_nor_numpy() -> None:
    script = (
        "import sys; import outbound.dialer.model.search, outbound.dialer.model.chart;"
        "print(sorted({'boto3', 'botocore', 'requests', 'numpy'} & set(sys.modules)))"
    )
    path = ":".join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
