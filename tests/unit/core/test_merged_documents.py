"""A settings document holds only what differs: it is merged in depth over the packaged defaults."""

from __future__ import annotations

import json
from typing import Any

import pytest

from outbound.archive.settings import ArchiveSettings
from outbound.cxone.settings import BUDGETS, SURFACES, CxoneSettings
from outbound.deliveries.settings import PACKAGED, DeliverySettings
from outbound.dispositions.settings import DispositionSettings
from outbound.outcomes.settings import DEFAULT_CATEGORIES, OutcomeSettings
from outbound.settings import InvalidDocument, merged, read_document
from outbound.webhooks.settings import Providers

MODELS: list[Any] = [
    ArchiveSettings,
    CxoneSettings,
    DeliverySettings,
    DispositionSettings,
    OutcomeSettings,
    Providers,
]


def read(model: Any, document: object) -> Any:
    return read_document(model, json.dumps(document))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_an_empty_document_changes_nothing(model: Any) -> None:
    assert read(model, {}) == model.model_validate({})


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_what_is_in_force_can_be_put_back_as_it_is_shown(model: Any) -> None:
    whole = model.model_validate({})
    assert read(model, whole.model_dump(mode="json")) == whole


def test_a_host_alone_leaves_the_rest_of_its_surface() -> None:
    surface = read(CxoneSettings, {"surfaces": {"outcomes": {"base_url": "https://a.example"}}})
    assert surface.surface("outcomes").base_url == "https://a.example"
    assert surface.surface("outcomes").token == SURFACES["outcomes"].token
    assert surface.surface("campaigns") == SURFACES["campaigns"]


def test_a_token_address_alone_leaves_the_scopes() -> None:
    document = {"surfaces": {"outcomes": {"token": {"url": "https://a.example/token"}}}}
    token = read(CxoneSettings, document).surface("outcomes").token
    assert token.url == "https://a.example/token"
    assert (token.scopes, token.credentials) == (SURFACES["outcomes"].token.scopes, "basic")


def test_a_quota_alone_leaves_the_rest_of_its_budget() -> None:
    settings = read(CxoneSettings, {"budgets": {"contacts": {"calls": 7}}})
    assert settings.budget("contacts") == BUDGETS["contacts"].model_copy(update={"calls": 7})
    assert settings.budget("campaigns") == BUDGETS["campaigns"]


def test_a_body_and_a_code_are_added_to_those_that_are_packaged() -> None:
    document = {"destinations": {"crm": {"bodies": {"disposition.rejected": "data"}}}}
    bodies = read(DeliverySettings, document).destination("crm").bodies
    assert bodies == {**PACKAGED["crm"].bodies, "disposition.rejected": "data"}
    categories = read(OutcomeSettings, {"categories": {"PROMISED": "warm"}}).categories
    assert categories == {**DEFAULT_CATEGORIES, "PROMISED": "warm"}


def test_null_takes_an_entry_out_and_gives_a_setting_its_default_again() -> None:
    settings = read(OutcomeSettings, {"categories": {"BUSY": None}, "max_pages": None})
    assert "BUSY" not in settings.categories
    assert settings.max_pages == 20_000


def test_lists_replace_and_are_not_joined() -> None:
    document = {"destinations": {"crm": {"event_types": ["outcomes.pulled"]}}}
    assert read(DeliverySettings, document).destination("crm").event_types == ("outcomes.pulled",)


def test_merging_changes_neither_side() -> None:
    defaults, document = {"a": {"b": 1}}, {"a": {"c": 2}}
    assert merged(defaults, document) == {"a": {"b": 1, "c": 2}}
    assert (defaults, document) == ({"a": {"b": 1}}, {"a": {"c": 2}})


def test_other_codes_need_no_word_about_what_the_packaged_ones_require() -> None:
    assert read(DispositionSettings, {"outcome_codes": ["SOLD"]}).outcome_codes == frozenset({"SOLD"})
    with pytest.raises(InvalidDocument, match="required_fields: 'GONE' is none of outcome_codes"):
        read(DispositionSettings, {"required_fields": {"GONE": ["why"]}})


def test_region_and_instance_choose_the_hosts_that_differ_by_them() -> None:
    settings = read(CxoneSettings, {"region": "eu1", "instance": "acme"})
    assert settings.surface("archive").base_url == "https://api.eu1.nicecxone.com"
    assert settings.surface("archive").token.url == "https://api.eu1.nicecxone.com/oauth/token"
    assert settings.surface("dispositions").base_url == "https://acme.niceincontact.com"
    assert settings.surface("outcomes") == SURFACES["outcomes"]
    assert read(CxoneSettings, {}).surface("archive").base_url == "https://api.na1.nicecxone.com"


@pytest.mark.parametrize("region", ["", "na1.evil.example/", "NA1", "a b", "-", "{region}"])
def test_a_region_is_one_part_of_a_host(region: str) -> None:
    with pytest.raises(InvalidDocument, match="region"):
        read(CxoneSettings, {"region": region})


def test_a_url_has_no_other_placeholder() -> None:
    with pytest.raises(InvalidDocument, match=r"surfaces\.archive\.base_url: .*\{region\} and \{instance\}"):
        read(CxoneSettings, {"surfaces": {"archive": {"base_url": "https://api.{area}.example"}}})


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"settling_seconds": "soon"}, "settling_seconds: must be a whole number"),
        ({"settlingseconds": 1}, "settlingseconds: is not a known field"),
        ({"retention_days": 0}, "retention_days: must be 1 or more"),
        ({"categories": {"A": "hot"}}, "categories.A: must be one of 'success', 'warm',"),
        ({"categories": []}, "categories: must be an object"),
        ({"carried_fields": {"more": {}}}, "carried_fields.more.column: is missing"),
        ({"carried_fields": {"a": {"column": "id"}}}, "document: carried_fields: the column id is there"),
    ],
)
def test_complaints_are_sentences_for_people_without_values(document: object, said: str) -> None:
    with pytest.raises(InvalidDocument) as refused:
        read(OutcomeSettings, document)
    assert str(refused.value).startswith(said)
    assert "Input should" not in str(refused.value)
    assert "Value error" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1,\n"b" 2}', "document: is not valid JSON at line 2, column 5"),
        ("[]", "document: must be a JSON object"),
        ('{"retention_days": NaN}', "document: NaN is not a number that JSON has"),
        ("\xe9".encode("latin-1"), "document: must be text in UTF-8"),
        ("[" * 100_000, "document: is nested too deeply"),
        ('{"a": ' + "1" * 5000 + "}", "document: has a number that is too long"),
    ],
    ids=["comma", "list", "nan", "latin", "deep", "long"],
)
def test_a_text_that_is_no_document_is_refused_with_the_place(text: str | bytes, said: str) -> None:
    with pytest.raises(InvalidDocument) as refused:
        read_document(OutcomeSettings, text)
    assert str(refused.value) == said


@pytest.mark.parametrize("text", ["\ufeff{}", b"\xef\xbb\xbf{}"])
def test_a_byte_order_mark_is_read_over(text: str | bytes) -> None:
    assert read_document(OutcomeSettings, text) == OutcomeSettings()
