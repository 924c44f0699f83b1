"""What the operator and the world do: connect the stack, register campaigns, make trouble."""

from __future__ import annotations

import json
from typing import Any

from sandbox.world import World, agents_of
from scenario.cast import CAMPAIGN_CALLS, Cast, dialled
from scenario.webhooks import surfaces_at

SCOPES = ["outbound:call:read", "outbound:campaign:read"]
CALLS = r"/api/v2/outbound/calls"


def connect(cast: Cast, quota: bool) -> None:
    """Give the stack its credentials and tell it where CXone and the destinations are."""
    client = cast.tenant.world.clients[0]
    credentials = {"client_id": client.client_id, "client_secret": client.client_secret}
    secrets = cast.stack.client("secretsmanager")
    secrets.put_secret_value(SecretId=cast.stack.outputs["CxoneSecret"], SecretString=json.dumps(credentials))
    for name, secret in (("crm", "CrmSecret"), ("warehouse", "WarehouseSecret"), ("wfm", "WfmSecret")):
        key = json.loads(secrets.get_secret_value(SecretId=cast.stack.outputs[secret])["SecretString"])["key"]
        cast.receivers.use_secrets(name, [f"whsec_{key}"])
    cast.operator.configure("cxone", cxone_document(cast.tenant.url, quota))
    cast.operator.configure("deliveries", deliveries_document(cast))
    busy_wait = {"first_seconds": 2, "longest_seconds": 5, "max_seconds": 300}
    cast.operator.configure("dispositions", {"busy_wait": busy_wait, **default_agent(cast.tenant.world)})
    # Windows are pulled once: a second look hours later is not part of this day.
    settings = {"settling_seconds": 60, "spread_seconds": 3, "longest_call_seconds": 0}
    cast.operator.configure("outcomes", settings)


def default_agent(world: World) -> dict[str, str]:
    """Return the setting of an agent in whose name contacts are suppressed; empty where there is none."""
    # Of a campaign that has a list, where any has: an agent is known to its own campaign.
    campaigns = [one.campaign_id for one in world.contact_lists] + [one.id for one in world.campaigns]
    agents = [agent for campaign_id in campaigns for agent in agents_of(world, campaign_id)]
    return {"default_agent_id": agents[0]} if agents else {}


def cxone_document(url: str, quota: bool) -> dict[str, Any]:
    """The settings document that points the stack at a tenant."""
    token = {"url": f"{url}/oauth/token", "credentials": "basic", "scopes": SCOPES}
    surfaces = {"outcomes": {"base_url": url, "token": token}, **surfaces_at(url)}
    budgets: dict[str, Any] = {"campaigns": {"calls": CAMPAIGN_CALLS, "per_seconds": 60}}
    if not quota:
        budgets["outbound"] = {"calls": 100, "per_seconds": 60, "enforced": False}
    return {"surfaces": surfaces, "budgets": budgets}


def deliveries_document(cast: Cast) -> dict[str, Any]:
    """The settings document that points deliveries at receivers on this machine."""
    local = {"allow_insecure": True, "allow_private": True, "waits_seconds": [1, 2, 5, 30]}
    return {
        "destinations": {
            "crm": {"url": f"{cast.receivers.url_of('crm')}/outcomes", **local},
            "warehouse": {"url": f"{cast.receivers.url_of('warehouse')}/outcomes", **local},
        }
    }


def register(cast: Cast) -> None:
    """Register every campaign of the tenant that made calls."""
    for campaign in dialled(cast.tenant):
        start = campaign.start.replace(microsecond=0).isoformat()
        cast.operator.run("campaigns", "register", campaign.id, "--name", campaign.name, "--start", start)


def make_trouble(cast: Cast) -> int:
    """Let a few things go wrong on the way; give how many."""
    tenant, receivers = cast.tenant, cast.receivers
    tenant.add_fault({"status": 503}, method="POST", path="/oauth/token")
    tenant.add_fault({"status": 503, "headers": {"Retry-After": "1"}}, path=CALLS, nth=4)
    tenant.add_fault({"cut": "body"}, path=CALLS, nth=9)
    tenant.add_fault({"body": "<html>busy</html>"}, path=CALLS, nth=14)
    receivers.add_fault({"status": 503}, path="/crm/.*", nth=2)
    receivers.add_fault({"serve_then": "cut"}, path="/crm/.*", nth=5)
    return 6
