"""The document of the model: each field, wrong in each way, is named."""

from __future__ import annotations

import math
from typing import Any

import pytest
from teams import TEAM, team

from outbound.complaints import complaints
from outbound.dialer.model.document import ModelDocument

ARRIVALS: dict[str, Any] = {"arrivals_per_second": 0.2, "agents": 40, "talk_seconds": 180}


def refusal(document: dict[str, Any]) -> str:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - what it says is asserted
        ModelDocument.model_validate(document)
    return complaints(refused.value)


_TEXT, _TRUE, _NAN, _LIST = "3", True, math.nan, [1]
_NO_NUMBERS = (_TEXT, _TRUE, _NAN, math.inf, _LIST, {"a": 1})
_TIMES = ("talk_seconds", "wrap_seconds")

WRONG: list[tuple[str, Any]] = [
    *(
        (field, value)
        for field in ("ring_seconds", "no_answer_seconds", "spacing_ms")
        for value in _NO_NUMBERS
    ),
    *((field, value) for field in ("answer_rate", "machine_rate", "hours") for value in _NO_NUMBERS),
    *((field, value) for field in ("agents", "replications", "seed") for value in (*_NO_NUMBERS, 1.5, None)),
    *((field, value) for field in _TIMES for value in (_TEXT, _TRUE, _NAN, _LIST, None, -1, 86_401)),
    ("talk_seconds", {"mean": 180, "distribution": "normal"}),
    ("talk_seconds", {"mean": -1, "distribution": "fixed"}),
    ("talk_seconds", {"mean": "180"}),
    ("wrap_seconds", {"distribution": "exponential"}),
    ("wrap_seconds", {"mean": 60, "spread": 3}),
    *(("agents", value) for value in (-1, 5001)),
    *(("answer_rate", value) for value in (-0.1, 1.1, None)),
    *(("machine_rate", value) for value in (-0.1, 1.1, 0.76, None)),
    *(("ring_seconds", value) for value in (-1, None)),
    *(("no_answer_seconds", value) for value in (14.9, 601, None)),
    *(("spacing_ms", value) for value in (0, -150, 60_001, None)),
    *(("trunks", value) for value in (*_NO_NUMBERS, 0, -1, 1.5, 100_001)),
    *(("hours", value) for value in (0, -1, 10_001, None)),
    *(("replications", value) for value in (0, -1, 10_001)),
    *(("seed", value) for value in (-1, 2**63)),
    *(("pacing", value) for value in (_TEXT, 3, _LIST, None)),
    *(("arrivals_per_second", value) for value in (*_NO_NUMBERS, 0, -1, 1001)),
    *(("patience", value) for value in (_TEXT, 3, {}, {"fixed": 1, "exponential": 1}, {"fixed": -1})),
    *(("patience", value) for value in ({"exponential": 0}, {"exponential": "60"}, {"normal": 3})),
    *(("staffing", value) for value in (_TEXT, 3, [3], [{"at_seconds": 1}], [{"agents": 1}])),
    ("staffing", [{"at_seconds": 3600, "agents": 1}]),
    ("staffing", [{"at_seconds": 2, "agents": 1}, {"at_seconds": 1, "agents": 2}]),
]


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_a_wrong_field_is_named_and_no_other(field: str, value: Any) -> None:
    base = ARRIVALS if field in ("arrivals_per_second", "patience") else TEAM
    said = refusal({**base, field: value})
    assert {part.split(":")[0].split(".")[0] for part in said.split("; ") if ":" in part} == {field}


@pytest.mark.parametrize(
    ("pacing", "said"),
    [
        ({}, "pacing.policy: is missing"),
        ({"policy": "fast"}, "pacing.policy: must be one of"),
        ({"policy": "fixed_ratio"}, "pacing.ratio: is missing, and fixed_ratio needs it"),
        (
            {"policy": "free_plus_busy", "ratio": None},
            "pacing.ratio: is missing, and free_plus_busy needs it",
        ),
        ({"policy": "fixed_ratio", "ratio": 0}, "pacing.ratio: must be more than 0"),
        ({"policy": "fixed_ratio", "ratio": 11}, "pacing.ratio: must be 10"),
        ({"policy": "fixed_ratio", "ratio": "2"}, "pacing.ratio: must be a number"),
        ({"policy": "adaptive", "target": 0}, "pacing.target: must be more than 0"),
        ({"policy": "adaptive", "target": 1}, "pacing.target: must be less than 1"),
        ({"policy": "adaptive", "target": "3 %"}, "pacing.target: must be a number"),
        ({"policy": "progressive", "speed": 1}, "pacing.speed: is not a known field"),
    ],
)
def test_a_wrong_pacing_is_named(pacing: dict[str, Any], said: str) -> None:
    assert refusal({**TEAM, "pacing": pacing}).startswith(said)


@pytest.mark.parametrize("field", ["agents", "talk_seconds", "answer_rate", "pacing"])
def test_a_missing_field_is_named(field: str) -> None:
    said = refusal({name: value for name, value in TEAM.items() if name != field})
    assert said.startswith(f"{field}: is missing")


def test_all_wrong_fields_are_named_at_once() -> None:
    said = refusal({**TEAM, "agents": -1, "answer_rate": 2, "hours": "1", "dial_ratio": 4})
    assert {part.split(":")[0] for part in said.split("; ")} == {
        "agents",
        "answer_rate",
        "hours",
        "dial_ratio",
    }


def test_pacing_and_arrivals_exclude_each_other() -> None:
    assert "pacing: stands beside arrivals_per_second" in refusal({**TEAM, "arrivals_per_second": 0.2})
    assert "patience: goes with arrivals_per_second" in refusal({**TEAM, "patience": {"fixed": 2}})


def test_a_call_that_rings_longer_than_it_is_let_ring_is_refused() -> None:
    assert "no_answer_seconds: must not be less than ring_seconds" in refusal({**TEAM, "ring_seconds": 23})


def test_more_calls_than_can_be_simulated_are_refused_before_they_are() -> None:
    said = refusal({**TEAM, "hours": 100, "replications": 10})
    assert said.startswith("replications: makes up to 24,080,000 calls with its warm-up")
    assert "replications" in refusal({**ARRIVALS, "hours": 10_000, "replications": 10})


def test_a_number_is_a_time_that_is_always_the_same() -> None:
    document = team(talk_seconds=180, wrap_seconds={"mean": 30})
    assert (document.talk_seconds.mean, document.talk_seconds.distribution) == (180, "fixed")
    assert (document.wrap_seconds.mean, document.wrap_seconds.distribution) == (30, "fixed")


def test_arrivals_need_no_pacing_and_no_rates() -> None:
    for patience in (None, {"fixed": 0}, {"fixed": 2}, {"exponential": 60}):
        assert ModelDocument.model_validate({**ARRIVALS, "patience": patience}).pacing is None


def test_the_document_reads_back_what_it_dumps() -> None:
    document = team(staffing=[{"at_seconds": 600, "agents": 20}])
    assert ModelDocument.model_validate(document.model_dump()) == document
