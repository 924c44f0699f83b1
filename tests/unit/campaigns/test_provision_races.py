"""Requests for one name, interleaved call by call and cut off, as hypothesis draws it: one campaign."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from faults import fresh
from faults.interleaving import Stepped, Turns
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from outbound.campaigns.lookups import PlanLookups
from outbound.campaigns.provision_requests import ProvisionRequests
from outbound.campaigns.provisioner import Provisioner
from outbound.campaigns.provisions import Provisions, ProvisionState
from outbound.campaigns.registration import Registrar
from outbound.clock import Deadline
from outbound.cxone.errors import Unavailable
from outbound.cxone.ports.campaigns import CampaignRecord, NewCampaign
from outbound.events import Bus, Event
from outbound.store.outbox import Outbox
from outbound.store.registry import Registry
from sandbox.running import Tenant
from worlds.aws import ENVIRONMENT
from worlds.provisioning import ProvisioningWorld, message

_TENANT = ENVIRONMENT["TENANT"]
_CALLS = ("get", "put", "update", "transact", "publish", "find", "create", "read", "page")
_numbers = count()


class LosingPort:
    """CXone, which takes a first request, gives no answer, and has it a few calls of others later."""

    def __init__(self, inner: Any, lost: list[Callable[[], object]]) -> None:
        self._inner = inner
        self._lost: list[Callable[[], object]] | None = lost
        self.find, self.read = inner.find, inner.read

    def create(self, campaign: NewCampaign, key: str) -> CampaignRecord:
        if self._lost is None:
            created: CampaignRecord = self._inner.create(campaign, key)
            return created
        self._lost.append(lambda: self._inner.create(campaign, key))
        self._lost = None
        error = Unavailable("no whole answer")
        error.in_doubt = True
        raise error


def _provisioner(world: ProvisioningWorld, step: Any, port: Any) -> Provisioner:
    table: Any = Stepped(world.aws.table(), step, _CALLS)
    bus: Any = Stepped(Bus(world.aws.events, ENVIRONMENT["BUS_NAME"], world.clock), step, _CALLS)
    stepped: Any = Stepped(port, step, _CALLS)
    lists: Any = Stepped(world.runtime.ports.contact_lists, step, _CALLS)
    registry, outbox, provisions = Registry(table, _TENANT), Outbox(table, bus), Provisions(table, _TENANT)
    lookups = PlanLookups(stepped, lists, registry)
    requests = ProvisionRequests(lookups, provisions, lambda: world.rules.rules, world.clock)
    registrar = Registrar(registry, outbox, _TENANT, world.clock)
    return Provisioner(stepped, requests, provisions, registrar, outbox, bus, world.clock)


def _worker(
    world: ProvisioningWorld,
    turns: Turns,
    number: int,
    event: Event,
    dies_at: tuple[int, bool] | None,
    port: Any,
) -> threading.Thread:
    provisioner = _provisioner(world, turns.step(number, dies_at), port)

    return turns.start(number, lambda: provisioner.take({"body": message(event)}, Deadline(world.clock, 50)))


_death = st.none() | st.tuples(st.integers(0, 16), st.booleans())
_race = st.fixed_dictionaries(
    {
        "subjects": st.lists(st.sampled_from(["renewals", "upgrades"]), min_size=2, max_size=3),
        "deaths": st.lists(_death, min_size=3, max_size=3),
        "schedule": st.lists(st.integers(0, 5), max_size=50),
        "loses": st.none() | st.integers(0, 2),
    }
)


def _check(world: ProvisioningWorld, race: dict[str, Any]) -> None:
    name = f"Raced {next(_numbers)}"
    events = [
        world.requested(f"{name}-{number}", name=name, subject=subject)
        for number, subject in enumerate(race["subjects"])
    ]
    turns = Turns(race["schedule"], len(events))
    lost: list[Callable[[], object]] = []
    port = world.runtime.ports.campaigns
    threads = [
        _worker(
            world,
            turns,
            number,
            event,
            race["deaths"][number],
            LosingPort(port, lost) if number == race["loses"] else port,
        )
        for number, event in enumerate(events)
    ]
    turns.run()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    for arrives in lost:
        arrives()
    for _ in range(6):
        # Every message comes back until its end is durable.
        world.clock.advance(minutes=5)
        world.take(*events)
    world.sweep()

    (created,) = world.tenant.created_campaigns(name)
    provision = world.provision(name)
    assert (provision.state, provision.campaign_id) == (ProvisionState.REGISTERED, created["id"])
    registered = world.registry.get(created["id"])
    assert registered is not None
    assert registered.calling["subject"] == provision.fields["subject"]
    told = [fact for fact in world.aws.published() if fact["data"].get("name") == name]
    assert len({fact["event_id"] for fact in told if fact["event_type"] == "campaign.provisioned"}) == 1
    refused = {fact["data"]["request_id"] for fact in told if fact["data"].get("reason") == "conflict"}
    others = [event for event in events if event.data["subject"] != provision.fields["subject"]]
    assert refused == {event.event_id for event in others}


@pytest.fixture(scope="module")
def raced(tenant_process: Tenant) -> Any:
    with fresh(lambda aws, clock: ProvisioningWorld(aws, clock, tenant_process))() as world:
        yield world


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(
    race={"subjects": ["renewals", "upgrades"], "deaths": [None] * 3, "schedule": [0, 1] * 20, "loses": None}
)
@example(
    race={"subjects": ["renewals", "renewals"], "deaths": [None] * 3, "schedule": [0, 1] * 20, "loses": 0}
)
@given(race=_race)
def test_one_campaign_whoever_is_first(raced: ProvisioningWorld, race: dict[str, Any]) -> None:
    _check(raced, race)
