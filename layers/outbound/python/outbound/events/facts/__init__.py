"""What each fact on the bus says: a dataclass a type, whose fields are the event's data in this order.

    fact = CampaignRemoved(campaign_id="spring", revision=3)
    event = new_event(fact, tenant, now, effect=["spring", "3"])

A module a capability, and classes of the standard library: a function loads what it publishes and no more.
Times are texts (ISO 8601 in UTC with `Z`), as on the bus. A field that is `UNSET` is left out of the data.
"""
