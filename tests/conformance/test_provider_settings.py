"""The settings of senders: defaults, every well-known sender in a word, and complaints by field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from outbound.settings import ConfigurationError, Documents
from outbound.webhooks.settings import Providers
from outbound.webhooks.settings_fields import InvalidSettings
from outbound.webhooks.signatures.schemes import Hmac, SharedSecret, StandardWebhooks
from worlds.aws import AwsWorld, FakeClock

WORDS = {
    "standard_webhooks": StandardWebhooks,
    "hubspot_v3": Hmac,
    "salesforce": Hmac,
    "salesforce_marketing_cloud": Hmac,
    "stripe": Hmac,
    "github": Hmac,
    "zendesk": Hmac,
    "shopify": Hmac,
    "cxone_digital": Hmac,
    "cxone_expert": Hmac,
    "bearer": SharedSecret,
    "secret_header": SharedSecret,
}


def _with(**settings: Any) -> dict[str, Any]:
    return {"providers": {"acme": {"scheme": "github"} | settings}}


def test_as_packaged_no_sender_may_send_anything() -> None:
    providers = Providers.model_validate({})

    assert providers == Providers()
    assert providers.cxone is None
    assert providers.crm("hubspot") is None


@pytest.mark.parametrize(("word", "kind"), WORDS.items())
def test_a_well_known_sender_is_one_word(word: str, kind: type) -> None:
    provider = Providers.model_validate(_with(scheme=word)).providers["acme"]

    assert isinstance(provider.scheme, kind)
    assert provider == Providers.model_validate(_with(scheme={"type": word})).providers["acme"]


def test_settings_that_are_left_out_have_defaults() -> None:
    provider = Providers.model_validate(_with()).providers["acme"]

    assert provider.name == "acme"
    assert provider.tolerance_seconds == 300
    assert provider.max_body_bytes == 240 * 1024
    assert provider.request_types == ()
    assert provider.mapping == "plain"
    assert (provider.event_id, provider.occurred_at, provider.integration_user) == ("", "", "")


def test_cxone_is_a_sender_with_a_mapping_of_its_own() -> None:
    providers = Providers.model_validate({"cxone": {"scheme": "bearer"}})

    assert providers.cxone is not None
    assert (providers.cxone.name, providers.cxone.mapping) == ("cxone", "cxone")
    assert providers.crm("cxone") is None


def test_what_is_shown_can_be_put_back() -> None:
    for word in WORDS:
        settings = _with(scheme=word, mapping={"id": "eventId", "events": ["a", {"b": "c"}]})
        providers = Providers.model_validate(settings | {"cxone": {"scheme": "secret_header"}})

        shown = json.dumps(providers.model_dump(mode="json"))
        assert Providers.model_validate_json(shown) == providers


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], "document"),
        ({"provider": {}}, "provider"),
        ({"public_base_url": "ftp://a.example"}, "public_base_url"),
        ({"public_base_url": "https://user:pass@a.example"}, "public_base_url"),
        ({"public_base_url": "https://a.example/?a=b"}, "public_base_url"),
        ({"providers": []}, "providers"),
        ({"providers": {"Acme Inc.": {"scheme": "github"}}}, "providers"),
        ({"providers": {"cxone": {"scheme": "github"}}}, "providers"),
        ({"providers": {"acme": "github"}}, "providers.acme"),
        ({"providers": {"acme": {}}}, "providers.acme.scheme"),
        ({"cxone": {"scheme": None}}, "cxone.scheme"),
        ({"cxone": "bearer"}, "cxone"),
        (_with(scheme="md5"), "providers.acme.scheme.type"),
        (_with(scheme={"type": "hmac"}), "providers.acme.scheme.signature_header"),
        (_with(scheme={"signature_header": "x"}), "providers.acme.scheme.type"),
        (
            _with(scheme={"type": "github", "signature_header": "x y"}),
            "providers.acme.scheme.signature_header",
        ),
        (_with(scheme={"type": "github", "algorithm": "sha1"}), "providers.acme.scheme.algorithm"),
        (_with(scheme={"type": "github", "algorithm": "md5"}), "providers.acme.scheme.algorithm"),
        (_with(scheme={"type": "github", "encoding": "utf-8"}), "providers.acme.scheme.encoding"),
        (_with(scheme={"type": "github", "payload": "{timestamp}"}), "providers.acme.scheme.payload"),
        (_with(scheme={"type": "github", "payload": "{timestamp}{body}"}), "providers.acme.scheme.payload"),
        (_with(scheme={"type": "github", "payload": "{body}{body}"}), "providers.acme.scheme.payload"),
        (_with(scheme={"type": "github", "payload": "{body}{header}"}), "providers.acme.scheme.payload"),
        (_with(scheme={"type": "github", "payload": "{body}}"}), "providers.acme.scheme.payload"),
        (_with(scheme={"type": "github", "payload": "{body"}), "providers.acme.scheme.payload"),
        (_with(scheme={"type": "github", "payload": ""}), "providers.acme.scheme.payload"),
        (_with(scheme={"type": "github", "timestamp_header": "x-time"}), "providers.acme.scheme.payload"),
        (_with(scheme={"type": "stripe", "timestamp_header": "x-time"}), "providers.acme.scheme.payload"),
        (
            _with(scheme={"type": "stripe", "signature_element": ""}),
            "providers.acme.scheme.signature_element",
        ),
        (
            _with(scheme={"type": "stripe", "element_separator": ""}),
            "providers.acme.scheme.element_separator",
        ),
        (_with(scheme={"type": "bearer", "signature_header": "x"}), "providers.acme.scheme.signature_header"),
        (_with(scheme={"type": "bearer", "header": ""}), "providers.acme.scheme.header"),
        (_with(scheme={"type": "standard_webhooks", "x": 1}), "providers.acme.scheme.x"),
        (_with(tolerance_seconds=0), "providers.acme.tolerance_seconds"),
        (_with(tolerance_seconds=86401), "providers.acme.tolerance_seconds"),
        (_with(tolerance_seconds=True), "providers.acme.tolerance_seconds"),
        (_with(tolerance_seconds="300"), "providers.acme.tolerance_seconds"),
        (_with(tolerance_seconds=1.5), "providers.acme.tolerance_seconds"),
        (_with(max_body_bytes=240 * 1024 + 1), "providers.acme.max_body_bytes"),
        (_with(request_types=["campaign.delete.requested"]), "providers.acme.request_types"),
        (_with(request_types="consent.changed"), "providers.acme.request_types"),
        (_with(request_types=[["consent.changed"]]), "providers.acme.request_types"),
        (_with(mapping="sugar"), "providers.acme.mapping"),
        (_with(mapping={}), "providers.acme.mapping"),
        (_with(mapping={"id": 1}), "providers.acme.mapping"),
        (_with(event_id=3), "providers.acme.event_id"),
        (_with(event_id="a" * 1001), "providers.acme.event_id"),
        (_with(integration_user=123), "providers.acme.integration_user"),
        (_with(secret="hush"), "providers.acme.secret"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_name(document: object, field: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        Providers.model_validate(document)

    assert str(caught.value).startswith(f"{field}: ")
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "nan", "null", "[]", "3"])
def test_a_document_that_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(InvalidSettings, match="document: must be"):
        Providers.model_validate_json(text)


def test_the_document_is_read_like_every_other(aws: AwsWorld, clock: FakeClock) -> None:
    documents = Documents(aws.ssm, "outbound", clock)
    assert documents.get("ingress", Providers) == Providers()

    put = {"Name": "/outbound/config/ingress", "Type": "String", "Overwrite": True}
    aws.ssm.put_parameter(Value=json.dumps(_with(scheme="stripe")), **put)
    clock.advance(seconds=60)
    assert documents.get("ingress", Providers).providers["acme"].scheme.is_timed  # type: ignore[union-attr]

    aws.ssm.put_parameter(Value=json.dumps(_with(scheme="hush")), **put)
    clock.advance(seconds=60)
    assert documents.get("ingress", Providers).providers["acme"].scheme.is_timed, "the last good one stays"
    cold = Documents(aws.ssm, "outbound", clock)
    with pytest.raises(ConfigurationError, match=r"providers\.acme\.scheme\.type: must be one of") as caught:
        cold.get("ingress", Providers)
    assert "hush" not in str(caught.value)
