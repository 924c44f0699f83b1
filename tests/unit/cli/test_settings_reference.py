"""docs/settings.md and `config schema` are in step with the models."""

from __future__ import annotations

from dataclasses import fields as fields_of
from pathlib import Path
from typing import Any

import pytest

from outbound.cli.ingress_schema import INGRESS_SCHEMA
from outbound.cli.settings_reference import MODELS, fields, reference
from outbound.webhooks.settings import Provider, Providers
from outbound.webhooks.settings_fields import InvalidSettings
from outbound.webhooks.signatures.schemes import Hmac, SharedSecret

ROOT = Path(__file__).parents[3]
PROVIDER: dict[str, Any] = INGRESS_SCHEMA["$defs"]["Provider"]["properties"]


def test_the_page_is_as_the_models_are() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    assert page == reference(), "write it anew with: make docs"


@pytest.mark.parametrize("capability", sorted(MODELS))
def test_every_field_has_its_form_and_its_meaning(capability: str) -> None:
    for field in fields(capability):
        assert field.form != "any", field.path
        assert field.meaning, field.path


def test_the_hand_written_schema_names_what_the_reader_takes() -> None:
    assert set(PROVIDER) == {field.name for field in fields_of(Provider)} - {"name"}
    assert set(INGRESS_SCHEMA["properties"]) == {field.name for field in fields_of(Providers)}
    scheme = INGRESS_SCHEMA["$defs"]["Scheme"]["properties"]
    assert set(scheme) == {"type"} | {
        field.name for kind in (Hmac, SharedSecret) for field in fields_of(kind)
    }


@pytest.mark.parametrize("name", ["tolerance_seconds", "max_body_bytes"])
def test_its_bounds_and_defaults_are_those_of_the_reader(name: str) -> None:
    def read(**settings: Any) -> Provider:
        return Providers.model_validate({"providers": {"a": {"scheme": "github", **settings}}}).providers["a"]

    least, most = PROVIDER[name]["minimum"], PROVIDER[name]["maximum"]
    assert getattr(read(), name) == PROVIDER[name]["default"]
    for value in (least, most):
        assert getattr(read(**{name: value}), name) == value
    for value in (least - 1, most + 1):
        with pytest.raises(InvalidSettings):
            read(**{name: value})


def test_its_schemes_are_all_known_and_their_defaults_too() -> None:
    scheme = INGRESS_SCHEMA["$defs"]["Scheme"]["properties"]
    for name in scheme["type"]["enum"]:
        given = {"type": name, "signature_header": "x-s"} if name == "hmac" else name
        Providers.model_validate({"cxone": {"scheme": given}})
    hmac = {"type": "hmac", "signature_header": "x-s"}
    plain = Providers.model_validate({"cxone": {"scheme": hmac}}).cxone
    assert plain is not None
    for field in fields_of(Hmac):
        if field.name != "signature_header":
            assert getattr(plain.scheme, field.name) == scheme[field.name]["default"], field.name
