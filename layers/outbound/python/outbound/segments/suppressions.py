"""Asking for the suppression of a contact whom CXone would dial and the ledger forbids."""

from __future__ import annotations

from datetime import datetime

from outbound.calling.forbidden import Forbidden
from outbound.contact_ids import ledger_id
from outbound.events import Event, EventType, event_of_type


def suppression_of(
    tenant: str, campaign_id: str, contact_id: str, forbidden: Forbidden, now: datetime
) -> Event:
    """Return the request to suppress a contact in a campaign.

    There is one for each campaign and change of the ledger, however often the conflict is found: its id and
    its correlation id derive from them. Consent that is granted and revoked once more is another change.
    """
    data = {"campaign_id": campaign_id, "contact_id": contact_id, "reason": forbidden.reason}
    effect = (campaign_id, ledger_id(contact_id), forbidden.rank)
    return event_of_type(EventType.SUPPRESSION_REQUESTED, tenant, now, effect, data)
