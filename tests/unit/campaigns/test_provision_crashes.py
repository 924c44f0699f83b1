"""A provisioning that is cut off anywhere, or refused once, ends as if nothing had happened: one campaign."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from faults import check_every_cut, check_every_refusal, fresh, recover, work_off_a_batch

from sandbox.running import Tenant
from worlds.aws import AwsWorld, FakeClock
from worlds.provisioning import QUEUE, ProvisioningWorld

# What a run may meet: a campaign that is created, a plan that breaks rules, a name that is taken.
_STORIES: dict[str, tuple[dict[str, Any], ...]] = {
    "created": ({},),
    "breaks rules": ({"time_zone": "Nowhere", "contact_list_id": "empty"},),
    "conflict": ({}, {"subject": "upgrades"}),
    "name taken in CXone": ({"name": "Backup", "backup_campaign_id": None, "failover": None},),
}


def _build(tenant: Tenant, story: str) -> Callable[[AwsWorld, FakeClock], ProvisioningWorld]:
    *before, last = _STORIES[story]

    def build(aws: AwsWorld, clock: FakeClock) -> ProvisioningWorld:
        world = ProvisioningWorld(aws, clock, tenant)
        for changed in before:
            world.take(world.requested(**changed))
        world.put(world.requested("r1", **last))
        return world

    return build


def _state(world: ProvisioningWorld) -> object:
    """What there is in the end; the tenant gives ids by chance."""
    campaigns = world.tenant.created_campaigns()
    ids = {campaign["id"]: f"campaign-{number}" for number, campaign in enumerate(campaigns)}
    told = {fact["event_id"]: fact for fact in world.aws.published()}.values()
    facts = sorted(
        (fact["event_type"], fact["data"].get("request_id", ""), ids.get(fact["data"].get("campaign_id"), ""))
        for fact in told
    )
    registered = [(ids.get(each.campaign_id), each.name, each.calling) for each in world.registry.all()]
    provisions = [
        (each.name, each.state, ids.get(each.campaign_id), "facts" in each.item, "claimed_until" in each.item)
        for each in world.provisions.all()
    ]
    dead = [message["Body"] for message in world.aws.drain(f"{QUEUE}-dlq")]
    names = [(campaign["name"], campaign["status"]) for campaign in campaigns]
    return names, facts, registered, provisions, dead


@pytest.mark.parametrize("story", _STORIES)
def test_one_campaign_in_the_end_wherever_its_run_is_cut_off(tenant: Tenant, story: str) -> None:
    checked = check_every_cut(fresh(_build(tenant, story)), work_off_a_batch, recover, _state)
    assert checked.runs >= 4


@pytest.mark.slow
def test_one_campaign_in_the_end_wherever_a_call_is_refused_once(tenant: Tenant) -> None:
    checked = check_every_refusal(fresh(_build(tenant, "created")), work_off_a_batch, recover, _state)
    assert checked.runs > 20
    assert "http POST /api/v2/omnichannel/campaigns" in checked.calls
