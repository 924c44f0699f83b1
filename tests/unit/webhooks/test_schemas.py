"""The published schemas of what CXone sends: they say what the receiver's side takes, and nothing else."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from outbound.events import EventType
from outbound.events.catalogue import CATALOGUE
from outbound.events.requests.outcomes import PullRequested
from outbound.webhooks.delivery import Delivery
from outbound.webhooks.reader import Contents, read
from outbound.webhooks.settings import Providers
from worlds.aws import FakeClock
from worlds.webhooks import SETTINGS, TENANT, from_file

FOLDER = Path(__file__).parents[3] / "docs" / "schemas" / "webhooks"
SCHEMAS: dict[str, Any] = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
CASES = ["metrics_update", "state_change", "settings_updated", "campaign_activated", "studio_disposition"]


def _body(case: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(base64.b64decode(from_file("cxone_webhook", case)["body"]))
    return body


def _read(body: dict[str, Any]) -> Contents:
    delivery = Delivery("d", "cxone", FakeClock().now(), "POST", "/", {}, json.dumps(body).encode())
    return read(delivery, Providers.model_validate(SETTINGS).cxone, TENANT)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one_and_says_what_its_type_is(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["properties"]["type"] == {"const": name}
    assert SCHEMAS[name]["$id"] == f"urn:outbound-bridge:webhook:{name}"


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_has_the_limits_of_the_model_that_reads_it(name: str) -> None:
    (event,) = _read(_body(CASES[[_body(case)["type"] for case in CASES].index(name)])).events
    model = CATALOGUE[EventType(event.event_type)].schema()
    properties = SCHEMAS[name]["properties"]
    if "campaignId" in properties:
        pattern = PullRequested.model_json_schema(by_alias=False)["properties"]["campaign_id"]["pattern"]
        assert properties["campaignId"]["pattern"] == pattern
    for part in ("metrics", "settings"):
        if part in model["properties"]:
            assert properties["data"]["minProperties"] == model["properties"][part]["minProperties"]
    if "$defs" in model and "InCxone" in model["$defs"]:
        needed = model["$defs"]["InCxone"]
        assert properties["data"]["required"] == needed["required"]
        limits = {key: needed["properties"]["status"][key] for key in ("minLength", "maxLength")}
        assert limits.items() <= properties["data"]["properties"]["status"].items()


def test_the_event_files_are_what_the_schemas_say_and_each_schema_has_one() -> None:
    bodies = [_body(case) for case in CASES]
    assert {body["type"] for body in bodies} == SCHEMAS.keys()
    for body in bodies:
        Draft202012Validator(SCHEMAS[body["type"]]).validate(body)


@pytest.mark.parametrize("case", CASES)
def test_what_a_schema_requires_is_what_is_missed(case: str) -> None:
    whole = _body(case)
    assert not _read(whole).rejections
    required = SCHEMAS[whole["type"]]["required"]
    # Who applies a disposition misses its campaign: a do-not-call counts without one.
    elsewhere = {"campaignId"} if case == "studio_disposition" else set()
    for name in set(required) - {"id", "occurredAt", "type"} - elsewhere:
        contents = _read({key: value for key, value in whole.items() if key != name})
        assert contents.rejections, name
    without_type = _read({key: value for key, value in whole.items() if key != "type"})
    assert without_type.unmapped == [0]


@pytest.mark.parametrize("field", ["Disposition", "_ExternalID"])
def test_a_studio_script_that_forgets_a_field_is_told_which(field: str) -> None:
    body = _body("studio_disposition")
    del body["data"][field]
    assert not Draft202012Validator(SCHEMAS["studio.disposition"]).is_valid(body)
    named = {name for each in _read(body).rejections for name in each.fields}
    assert named & {"outcomeCode", "contactId"}
