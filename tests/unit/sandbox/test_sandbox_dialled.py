"""The dialer calls whom a test says, at whatever hour, and the call is among the campaign's."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import requests
from contact_calls import CAMPAIGN, contact

from sandbox.running import ControlFailed, Tenant
from sandbox.world import iso

Get = Callable[..., requests.Response]


def test_a_call_that_a_test_makes_is_among_the_calls(tenant: Tenant, get_calls: Get) -> None:
    campaign = tenant.world.campaigns[0]
    at = (campaign.end - timedelta(hours=2)).replace(microsecond=0)
    number = "+12125550100"
    call_id = tenant.call_contact(CAMPAIGN, contact(tenant, 3), at, number=number, agentId="agent-1")

    window = {"startDateTime": iso(at), "endDateTime": iso(at + timedelta(seconds=1)), "limit": "5000"}
    answer = get_calls({"campaignId": CAMPAIGN, **window})
    calls = [one for one in answer.json()["calls"] if isinstance(one, dict)]
    (made,) = [one for one in calls if one["id"] == call_id]
    assert (made["contactId"], made["startTime"]) == (contact(tenant, 3), iso(at))
    assert (made["phoneNumber"], made["agentId"], made["direction"]) == (number, "agent-1", "OUTBOUND")
    assert tenant.call_contact(CAMPAIGN, "anybody", at) != call_id


def test_nonsense_is_refused(tenant: Tenant) -> None:
    at = tenant.world.campaigns[0].end
    with pytest.raises(ControlFailed, match="404"):
        tenant.call_contact("no-such", "c1", at)
    with pytest.raises(ControlFailed, match="no such part"):
        tenant.call_contact(CAMPAIGN, "c1", at, volume=11)
