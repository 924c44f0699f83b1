"""The facts that are published about provisioning."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from outbound.campaigns.checks import messages, name_and_key
from outbound.campaigns.plan import CampaignPlan
from outbound.campaigns.provisions import Provision
from outbound.complaints import Complaint
from outbound.events import Event, new_event
from outbound.events.facts.campaigns import CampaignProvisioned, CampaignProvisionRejected, ProvisionComplaint

# What a fact says has to fit on the bus.
_MOST_COMPLAINTS = 60


def provisioned(
    created: Provision, plan: CampaignPlan, tenant: str, correlation_id: str, now: datetime
) -> Event:
    """Return the fact that a campaign was created and registered."""
    fact = CampaignProvisioned(
        campaign_id=created.campaign_id,
        name=created.name,
        key=created.key,
        request_id=created.request_id,
        purpose=plan.purpose.value,
        contact_list_id=plan.contact_list_id,
        backup_campaign_id=plan.backup_campaign_id or None,
        status="paused",
    )
    return new_event(fact, tenant, now, [created.name, created.campaign_id], correlation_id)


def provision_rejected(
    request: Event, reason: str, complaints: Sequence[Complaint], tenant: str, now: datetime
) -> Event:
    """Return the fact that a request cannot be fulfilled, with all that is wrong with it."""
    name, key = name_and_key(request.data)
    said = complaints[:_MOST_COMPLAINTS]
    fact = CampaignProvisionRejected(
        name=name,
        key=key,
        request_id=request.event_id,
        reason=reason,
        message=messages(said),
        complaints=[_part(complaint) for complaint in said],
    )
    return new_event(fact, tenant, now, [request.event_id], request.correlation_id)


def _part(complaint: Complaint) -> ProvisionComplaint:
    return ProvisionComplaint(
        field=complaint.field, rule=complaint.rule, message=complaint.message, citation=complaint.citation
    )
