"""A document with each field wrong in each way, limits with their sources, and warnings."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from outbound.dialer.checks import check
from outbound.dialer.expectations import expected, model_document
from outbound.dialer.model.document import ModelDocument
from outbound.dialer.plan import plan
from outbound.dialer.requests import InvalidRollout, RolloutRequest
from outbound.dialer.settings import Assumed, DialerSettings
from outbound.dialer.trunk_load import trunk_load
from worlds.rollouts import EXAMPLE, document, first_settings

CONFIGURED = DialerSettings.model_validate({"trunks": {"count": 150, "used": 0.45}})


def _with(path: str, value: Any) -> dict[str, Any]:
    """The example's document with one field changed, or removed where the value is ...."""
    given = document()
    block: Any = given
    *parents, name = path.split(".")
    for parent in parents:
        block = block[parent]
    if value is ...:
        del block[name]
    else:
        block[name] = value
    return given


_NUMBERS = (
    "settings.concurrency.max_agents",
    "settings.concurrency.max_simultaneous_calls",
    "settings.concurrency.call_spacing_ms",
    "settings.algorithm.abandonment_rate_target",
    "settings.algorithm.agent_availability_estimate",
    "settings.algorithm.dial_ratio",
)
_BLOCKS = ("settings.concurrency", "settings.algorithm")
_WRONG_BLOCKS = [(..., "required"), (7, "form"), ([], "form")]
_WRONG_NUMBERS = [
    *((..., "required"), ("7", "form"), (True, "form"), (None, "form"), ([], "form")),
    *((-1, "range"), (10**7, "range")),
]
_CASES = [
    *((path, *wrong) for path in _NUMBERS for wrong in _WRONG_NUMBERS),
    *((path, *wrong) for path in _BLOCKS for wrong in _WRONG_BLOCKS),
    *((f"settings.concurrency.{name}", 1.5, "form") for name in ("max_agents", "call_spacing_ms")),
    ("settings.algorithm.ring_timeout_sec", "15", "form"),
    ("settings.algorithm.ring_timeout_sec", -1, "range"),
    ("settings.algorithm.warm_line_timeout_sec", 601, "range"),
    ("settings.algorithm.colour", "red", "unknown_field"),
    ("settings.colour", "red", "unknown_field"),
    ("settings.name", ..., "required"),
    ("settings.name", "", "range"),
    ("settings.name", 7, "form"),
    ("settings.name", "x" * 201, "range"),
    ("settings.type", "telepathic", "form"),
    ("settings.type", ..., "required"),
    ("settings.algorithm.type", None, "form"),
    ("reason", ..., "required"),
    ("reason", "", "range"),
    ("reason", "x" * 501, "range"),
    ("campaigns", "spring", "form"),
    ("campaigns", [f"c{number}" for number in range(51)], "range"),
    ("settings", ..., "required"),
    ("settings", [], "form"),
    ("colour", "red", "unknown_field"),
    ("restore", "20260310T120000-0123456789abcdef", "form"),
    ("requested_by", 7, "form"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "rule"), _CASES)
def test_a_wrong_field_is_named_with_its_rule(path: str, value: Any, rule: str) -> None:
    with pytest.raises(InvalidRollout) as caught:
        RolloutRequest.of(_with(path, value))
    assert (path, rule) in {(each.field, each.rule) for each in caught.value.complaints}


@pytest.mark.parametrize(
    ("override", "field"),
    [
        ({}, "override.rules"),
        ({"rules": [], "approved_by": "x", "reason": "y"}, "override.rules"),
        ({"rules": ["gravity"], "approved_by": "x", "reason": "y"}, "override.rules.0"),
        ({"rules": ["ring_seconds"], "reason": "y"}, "override.approved_by"),
        ({"rules": ["ring_seconds"], "approved_by": "x", "reason": ""}, "override.reason"),
        (True, "override"),
    ],
)
def test_an_override_names_its_rules_and_who_approved_it(override: Any, field: str) -> None:
    with pytest.raises(InvalidRollout) as caught:
        RolloutRequest.of(document(override=override))
    assert field in {each.field for each in caught.value.complaints}


def test_everything_that_is_wrong_is_named_at_once() -> None:
    given = _with("settings.concurrency.max_agents", "fifty")
    del given["settings"]["algorithm"]["dial_ratio"]
    given |= {"reason": "", "colour": "red"}
    with pytest.raises(InvalidRollout) as caught:
        RolloutRequest.of(given)
    assert {each.field for each in caught.value.complaints} == {
        "settings.concurrency.max_agents",
        "settings.algorithm.dial_ratio",
        "reason",
        "colour",
    }


def test_a_value_of_a_document_is_not_quoted() -> None:
    with pytest.raises(InvalidRollout) as caught:
        RolloutRequest.of(_with("settings.algorithm.dial_ratio", "+12125550100"))
    assert "2125550100" not in str(caught.value)


def test_the_example_is_refused_by_nothing_and_warned_about_its_trunks() -> None:
    RolloutRequest.of(document())
    checked = check(EXAMPLE, CONFIGURED)
    assert checked.complaints == ()
    (warning,) = checked.warnings
    assert (warning.rule, warning.field) == (
        "trunk_capacity",
        "settings.concurrency.max_simultaneous_calls",
    )
    assert "200 calls" in warning.message
    assert "leave 82" in warning.message


@pytest.mark.parametrize(("target", "refused"), [(0.03, False), (0.0301, True), (0.0, False), (1, True)])
def test_an_abandonment_target_above_3_percent_is_refused(target: float, refused: bool) -> None:
    settings = first_settings(abandonment_rate_target=target)
    assert [each.rule for each in check(settings, CONFIGURED).complaints] == ["abandonment_target"] * refused


