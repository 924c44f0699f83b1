"""`outbound config`: settings are found, explained, refused when they lead nowhere, and edited."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from outbound.cli.settings_reference import MODELS
from outbound.cxone.settings import BUDGETS, SURFACES
from worlds.aws import AwsWorld, FakeClock
from worlds.command import Command, Said

CAPABILITIES = sorted(MODELS)


@pytest.fixture
def put(outbound: Command, tmp_path: Path) -> Any:
    def run(capability: str, document: object) -> Said:
        file = tmp_path / f"{capability}.json"
        file.write_text(document if isinstance(document, str) else json.dumps(document))
        return outbound("config", "put", capability, str(file))

    return run


def stored(aws: AwsWorld, capability: str) -> Any:
    parameter = aws.ssm.get_parameter(Name=f"/outbound/config/{capability}")["Parameter"]
    return json.loads(parameter["Value"])


def test_what_is_shown_has_every_default_at_every_level(outbound: Command) -> None:
    shown = outbound("config", "show", "cxone").json
    assert sorted(shown["surfaces"]) == sorted(SURFACES)
    assert shown["surfaces"]["outcomes"]["token"]["early_seconds"] == 60
    assert sorted(shown["budgets"]) == sorted(BUDGETS)
    destinations = outbound("config", "show", "deliveries").json["destinations"]
    assert destinations["crm"]["event_types"][0] == "outcomes.pulled"
    assert destinations["warehouse"]["circuit"] == {"failures": 5, "recovery_seconds": 60}


def test_what_a_document_leaves_out_is_shown_too(outbound: Command, put: Any) -> None:
    assert put("cxone", {"surfaces": {"outcomes": {"base_url": "https://a.example"}}}).code == 0
    surface = outbound("config", "show", "cxone").json["surfaces"]["outcomes"]
    assert surface["base_url"] == "https://a.example"
    assert surface["token"]["scopes"] == ["outbound:call:read", "outbound:campaign:read"]


@pytest.mark.slow
@pytest.mark.parametrize("capability", ["archiving", "dispositions"])
def test_the_order_is_the_same_in_every_process(capability: str) -> None:
    """Sets come in an order that differs from process to process."""
    code = (
        "from outbound.cli.configuration import _plain; from outbound.cli.settings_reference import MODELS;"
        f"import json; print(json.dumps(_plain(MODELS[{capability!r}].model_validate({{}}).model_dump())))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": "layers/outbound/python"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(said) == 1


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_what_is_shown_can_be_put_as_it_is(
    outbound: Command, put: Any, capability: str, clock: FakeClock
) -> None:
    shown = outbound("config", "show", capability).out
    assert put(capability, shown).code == 0
    clock.advance(minutes=2)
    assert outbound("config", "show", capability).out == shown


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_a_schema_is_a_table_for_people_and_json_for_scripts(outbound: Command, capability: str) -> None:
    schema = outbound("--json", "config", "schema", capability).json
    table = outbound("config", "schema", capability).out
    for name in schema["properties"]:
        assert f"\n{name} " in table


@pytest.mark.parametrize(
    ("capability", "document", "said"),
    [
        (
            "cxone",
            {
                "surfaces": {
                    "outcome": {"base_url": "https://a.example", "token": {"url": "https://a.example"}}
                }
            },
            "surfaces.outcome: is not known here; use one of archive, campaigns,",
        ),
        (
            "cxone",
            {"surfaces": {"outcome": {"base_url": "https://a.example"}}},
            "surfaces.outcome.token: is m",
        ),
        (
            "cxone",
            {"budgets": {"outbond": {"calls": 1, "per_seconds": 1}}},
            "budgets.outbond: is not known here",
        ),
        (
            "cxone",
            {"surfaces": {"outcomes": {"base_url": "http://a.example"}}},
            "surfaces.outcomes.base_url: is",
        ),
        (
            "cxone",
            {"surfaces": {"archive": {"token": {"url": "http://8.8.8.8/token"}}}},
            "surfaces.archive.token.url: is not encrypted",
        ),
        (
            "deliveries",
            {"destinations": {"crn": {"url": "https://a.example", "event_types": ["outcomes.*"]}}},
            "destinations.crn: is not known here; use one of crm, warehouse, wfm",
        ),
        (
            "deliveries",
            {"destinations": {"crm": {"url": "https://a.example", "event_types": ["outcomes.puled"]}}},
            "destinations.crm.event_types: 'outcomes.puled' fits no event",
        ),
        (
            "deliveries",
            {"destinations": {"crm": {"url": "https://a.example", "event_types": ["disposition.requested"]}}},
            "destinations.crm.event_types: 'disposition.requested' fits no event that is delivered",
        ),
        (
            "deliveries",
            {"destinations": {"crm": {"url": "https://a.example", "bodies": {"outcome.*": "data"}}}},
            "destinations.crm.bodies: 'outcome.*' fits no event",
        ),
        (
            "deliveries",
            {"destinations": {"crm": {"url": "http://a.example"}}},
            "destinations.crm.url: is not enc",
        ),
        (
            "archiving",
            {"campaigns": ["*", "sprin"]},
            "campaigns: 'sprin' is not registered; use: outbound camp",
        ),
        ("archiving", {"except_campaigns": ["sprin"]}, "except_campaigns: 'sprin' is not registered"),
        ("ingress", {"public_base_url": "http://hooks.example"}, "public_base_url: is not encrypted"),
        (
            "ingress",
            {"providers": {"acme": {"scheme": "github", "mapping": {"events": "["}}}},
            "providers.acme: mapping: ",
        ),
        ("ingress", {"providers": {"acme": {"scheme": "git"}}}, "providers.acme.scheme.type: must be one of"),
        ("outcomes", '{"max_pages": 1,}', "document: is not valid JSON at line 1, column "),
    ],
)
def test_what_leads_nowhere_is_refused_when_it_is_put(
    aws: AwsWorld, put: Any, tmp_path: Path, capability: str, document: object, said: str
) -> None:
    refused = put(capability, document)
    assert refused.code == 2
    assert refused.err.startswith(f"outbound: {tmp_path / capability}.json: {said}"), refused.err
    with pytest.raises(aws.ssm.exceptions.ParameterNotFound):
        stored(aws, capability)


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "10.1.2.3", "172.17.0.1:9"])
def test_plain_http_stays_on_private_addresses(put: Any, host: str) -> None:
    assert put("cxone", {"surfaces": {"outcomes": {"base_url": f"http://{host}"}}}).code == 0


def test_a_registered_campaign_may_be_named(outbound: Command, put: Any) -> None:
    assert outbound("campaigns", "register", "spring").code == 0
    assert put("archiving", {"campaigns": ["spring"]}).code == 0


def test_only_what_was_said_is_stored(aws: AwsWorld, put: Any) -> None:
    assert put("outcomes", {"max_pages": 7}).code == 0
    assert stored(aws, "outcomes") == {"max_pages": 7}


def test_credentials_in_headers_are_masked_and_survive_an_edit(
    aws: AwsWorld, outbound: Command, put: Any, clock: FakeClock
) -> None:
    crm = {"url": "https://a.example", "headers": {"X-Api-Key": "hush", "X-Other": "mum"}}
    assert put("deliveries", {"destinations": {"crm": crm}}).code == 0
    shown = outbound("config", "show", "deliveries")
    assert "hush" not in shown.out
    assert shown.json["destinations"]["crm"]["headers"] == {"X-Api-Key": "***", "X-Other": "***"}

    edited = shown.json
    edited["destinations"]["crm"]["headers"]["X-Other"] = "new"
    assert put("deliveries", edited).code == 0
    headers = stored(aws, "deliveries")["destinations"]["crm"]["headers"]
    assert headers == {"X-Api-Key": "hush", "X-Other": "new"}


def test_a_mask_that_stands_for_nothing_is_refused(put: Any) -> None:
    refused = put("deliveries", {"destinations": {"crm": {"headers": {"X-Api-Key": "***"}}}})
    assert refused.code == 2
    assert "destinations.crm.headers.X-Api-Key: is masked; write its value" in refused.err


def test_a_document_that_parameter_store_cannot_take_is_refused(put: Any) -> None:
    refused = put("outcomes", {"categories": {f"CODE_{number}": "warm" for number in range(500)}})
    assert refused.code == 2
    assert "Parameter Store takes 8192" in refused.err


def test_what_a_file_leaves_out_is_named_and_a_merge_keeps_it(outbound: Command, tmp_path: Path) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_text('{"settling_seconds": 90, "spread_seconds": 5}')
    second.write_text('{"spread_seconds": 7}')
    assert outbound("config", "put", "outcomes", str(first)).code == 0

    merged = outbound("--json", "config", "put", "outcomes", str(second), "--merge").json
    assert merged["defaults_again"] == []
    assert outbound("config", "show", "outcomes").json["settling_seconds"] == 90

    alone = outbound("config", "put", "outcomes", str(second))
    assert "settling_seconds" in alone.out
    assert "--merge keeps" in alone.out
    assert outbound("config", "show", "outcomes").json["settling_seconds"] != 90
