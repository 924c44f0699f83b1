"""Our webhooks are registered at CXone once, as wanted, whatever is lost or cut off on the way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from faults import check_every_cut, check_every_refusal, fresh, until_quiet

from outbound.settings import ConfigurationError
from outbound.store.table import Key
from outbound.subscriptions.registrar import NotRegistered
from sandbox.running import Tenant
from worlds.aws import AwsWorld, FakeClock
from worlds.signed_webhooks import SETTINGS, Receiver, running_receiver
from worlds.subscriptions import HOOK, SubscriptionWorld, wanted

EVENTS = Path(__file__).parents[3] / "events" / "register_webhooks"
OTHER = "https://new.example.com/webhooks/cxone"
POST = "/omnichannel/webhooks$"


def test_a_webhook_is_registered_once_and_said(world: SubscriptionWorld) -> None:
    first = world.register()
    again = [world.register() for _ in range(3)]

    assert first.outcome == "registered"
    assert [one.outcome for one in again] == ["unchanged"] * 3
    assert {one.subscription_id for one in (first, *again)} == {world.tenant.webhooks()[0].id}
    assert world.at_the_tenant() == [("campaigns", "outbound campaigns", HOOK)]
    (fact,) = world.aws.published()
    assert fact["event_type"] == "webhooks.registered"
    assert fact["data"] == {
        "name": "outbound campaigns",
        "topic": "campaigns",
        "subscription_id": first.subscription_id,
        "url": HOOK,
        "change": "registered",
    }
    assert world.sweep() == 0


def test_one_that_differs_is_replaced_under_its_id(world: SubscriptionWorld) -> None:
    first = world.register()
    changed = world.register(url=OTHER)

    assert (changed.outcome, changed.subscription_id) == ("replaced", first.subscription_id)
    assert world.at_the_tenant() == [("campaigns", "outbound campaigns", OTHER)]
    assert world.register(url=OTHER).outcome == "unchanged"
    assert [fact["data"]["change"] for fact in world.aws.published()] == ["registered", "replaced"]


def test_going_back_is_a_change_of_its_own(world: SubscriptionWorld) -> None:
    for url in (HOOK, OTHER, HOOK):
        world.register(url=url)

    facts = world.aws.published()
    assert [fact["data"]["url"] for fact in facts] == [HOOK, OTHER, HOOK]
    assert len({fact["event_id"] for fact in facts}) == 3


@pytest.mark.parametrize("topic", ["campaigns", "dialer"])
def test_a_rotated_secret_is_registered_though_cxone_hides_it(world: SubscriptionWorld, topic: Any) -> None:
    world.register(topic)

    assert world.register(topic, secret="rotated").outcome == "replaced"
    assert world.register(topic, secret="rotated").outcome == "unchanged"


def test_asked_again_it_is_written_anew(world: SubscriptionWorld) -> None:
    world.register("dialer")

    assert world.register("dialer", again=True).outcome == "replaced"


def test_webhooks_of_others_are_left_alone(world: SubscriptionWorld) -> None:
    world.register(name="prod campaigns", url=OTHER)
    world.register()

    assert world.at_the_tenant() == [
        ("campaigns", "prod campaigns", OTHER),
        ("campaigns", "outbound campaigns", HOOK),
    ]


def test_doubles_are_removed(world: SubscriptionWorld) -> None:
    first = world.register()
    for _ in range(2):
        world.cxone.subscriptions.register(wanted())

    assert world.register().outcome == "cleared"
    assert [one.id for one in world.tenant.webhooks()] == [first.subscription_id]
    assert world.register().outcome == "unchanged"


def test_a_lost_answer_makes_no_second_one(world: SubscriptionWorld) -> None:
    world.tenant.add_fault({"serve_then": "cut"}, method="POST", path=POST)

    assert world.register().outcome == "registered"
    assert len(world.at_the_tenant()) == 1
    assert world.tenant.stats().count("POST /api/v2/omnichannel/webhooks", "cut") == 1


def test_a_registration_that_had_no_effect_is_made_again(world: SubscriptionWorld) -> None:
    world.tenant.add_fault({"status": 503, "json": {}}, method="POST", path=POST, nth=1)
    world.tenant.add_fault({"cut": "before"}, method="POST", path=POST, nth=2)

    assert world.register().outcome == "registered"
    assert len(world.at_the_tenant()) == 1


def test_what_cannot_be_registered_is_said_and_leaves_no_claim(world: SubscriptionWorld) -> None:
    world.tenant.add_fault({"status": 503, "json": {}}, method="POST", path=POST, times=None)
    failed = world.register()
    world.tenant.clear_faults()

    assert failed.outcome == "failed"
    assert failed.message.startswith("unavailable: POST /api/v2/omnichannel/webhooks answered 503")
    assert world.register().outcome == "registered"


def test_a_run_beside_another_finds_it_busy(world: SubscriptionWorld, clock: FakeClock) -> None:
    world.ledger.claim("outbound campaigns", "other run", clock.now(), 180)

    assert world.register().outcome == "busy"
    assert world.register("dialer").outcome == "registered"
    clock.advance(seconds=180)
    assert world.register().outcome == "registered"


def test_a_run_that_was_overtaken_records_nothing(
    world: SubscriptionWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = world.cxone.subscriptions.find

    def slow(subscription: Any) -> Any:
        found = find(subscription)
        world.clock.advance(seconds=200)
        world.ledger.claim(subscription.name, "other run", world.clock.now(), 180)
        return found

    port = type(world.cxone.subscriptions)
    monkeypatch.setattr(port, "find", lambda _, subscription: slow(subscription))

    assert world.register().outcome == "busy"
    item = world.aws.table().get(world.ledger.key("outbound campaigns"))
    assert item is not None
    assert (item["claimed_by"], "proof" in item) == ("other run", False)


def test_no_secret_is_kept_or_said(world: SubscriptionWorld, logged: Any) -> None:
    world.register(secret="a-secret-of-some-length")
    world.tenant.add_fault({"status": 400, "json": {"token": "a-secret-of-some-length"}}, method="PUT")
    failed = world.register(secret="a-secret-of-some-length", url=OTHER)

    item = world.aws.table().get(world.ledger.key("outbound campaigns"))
    for seen in (item, failed, world.aws.published(), logged()):
        assert "a-secret-of-some-length" not in str(seen)


def test_the_quota_has_a_place_for_every_call(
    aws: AwsWorld, clock: FakeClock, tenant_process: Tenant
) -> None:
    world = SubscriptionWorld(aws, clock, tenant_process, enforced=True)
    world.register()
    world.register("dialer")

    taken = {
        item["sk"]: sum(name[0] == "p" and name[1:].isdecimal() for name in item)
        for item in aws.table("TOKEN_TABLE").query("acme#budget")
    }
    assert taken == {"campaigns": 2, "dialer": 2}, "one to look for it and one to create it"
    assert clock.slept == [], "an idle quota is spent at once"


def _build(tenant: Tenant) -> Any:
    """A world whose settings and token are there already: others test how those come."""

    def build(aws: AwsWorld, clock: FakeClock) -> SubscriptionWorld:
        world = SubscriptionWorld(aws, clock, tenant)
        world.cxone.subscriptions.find(wanted())
        return world

    return fresh(build)


def _recover(world: SubscriptionWorld) -> None:
    world.clock.advance(minutes=15)
    world.start_afresh()
    world.register(url=OTHER)
    until_quiet(world.sweep)


def _state(world: SubscriptionWorld) -> object:
    item = world.aws.table().get(Key("acme#subscription", "outbound campaigns")) or {}
    kept = {name: item.get(name) for name in ("proof", "claimed_by", "facts")}
    told = {fact["data"]["url"] for fact in world.aws.published()}
    return world.at_the_tenant(), kept, sorted(told)


def _work(world: SubscriptionWorld) -> None:
    world.register(url=OTHER)


def test_a_run_that_is_cut_off_anywhere_leaves_one_webhook(tenant_process: Tenant) -> None:
    checked = check_every_cut(_build(tenant_process), _work, _recover, _state)

    assert "http POST /api/v2/omnichannel/webhooks" in checked.calls
    assert "events PutEvents" in checked.calls


def test_a_refusal_anywhere_leaves_one_webhook(tenant_process: Tenant) -> None:
    assert check_every_refusal(_build(tenant_process), _work, _recover, _state).runs > 20


@pytest.fixture
def function(
    aws: AwsWorld, tenant_process: Tenant, load_function: Any, lambda_context: Any, monkeypatch: Any
) -> Any:
    """The function itself, on an event of its folder; what it registers leads to `url`."""

    def run(url: str = HOOK, name: str = "register") -> Any:
        monkeypatch.setenv("WEBHOOK_URL", url)
        event = json.loads((EVENTS / f"{name}.json").read_text())
        return load_function("register_webhooks").handler(event, lambda_context)

    return run


def test_the_function_registers_both_and_what_is_registered_arrives(
    aws: AwsWorld, world: SubscriptionWorld, function: Any
) -> None:
    aws.secrets.create_secret(Name="outbound/webhooks/cxone", SecretString='{"secret": "hush"}')
    with running_receiver() as receiver:
        outcomes = function(receiver.url)["webhooks"]
        assert [one["outcome"] for one in outcomes] == ["registered", "registered"]
        assert [one["outcome"] for one in function(receiver.url)["webhooks"]] == ["unchanged", "unchanged"]
        assert [one["outcome"] for one in function(receiver.url, "again")["webhooks"]] == ["replaced"] * 2
        _assert_arrives(world.tenant, receiver)


def _assert_arrives(tenant: Tenant, receiver: Receiver) -> None:
    tenant.emit(SETTINGS)
    tenant.emit("omnichannel.campaign.state.change", campaign_id="spring")
    assert [one.acknowledged for one in tenant.sent_webhooks()] == [1, 1]
    assert {headers["authorization"] for headers, _ in receiver.got} == {"Bearer hush"}
    (from_campaigns,) = [headers for headers, body in receiver.got if "campaignId" in body]
    assert from_campaigns["x-webhook-secret"] == "hush"
    assert from_campaigns["x-webhook-source"] == "outbound-bridge/outbound"


def test_a_receiver_without_a_secret_is_not_registered(
    aws: AwsWorld, world: SubscriptionWorld, function: Any
) -> None:
    aws.secrets.create_secret(Name="outbound/webhooks/cxone", SecretString='{"key": "hush"}')

    with pytest.raises(ConfigurationError, match='has no text "secret"'):
        function()
    assert world.at_the_tenant() == []


def test_only_what_may_have_had_an_effect_is_looked_for(world: SubscriptionWorld) -> None:
    world.tenant.add_fault({"status": 400, "json": {"field": "name"}}, method="POST", path=POST)

    assert world.register().message.startswith("invalid_request: name:")
    assert world.tenant.stats().count("GET /api/v2/omnichannel/webhooks") == 1


def test_a_campaign_that_was_provisioned_has_them_registered_and_what_fails_is_heard(
    aws: AwsWorld, world: SubscriptionWorld, function: Any
) -> None:
    aws.secrets.create_secret(Name="outbound/webhooks/cxone", SecretString='{"secret": "hush"}')
    outcomes = [one["outcome"] for one in function(name="provisioned")["webhooks"]]
    assert outcomes == ["registered", "registered"]
    world.tenant.add_fault({"status": 503, "json": {}}, method="GET", path="webhooks$", times=None)
    with pytest.raises(NotRegistered, match="unavailable"):
        function(name="provisioned")
    # Asked for by an operator, what fails is the answer.
    assert [one["outcome"] for one in function()["webhooks"]] == ["failed", "failed"]
    world.tenant.clear_faults()
