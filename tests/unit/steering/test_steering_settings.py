"""The settings of steering: each field has its meaning, and what cannot be meant is refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from outbound.complaints import complaints, has_words
from outbound.steering.proportions import wilson_bounds
from outbound.steering.settings import FailoverSettings, SteeringSettings


def test_an_empty_document_has_the_values_of_the_rules() -> None:
    settings = SteeringSettings.model_validate({})
    assert (settings.failover.threshold, settings.failover.min_calls, settings.failover.windows) == (
        0.15,
        50,
        3,
    )
    assert settings.failover.cool_down.total_seconds() == 3600
    assert settings.abandonment.alarm_share < 0.03


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"failover": {"threshold": 0}}, "threshold: must be more than 0"),
        ({"failover": {"min_calls": 15}}, "min_calls: must be 16 or more"),
        ({"failover": {"windows": 1}}, "windows: must be 2 or more"),
        ({"failover": {"cool_down_minutes": 10}}, "complete_within_minutes: is above cool_down_minutes"),
        ({"abandonment": {"alarm_share": 0.03}}, "alarm_share: must be less than 0.03"),
        ({"abandonment": {"abandoned_codes": ["a b"]}}, "must be 2 to 40 capital letters"),
        ({"failovers": {}}, "failovers: is not a known field"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(document: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        SteeringSettings.model_validate(document)
    assert said in complaints(refused.value)


def test_every_field_has_a_description_and_its_form_in_words() -> None:
    schema = SteeringSettings.model_json_schema()
    for model in (schema, *schema["$defs"].values()):
        assert [name for name, field in model["properties"].items() if "description" not in field] == []
    codes = schema["$defs"]["AbandonmentSettings"]["properties"]["answered_codes"]["items"]
    assert has_words(codes["pattern"])


def test_the_least_number_of_calls_is_the_least_that_can_prove_a_breach() -> None:
    threshold = FailoverSettings().threshold
    assert wilson_bounds(0, 16).proves_below(threshold)
    assert not wilson_bounds(0, 15).proves_below(threshold)
