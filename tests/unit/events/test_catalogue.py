"""Every event has one contract, and docs/events.md with the schemas is in step with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from outbound.cli.events_reference import reference, schemas
from outbound.events import EventType, new_event
from outbound.events.catalogue import CATALOGUE, Contract, Kind
from outbound.events.facts.archive import ArchivedCopy, AttemptsArchived
from outbound.events.facts.base import UNSET
from outbound.events.facts.campaigns import CampaignRemoved
from outbound.events.facts.outcomes import OutcomesPullFailed, PulledWindow
from outbound.events.facts.webhooks import RejectedPart, WebhookRejected
from worlds.aws import FakeClock

DOCS = Path(__file__).parents[3] / "docs"


def _properties(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    own = list(schema.get("properties", {}).items())
    inner = [entry for _, each in own for entry in _properties(each)]
    return own + inner + [entry for each in schema.get("$defs", {}).values() for entry in _properties(each)]


def test_the_page_is_as_the_models_are() -> None:
    assert (DOCS / "events.md").read_text() == reference(), "write it anew with: make docs"


def test_the_schemas_are_as_the_models_are() -> None:
    written = {path.name: path.read_text() for path in (DOCS / "schemas" / "events").glob("*")}
    assert written == schemas(), "write them anew with: make docs"


@pytest.mark.parametrize("contract", CATALOGUE.values(), ids=lambda each: each.event_type.value)
def test_every_type_has_a_model_whose_fields_say_what_they_mean(contract: Contract) -> None:
    schema = contract.schema()
    Draft202012Validator.check_schema(schema)
    assert contract.description
    for name, field in _properties(schema):
        assert field.get("description", "").endswith((".", "?")), name


def test_every_type_is_of_one_kind() -> None:
    assert list(CATALOGUE) == list(EventType)
    asked = {each for each, contract in CATALOGUE.items() if contract.kind is Kind.REQUEST}
    assert {each.value.rpartition(".")[2] for each in asked} == {"requested", "changed", "due"}
    assert not any(each.value.endswith((".requested", ".due")) for each in EventType if each not in asked)


def test_an_event_has_type_and_data_of_its_fact() -> None:
    now = FakeClock().now()
    event = new_event(CampaignRemoved(campaign_id="spring", revision=3), "acme", now, ["spring", "3"])
    assert (event.event_type, event.correlation_id) == ("campaign.removed", event.event_id)
    assert event.data == {"campaign_id": "spring", "revision": 3}
    again = CampaignRemoved(campaign_id="spring", revision=3)
    assert new_event(again, "acme", now, ["spring", "3"], "c").correlation_id == "c"


def test_what_is_unset_is_left_out_and_what_is_null_is_not() -> None:
    def failed(**more: Any) -> dict[str, Any]:
        return OutcomesPullFailed(
            campaign_id="c", reason="r", field=None, message="m", audit={}, **more
        ).data()

    assert failed() == {
        "campaign_id": "c",
        "reason": "r",
        "field": None,
        "message": "m",
        "metrics": None,
        "audit": {},
    }
    assert failed(again_at=UNSET) == failed()
    whole = failed(job_id="j", window=PulledWindow(start="a", end="b"), again_at=None)
    assert list(whole)[:3] == ["job_id", "campaign_id", "window"]
    assert whole["window"] == {"start": "a", "end": "b"}
    assert whole["again_at"] is None


def test_parts_of_a_fact_become_objects_wherever_they_stand() -> None:
    part = RejectedPart(place=1, event_type="consent.changed", fields={"source": "is missing"})
    about = {"delivery_id": "d", "provider": "p", "raw": "k", "count": 1, "reason": "r"}
    assert WebhookRejected(**about, rejections=(part,)).data() == about | {
        "rejections": [{"place": 1, "event_type": "consent.changed", "fields": {"source": "is missing"}}]
    }
    archived = AttemptsArchived(
        campaign_id="c",
        run_id="r",
        batch=1,
        archived_count=2,
        failed_count=0,
        failed_by_reason={},
        migration_job_id=None,
        migration_job_ids=(),
        timestamp="t",
        copy=ArchivedCopy(key="k", sha256="s", retention_days=30),
        audit={},
    )
    assert archived.data()["copy"] == {"key": "k", "sha256": "s", "retention_days": 30}
    json.dumps(archived.data())


def test_a_fact_cannot_be_changed_and_needs_all_its_fields() -> None:
    fact: Any = CampaignRemoved(campaign_id="spring", revision=3)
    with pytest.raises(AttributeError):
        fact.revision = 4
    with pytest.raises(TypeError):
        CampaignRemoved(campaign_id="spring")  # type: ignore[call-arg]
