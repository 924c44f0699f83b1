"""Registering campaigns: wrong fields are named, changes are counted, and every revision is a fact."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from pydantic import ValidationError

from outbound.campaigns.registration import NotRegistered, Registrar, Registration, RegistrationConflict
from outbound.events import Bus
from outbound.store.outbox import Outbox
from outbound.store.registry import Registry
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock
from worlds.runtime import WorldRuntime

_make_api_call = BaseClient._make_api_call
SPRING: dict[str, Any] = {"campaign_id": "spring", "name": "Spring renewals"}


@pytest.fixture
def registry(aws: AwsWorld) -> Registry:
    return Registry(aws.table(), "acme")


@pytest.fixture
def register(aws: AwsWorld, registry: Registry, clock: FakeClock) -> Callable[..., int]:
    bus = Bus(aws.events, ENVIRONMENT["BUS_NAME"], clock)
    registrar = Registrar(registry, Outbox(aws.table(), bus), "acme", clock)
    return lambda **changed: registrar.register(Registration(**(SPRING | changed)))


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"campaign_id": "a b"}, "campaign_id"),
        ({"campaign_id": "spring\n"}, "campaign_id"),
        ({"campaign_id": ""}, "campaign_id"),
        ({"campaign_id": "x" * 65}, "campaign_id"),
        ({"campaign_id": 17}, "campaign_id"),
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"outcome_codes": ["converted"]}, "outcome_codes"),
        ({"outcome_codes": "CONVERTED"}, "outcome_codes"),
        ({"outcome_codes": ["X" * 41]}, "outcome_codes"),
        ({"page_size": 0}, "page_size"),
        ({"page_size": 5001}, "page_size"),
        ({"page_size": True}, "page_size"),
        ({"page_size": "1000"}, "page_size"),
        ({"start": datetime(2026, 3, 1)}, "start"),  # noqa: DTZ001 - a naive time is the point
        ({"start": "2026-03-01T08:00:00"}, "start"),
        ({"start": "0001-01-01T00:00:00+14:00"}, "start"),
        ({"enabled": "yes"}, "enabled"),
        ({"pagesize": 100}, "pagesize"),
    ],
)
def test_a_wrong_field_is_refused_by_its_name(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Registration(**(SPRING | changed))
    assert {error["loc"][0] for error in refusal.value.errors()} == {field}


def test_a_registration_stands_in_the_registry_with_its_defaults(
    register: Callable[..., int], registry: Registry
) -> None:
    assert register() == 1
    campaign = registry.get("spring")
    assert campaign is not None
    assert (campaign.name, campaign.page_size, campaign.outcome_codes) == ("Spring renewals", 1000, ())
    assert (campaign.enabled, campaign.start, campaign.planned_until) == (True, None, None)


def test_a_start_is_kept_in_utc_and_whole_seconds(register: Callable[..., int], registry: Registry) -> None:
    register(start="2026-03-01T08:00:00.750+02:00")
    campaign = registry.get("spring")
    assert campaign is not None
    assert campaign.start == datetime(2026, 3, 1, 6, tzinfo=UTC)


def test_registering_the_same_again_changes_nothing(register: Callable[..., int], aws: AwsWorld) -> None:
    for codes in (["BUSY", "CONVERTED"], ["CONVERTED", "BUSY", "BUSY"]):
        assert register(outcome_codes=codes) == 1
    assert len(aws.published("campaign.registered")) == 1


def test_each_change_is_a_revision_and_a_fact_of_its_own(register: Callable[..., int], aws: AwsWorld) -> None:
    assert [register(), register(page_size=500), register(enabled=False)] == [1, 2, 3]
    facts = aws.published("campaign.registered")
    assert [fact["data"]["revision"] for fact in facts] == [1, 2, 3]
    assert len({fact["event_id"] for fact in facts}) == 3


def test_a_change_leaves_the_watermark_where_it_is(
    register: Callable[..., int], registry: Registry, aws: AwsWorld, clock: FakeClock
) -> None:
    register()
    campaign = registry.get("spring")
    assert campaign is not None
    until = clock.now() - timedelta(hours=1)
    aws.table().transact([registry.planning(campaign, until, [], clock.now())])
    register(page_size=500)
    changed = registry.get("spring")
    assert changed is not None
    assert (changed.planned_until, changed.plan_revision) == (until, 1)


def _before_first_write(act: Callable[[], object]) -> Any:
    done = []

    def call(client: Any, operation: str, parameters: Any) -> Any:
        if operation == "UpdateItem" and not done:
            done.append(operation)
            act()
        return _make_api_call(client, operation, parameters)

    return patch.object(BaseClient, "_make_api_call", call)


def test_a_change_at_the_same_moment_is_not_overwritten_unseen(
    register: Callable[..., int], registry: Registry, aws: AwsWorld
) -> None:
    register()
    with _before_first_write(lambda: register(name="Theirs")):
        assert register(name="Ours") == 3
    campaign = registry.get("spring")
    assert campaign is not None
    assert (campaign.name, campaign.revision) == ("Ours", 3)
    assert sorted(fact["data"]["revision"] for fact in aws.published("campaign.registered")) == [1, 2, 3]


def test_a_registration_that_keeps_changing_is_given_up_with_what_to_do(register: Callable[..., int]) -> None:
    register()
    names = iter(range(100))
    busy = False

    def call(client: Any, operation: str, parameters: Any) -> Any:
        nonlocal busy
        if operation == "UpdateItem" and not busy:
            busy = True
            register(name=f"Theirs {next(names)}")
            busy = False
        return _make_api_call(client, operation, parameters)

    with (
        patch.object(BaseClient, "_make_api_call", call),
        pytest.raises(RegistrationConflict, match="try again"),
    ):
        register(name="Ours")


def test_a_fact_that_the_bus_refused_is_published_later_and_not_overwritten(
    register: Callable[..., int], aws: AwsWorld, clock: FakeClock
) -> None:
    def down(client: Any, operation: str, parameters: Any) -> Any:
        if operation == "PutEvents":
            raise ClientError({"Error": {"Code": "InternalFailure", "Message": ""}}, operation)
        return _make_api_call(client, operation, parameters)

    with patch.object(BaseClient, "_make_api_call", down):
        assert register() == 1
        assert register(page_size=500) == 2
    assert aws.published() == []
    clock.advance(minutes=1)
    assert WorldRuntime(aws, clock).sweep()["facts"] == 1
    assert [fact["data"]["revision"] for fact in aws.published("campaign.registered")] == [1, 2]


@pytest.fixture
def registrar(aws: AwsWorld, registry: Registry, clock: FakeClock) -> Registrar:
    bus = Bus(aws.events, ENVIRONMENT["BUS_NAME"], clock)
    return Registrar(registry, Outbox(aws.table(), bus), "acme", clock)


def test_a_change_leaves_what_it_does_not_name(registrar: Registrar, registry: Registry) -> None:
    registrar.register(Registration(**SPRING, outcome_codes=["BUSY"], page_size=50, enabled=False))
    assert registrar.change("spring", {"page_size": 70}, new=True) == 2
    campaign = registry.get("spring")
    assert campaign is not None
    assert (campaign.name, campaign.page_size) == ("Spring renewals", 70)
    assert (campaign.outcome_codes, campaign.enabled) == (("BUSY",), False)
    assert registrar.change("spring", {"page_size": 70}, new=True) == 2, "the same again changes nothing"


def test_changes_of_different_fields_at_the_same_moment_both_hold(
    registrar: Registrar, registry: Registry
) -> None:
    registrar.change("spring", {}, new=True)
    with _before_first_write(lambda: registrar.change("spring", {"name": "Theirs"}, new=False)):
        assert registrar.change("spring", {"enabled": False}, new=False) == 3
    campaign = registry.get("spring")
    assert campaign is not None
    assert (campaign.name, campaign.enabled) == ("Theirs", False)


def test_what_is_not_registered_is_neither_changed_nor_removed(registrar: Registrar) -> None:
    with pytest.raises(NotRegistered, match="outbound campaigns register autumn"):
        registrar.change("autumn", {"enabled": True}, new=False)
    with pytest.raises(NotRegistered):
        registrar.remove("autumn")


def test_a_removed_campaign_is_gone_and_told_once(
    registrar: Registrar, registry: Registry, aws: AwsWorld
) -> None:
    registrar.change("spring", {}, new=True)
    registrar.change("summer", {}, new=True)
    registrar.remove("spring")
    assert registry.get("spring") is None
    assert [campaign.campaign_id for campaign in registry.all()] == ["summer"]
    (fact,) = aws.published("campaign.removed")
    assert fact["data"] == {"campaign_id": "spring", "revision": 2}
    with pytest.raises(NotRegistered):
        registrar.remove("spring")


def test_registered_again_it_begins_like_a_new_one(
    registrar: Registrar, registry: Registry, aws: AwsWorld, clock: FakeClock
) -> None:
    registrar.change("spring", {"page_size": 50, "enabled": False}, new=True)
    campaign = registry.get("spring")
    assert campaign is not None
    aws.table().transact([registry.planning(campaign, clock.now(), [], clock.now())])
    registrar.remove("spring")
    assert registrar.change("spring", {}, new=True) == 3
    again = registry.get("spring")
    assert again is not None
    assert (again.page_size, again.enabled, again.planned_until) == (1000, True, None)
    assert len({fact["event_id"] for fact in aws.published("campaign.registered")}) == 2


def test_a_planner_that_read_it_before_plans_nothing_any_more(
    registrar: Registrar, registry: Registry, aws: AwsWorld, clock: FakeClock
) -> None:
    registrar.change("spring", {}, new=True)
    campaign = registry.get("spring")
    assert campaign is not None
    registrar.remove("spring")
    assert not aws.table().transact([registry.planning(campaign, clock.now(), [], clock.now())])


def test_a_removal_overtaken_by_a_change_removes_what_is_there_then(
    registrar: Registrar, registry: Registry
) -> None:
    registrar.change("spring", {}, new=True)
    with _before_first_write(lambda: registrar.change("spring", {"name": "Theirs"}, new=False)):
        registrar.remove("spring")
    assert registry.get("spring") is None