@pytest.mark.parametrize("name", ["ring_timeout_sec", "warm_line_timeout_sec"])
@pytest.mark.parametrize(("seconds", "refused"), [(15, False), (14.9, True), (0, True), (60, False)])
def test_a_time_out_under_15_seconds_is_refused(name: str, seconds: float, refused: bool) -> None:
    checked = check(first_settings(**{name: seconds}), CONFIGURED)
    assert [each.rule for each in checked.complaints] == ["ring_seconds"] * refused
    assert all("CFR" in each.citation for each in checked.complaints)


def test_limits_are_settings_and_complaints_quote_their_source() -> None:
    limits = {"abandonment_target": {"value": 0.01, "source": "our own rule of 2026"}}
    configured = DialerSettings.model_validate({"limits": limits})
    (complaint,) = check(first_settings(), configured).complaints
    assert complaint.citation == "our own rule of 2026"


def _warned(settings: dict[str, Any], **configured: Any) -> set[str]:
    given = {"trunks": {"count": 150, "used": 0.45}, **configured}
    return {each.rule for each in check(settings, DialerSettings.model_validate(given)).warnings}


def test_small_teams_are_warned_of_ratios_above_one() -> None:
    settings = first_settings(dial_ratio=4.5)
    settings["concurrency"]["max_agents"] = 9
    assert _warned(settings) == {"small_team", "answers_per_agent"}
    settings["algorithm"]["dial_ratio"] = 1.0
    assert _warned(settings) == set()
    settings["concurrency"]["max_agents"] = 10
    settings["algorithm"]["dial_ratio"] = 4.5
    assert _warned(settings) == set()


def test_spacing_that_holds_a_team_back_is_warned_of() -> None:
    settings = copy.deepcopy(EXAMPLE)
    settings["concurrency"] |= {"max_simultaneous_calls": 80, "call_spacing_ms": 1500}
    assert _warned(settings) == {"spacing"}


def test_trunks_that_block_are_warned_of() -> None:
    settings = copy.deepcopy(EXAMPLE)
    settings["concurrency"]["max_simultaneous_calls"] = 50
    assert _warned(settings) == {"trunk_blocking"}


def test_trunks_that_are_not_known_are_not_judged() -> None:
    assert _warned(EXAMPLE, trunks=None) == {"trunks_unknown"}


def test_the_offered_load_of_trunks_has_its_known_answer() -> None:
    load = trunk_load(50, 0.85, Assumed())
    assert load.dials_per_second == pytest.approx(0.708, abs=0.0005)
    assert load.erlang == pytest.approx(45.7, abs=0.05)
    assert load.blocking(50) == pytest.approx(0.060, abs=0.0005)
    assert load.blocking(60) == pytest.approx(0.0068, abs=0.00005)


def test_a_plan_says_what_changes_and_what_the_model_expects() -> None:
    quick = DialerSettings.model_validate(
        {"trunks": {"count": 150, "used": 0.45}, "assumed": {"hours": 0.2, "replications": 3}}
    )
    planned = plan(document(), quick, first_settings())
    answer = planned.as_document()
    assert {each["field"] for each in answer["changes"]} >= {"name", "algorithm.dial_ratio"}
    for side in ("before", "after"):
        abandonment = answer[side]["abandonment"]
        assert abandonment["low"] <= abandonment["mean"] <= abandonment["high"]
    assert answer["assumed"]["trunks_free"] == 82
    assert answer["after"]["occupancy"]["mean"] > answer["before"]["occupancy"]["mean"]


def test_a_plan_without_what_is_in_force_has_no_changes_and_an_expectation() -> None:
    quick = DialerSettings.model_validate({"assumed": {"hours": 0.1, "replications": 2}})
    planned = plan(document(), quick, None)
    assert (planned.changes, planned.before) == ((), None)
    assert planned.after is not None
    assert planned.after.capacity is not None


def test_a_plan_of_a_wrong_document_has_its_complaints() -> None:
    planned = plan({"settings": {}}, CONFIGURED, first_settings())
    assert {each.field for each in planned.complaints} >= {"reason", "settings.name"}
    assert planned.after is None


@pytest.mark.parametrize("kind", ["predictive", "progressive", "preview"])
def test_every_form_of_settings_makes_a_document_of_the_model(kind: str) -> None:
    settings = {**first_settings(dial_ratio=20, abandonment_rate_target=0, ring_timeout_sec=5), "type": kind}
    ModelDocument.model_validate(model_document(settings, CONFIGURED))


def test_settings_that_are_no_team_have_a_reason_in_place_of_an_expectation() -> None:
    found = expected({"concurrency": {}}, CONFIGURED)
    assert found.capacity is None
    assert "cannot be read" in found.reason


@pytest.mark.parametrize("block", [None, {}, "none", {"max_agents": "many"}])
def test_settings_that_are_no_team_are_told_of_in_plain_words(block: Any) -> None:
    reason = expected({**first_settings(), "concurrency": block}, CONFIGURED).reason
    assert "concurrency.max_agents" in reason
    assert not any(word in reason for word in ("Error", "NoneType", "object", "literal"))


def test_an_odd_time_out_in_force_does_not_stop_a_plan() -> None:
    settings = first_settings(ring_timeout_sec="long")
    quick = DialerSettings.model_validate({"assumed": {"hours": 0.1, "replications": 2}})
    assert expected(settings, quick).capacity is not None
