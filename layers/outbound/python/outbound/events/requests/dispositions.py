"""Requests about dispositions: apply one, or suppress a contact."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, JsonValue

from outbound.events.fields import ContactId, OutcomeCode, SentCampaignId, as_text
from outbound.events.requests.base import JudgedLater, Request


class DispositionRequested(JudgedLater):
    """Apply a disposition to a contact.

    Only contact and code are judged here. The capability that applies it judges the rest and names what is
    wrong, for a request not to be called counts however wrong the rest of it is.
    """

    contact_id: ContactId
    """The contact's id."""

    outcome_code: OutcomeCode
    """The disposition: a code of the settings, however it is spelt."""

    campaign_id: Annotated[JsonValue, BeforeValidator(as_text)] = None
    """The campaign's id in CXone."""

    agent_id: Annotated[JsonValue, BeforeValidator(as_text)] = None
    """The agent who decided it; the settings name a default."""

    notes: JsonValue = None
    """What the agent wrote."""

    custom_fields: JsonValue = None
    """Texts, numbers and truth values by name; some codes need some."""

    occurred_at: JsonValue = None
    """When it was decided, where the sender says; else the event's own time counts."""


class SuppressionRequested(Request):
    """Keep CXone from dialling a contact in a campaign, since the ledger of consent forbids it.

    The stack alone asks for it. It is a type of its own, so that no sender of webhooks or files can make one:
    what they say about do-not-call is recorded of the person, and this is not.
    """

    campaign_id: SentCampaignId
    """The campaign's id in CXone."""

    contact_id: ContactId
    """The contact's id as the campaign's list has it."""

    reason: Literal["do_not_call", "consent_revoked", "deleted"]
    """What the ledger says of the contact."""
