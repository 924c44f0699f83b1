"""What senders tell about a contact's consent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import model_validator

from outbound.events.fields import ContactId, Evidence, Moment, NumberEnd, Seller, Source, StatedTime
from outbound.events.requests.base import Request


class ConsentChanged(Request):
    """A contact's consent to calls changed.

    What forbids counts without any of this but contact and change; all of it is for what permits.
    """

    contact_id: ContactId
    """The contact's id; of `merged` that of the survivor."""

    change: Literal[
        "granted", "revoked", "do_not_call", "do_not_call_lifted", "deleted", "restored", "merged"
    ]
    """What changed."""

    source: Source
    """Who says so: a form, a system, a person."""

    occurred_at: StatedTime
    """When it changed. The newest wins, so it is the sender's time: deliveries arrive in any order."""

    expires_at: Moment | None = None
    """Until when it is `granted`."""

    merged_contact_id: ContactId | None = None
    """Of `merged`: the contact whose refusals pass to `contact_id`."""

    kind: Literal["bare", "express", "written"] | None = None
    """How it was `granted`; without it a bare flag, which says nothing of how."""

    seller: Seller | None = None
    """To whom it was `granted`, if to one seller alone."""

    number: NumberEnd | None = None
    """The phone number for which it was `granted`: its last four digits are kept."""

    evidence: Evidence | None = None
    """Where the proof of a grant can be looked up: the id of a form, a recording, a document."""

    scope: Literal["telemarketing", "informational", "debt_collection"] | None = None
    """The category of calls that is `granted` or `revoked`; without it all calls."""

    @model_validator(mode="before")
    @classmethod
    def _without_empty_campaign(cls, given: object) -> object:
        """Consent is kept for a contact as a whole: a campaign that is named is refused as unknown."""
        if isinstance(given, Mapping) and not given.get("campaign_id", True):
            return {name: value for name, value in given.items() if name != "campaign_id"}
        return given
