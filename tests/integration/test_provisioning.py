"""`outbound campaigns provision` on the deployed stack: one campaign; what breaks rules is heard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from integration.listening import Listener
from local import Stack
from local.stack import eventually
from outbound.clock import SystemClock
from outbound.events import Bus, EventType, event_of_type
from sandbox.running import Tenant
from scenario.cast import Operator
from worlds.provisioning import plan

NAME = "Provisioned on the stack"


@pytest.fixture
def lists(tenant: Tenant) -> None:
    """The tenant has the list that plans name."""
    page = {"contacts": [{"id": "c1"}], "total": 1}
    tenant.add_fault(
        {"status": 200, "json": page}, method="GET", path="/contactlists/list-1/contacts", times=None
    )


def _file(folder: Path, **changed: Any) -> str:
    """A plan without a backup, in a file."""
    document = plan(**{"name": NAME, "backup_campaign_id": None, "failover": None} | changed)
    file = folder / "plan.json"
    file.write_text(json.dumps(document))
    return str(file)


def test_a_campaign_is_provisioned_once_and_its_webhooks_are_asked_for(
    operator: Operator, listener: Listener, tenant: Tenant, stack: Stack, lists: None, tmp_path: Path
) -> None:
    before = len(stack.log_lines("register-webhooks"))
    file = _file(tmp_path)
    asked = operator.run("campaigns", "provision", file)
    assert asked["not_checked"] == []
    (provisioned,) = eventually(lambda: listener.heard("campaign.provisioned", name=NAME), seconds=60)

    (created,) = tenant.created_campaigns(NAME)
    assert (created["id"], created["status"]) == (provisioned["data"]["campaign_id"], "paused")
    shown = operator.run("campaigns", "show", asked["key"])
    assert (shown["provisioning"]["state"], shown["cxone"]["status"]) == ("registered", "paused")
    assert shown["calling"]["seller"] == "Acme"
    again = operator.run("campaigns", "provision", file)
    assert (again["campaign_id"], again["request_id"]) == (created["id"], None)
    assert eventually(lambda: len(stack.log_lines("register-webhooks")) > before, seconds=60)


def test_a_plan_that_breaks_rules_is_refused_with_all_of_them(
    operator: Operator, listener: Listener, stack: Stack, lists: None, tmp_path: Path
) -> None:
    refused = operator.attempt(
        "--json", "campaigns", "provision", _file(tmp_path, time_zone="America/New_Yrok", seller=None)
    )
    assert refused.returncode == 2
    rules = {each["rule"] for each in json.loads(refused.stdout)["complaints"]}
    assert rules == {"unknown_zone", "required"}

    # Asked for past the command, the function refuses it as well.
    clock, data = SystemClock(), {"name": "Refused on the stack"}
    request = event_of_type(
        EventType.PROVISION_REQUESTED, stack.outputs["Tenant"], clock.now(), ["past the command"], data
    )
    Bus(stack.client("events"), stack.outputs["BusName"], clock).publish([request])
    (rejected,) = eventually(
        lambda: listener.heard("campaign.provision_rejected", request_id=request.event_id), seconds=60
    )
    fields = {each["field"] for each in rejected["data"]["complaints"]}
    assert {"seller", "contact_list_id", "queue_id", "time_zone", "predictive", "hours"} <= fields
    assert eventually(
        lambda: any(row["problem"] == "campaign.provision_rejected" for row in operator.run("problems")),
        seconds=60,
    )
