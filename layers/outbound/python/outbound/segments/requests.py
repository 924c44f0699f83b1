"""A request for a segment, checked against the campaign that it is about."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from outbound.calling.profile import CallingProfile
from outbound.complaints import complaints
from outbound.events import Event
from outbound.events.requests.segments import SegmentRequested
from outbound.logs import masked_text
from outbound.segments.runs import SegmentRun, SegmentRuns
from outbound.store.registry import Registry


class Unanswerable(Exception):
    """What cannot come to a segment: the reason, the field if one is wrong, and why."""

    def __init__(self, reason: str, message: str, field: str = "", campaign_id: str = "") -> None:
        """Say it in words for people; `campaign_id` is empty where the request names none."""
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.field = field
        self.campaign_id = campaign_id


@dataclass(frozen=True, slots=True)
class SegmentRequest:
    """A run that is asked for, and what its campaign says of its calls."""

    run: SegmentRun
    profile: CallingProfile


def request_of(event: Event, registry: Registry, runs: SegmentRuns) -> SegmentRequest:
    """Return what an event asks for. Raises Unanswerable."""
    try:
        data = SegmentRequested.model_validate(event.data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        # A name that a sender chose may be anything.
        field = masked_text(".".join(map(str, first["loc"])))[:64]
        raise Unanswerable("invalid_request", masked_text(complaints(error))[:500], field) from None
    campaign = registry.get(data.campaign_id)
    if campaign is None:
        raise Unanswerable(
            "unknown_campaign",
            f"campaign_id: {data.campaign_id} is not registered; use:"
            f" outbound campaigns register {data.campaign_id} --list ID",
            "campaign_id",
            data.campaign_id,
        )
    profile = CallingProfile.model_validate(campaign.calling)
    if not profile.contact_list_id:
        raise Unanswerable(
            "no_contact_list",
            f"contact_list_id: the registration of {data.campaign_id} names no contact list; use:"
            f" outbound campaigns register {data.campaign_id} --list ID",
            "contact_list_id",
            data.campaign_id,
        )
    name = runs.name(data.campaign_id, event.event_id)
    run = SegmentRun(data.campaign_id, name, event.event_id, event.correlation_id, data.attributes)
    return SegmentRequest(run, profile)
