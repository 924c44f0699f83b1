"""A field of the wrong form is refused in words: a pattern is for machines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from outbound.campaigns.registration import Registration
from outbound.cli.settings_reference import MODELS
from outbound.complaints import complaints, has_words
from outbound.cxone.settings import CxoneSettings
from outbound.events.catalogue import CATALOGUE
from outbound.events.requests.base import InvalidData
from outbound.events.requests.by_type import validated
from outbound.events.types import EventType
from outbound.outcomes.settings import OutcomeSettings


def _patterns(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for part in schema.values():
            yield from _patterns(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _patterns(part)


def _all_patterns() -> set[str]:
    models = [model for model in (*MODELS.values(), Registration) if issubclass(model, BaseModel)]
    schemas = [model.model_json_schema() for model in models]
    schemas += [contract.schema() for contract in CATALOGUE.values()]
    return {pattern for schema in schemas for pattern in _patterns(schema)}


def test_every_pattern_of_a_model_has_its_words() -> None:
    assert _all_patterns()
    assert sorted(pattern for pattern in _all_patterns() if not has_words(pattern)) == []


@pytest.mark.parametrize(
    ("model", "document", "said"),
    [
        (CxoneSettings, {"region": "EU 1"}, "region: must be 1 to 40 small letters and digits"),
        (OutcomeSettings, {"carried_fields": {"a": {"column": "A"}}}, "column: must be a small letter, and"),
        (
            Registration,
            {"campaign_id": "s", "name": "s", "outcome_codes": ["a b"]},
            "must be 2 to 40 capital",
        ),
    ],
)
def test_a_wrong_form_is_said_in_words(model: type[BaseModel], document: Any, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(document)
    assert said in complaints(refused.value)
    assert "^" not in complaints(refused.value)


def test_a_sender_of_a_webhook_is_told_in_words() -> None:
    with pytest.raises(InvalidData) as refused:
        validated(EventType.DISPOSITION_REQUESTED, {"contact_id": "c1", "outcome_code": "?", "more": 1})
    assert list(refused.value.fields.values()) == ["must be 2 to 40 capital letters, digits and '_'"]
    with pytest.raises(InvalidData) as refused:
        validated(EventType.ARCHIVE_REQUESTED, {"campaign_id": "two words", "retention_day": 3})
    assert "^" not in json.dumps(refused.value.fields)
    assert "is not a known field" in refused.value.fields.values()


@pytest.mark.parametrize("code", ["2ND_CALL", "3RD_PARTY", "SOLD", "_X"])
def test_a_code_has_one_form_wherever_it_is_said(code: str) -> None:
    registered = Registration.model_validate({"campaign_id": "s", "name": "s", "outcome_codes": [code]})
    asked = validated(EventType.DISPOSITION_REQUESTED, {"contact_id": "c1", "outcome_code": code})
    assert registered.outcome_codes == [asked["outcome_code"]]
