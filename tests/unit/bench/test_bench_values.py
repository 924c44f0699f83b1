"""Reading the environment of a function from the built template, and judging figures."""

from __future__ import annotations

from typing import Any

import pytest

from bench.handlers import Values
from bench.measured import Measured, Target

TEMPLATE: dict[str, Any] = {
    "Parameters": {"Stage": {"Default": "dev"}, "Endpoint": {"Type": "String"}},
    "Conditions": {
        "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
        "IsNotProd": {"Fn::Not": [{"Condition": "IsProd"}]},
    },
}


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (30, "30"),
        ({"Ref": "Stage"}, "dev"),
        ({"Ref": "Endpoint"}, ""),
        ({"Ref": "StateTable"}, "StateTable"),
        ({"Ref": "AWS::Partition"}, "aws"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "Queue.Arn"),
        ({"Fn::Sub": "${Stage}-${Queue.Arn}-${!kept}"}, "dev-Queue.Arn-${!kept}"),
        ({"Fn::Sub": ["${a}/${Stage}", {"a": {"Ref": "Bucket"}}]}, "Bucket/dev"),
        ({"Fn::Join": [":", ["a", {"Ref": "Stage"}]]}, "a:dev"),
        ({"Fn::If": ["IsProd", "yes", "no"]}, "no"),
        ({"Fn::If": ["IsNotProd", {"Ref": "Stage"}, "no"]}, "dev"),
    ],
)
def test_an_expression_of_the_template_has_a_text(expression: Any, text: str) -> None:
    assert Values(TEMPLATE).resolved(expression) == text


def test_an_expression_that_is_not_understood_is_named() -> None:
    with pytest.raises(ValueError, match="Fn::ImportValue"):
        Values(TEMPLATE).resolved({"Fn::ImportValue": "other-stack"})


@pytest.mark.parametrize(
    ("target", "value", "met"),
    [
        (Target("at most", 1.3), 1.3, True),
        (Target("at most", 1.3), 1.31, False),
        (Target("at least", 95, "%"), 95, True),
        (Target("at least", 95, "%"), 94.9, False),
        (Target("exactly", 1), 1, True),
        (Target("exactly", 1), 2, False),
    ],
)
def test_a_figure_is_met_at_its_target_and_missed_beyond_it(target: Target, value: float, met: bool) -> None:
    assert Measured("figure", value, target).met is met


def test_a_figure_that_is_only_told_is_never_missed() -> None:
    told = Measured("figure", 17.5, Target("none", unit="a second"))
    assert told.met
    assert not told.target.judges
    assert told.target.shown(told.value) == "17.500 a second"
