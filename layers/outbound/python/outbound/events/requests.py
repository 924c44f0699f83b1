"""What each request and each of CXone's reports must hold: a model a type.

Fields are written as here or in camelCase. A request with an unknown field is invalid, for a misspelt field
would be an instruction that is not followed; what CXone reports about itself may have more than is known.

What forbids calling is read more leniently: webhooks, files and the ledger of consent take it from whatever
can be read, before anything is checked here; `pause_in` takes a pause from a request that is wrong otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator
from pydantic import ValidationError as PydanticError
from pydantic.alias_generators import to_camel

from outbound.campaign_ids import is_campaign_id
from outbound.complaints import complaint
from outbound.events.fields import (
    AttributeName,
    AttributeValue,
    ContactId,
    Evidence,
    Id,
    Moment,
    NumberEnd,
    OutcomeCode,
    RetentionDays,
    Seller,
    SentCampaignId,
    Source,
    StatedTime,
    Time,
    as_text,
)
from outbound.events.types import EventType
from outbound.logs import masked_text

_LONGEST_NAME = 64
# An event can have thousands of wrong fields; what is said about it has to fit on the bus.
_MOST_NAMED = 20
LONGEST_REASON, LONGEST_REQUESTER = 256, 128
"""So many characters of why and by whom a campaign is to be paused or resumed are taken."""


class InvalidData(ValueError):
    """Data that is understood and wrong: each wrong field and what is wrong with it, never its value."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        """Object to these fields."""
        super().__init__("; ".join(f"{name}: {complaint}" for name, complaint in fields.items()))
        self.fields = dict(fields)


class Request(BaseModel):
    """The data of an event that asks for an effect."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True, extra="forbid"
    )


class JudgedLater(Request):
    """The data of a request of which the capability judges most, and names all that is wrong."""

    model_config = ConfigDict(extra="allow")

    @model_validator(mode="before")
    @classmethod
    def _without_most_of_what_is_unknown(cls, given: object) -> object:
        """Keep one unknown field, to be named: there may be thousands, and an event has its limits."""
        if not isinstance(given, dict):
            return given
        known = {*cls.model_fields, *map(to_camel, cls.model_fields)}
        unknown = sorted(str(name) for name in given.keys() - known)[:1]
        return {name: value for name, value in given.items() if name in known} | dict.fromkeys(unknown, True)


class Report(Request):
    """The data of an event by which CXone reports something."""

    model_config = ConfigDict(extra="ignore")


class PullDue(Report):
    """The tick of the schedule: plan the pulls of every registered campaign. No data."""


class PullRequested(Request):
    """Pull a campaign's outcomes between two times."""

    campaign_id: SentCampaignId
    """The campaign's id in CXone; it has to be registered."""

    start: Time
    """Calls that began then or later."""

    end: Time
    """Calls that began before."""

    refresh: bool = False
    """Whether windows that are pulled already are pulled again."""


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


class ArchiveDue(Report):
    """The tick of the schedule: archive every registered campaign. No data."""


class ArchiveRequested(Request):
    """Archive a campaign's finished attempts."""

    campaign_id: SentCampaignId
    """The campaign's id in CXone; it has to be registered."""

    statuses: list[Id] | None = Field(None, min_length=1, max_length=20)
    """The outcomes to archive, of those that the settings approve; all of them unless given."""

    retention_days: RetentionDays | None = None
    """How long attempts are kept that name no time themselves."""


class AuditRequested(Request):
    """Judge the calls of a period again, window by window in the order of time."""

    campaign_id: SentCampaignId | None = None
    """The campaign's id in CXone; without it the calls of all campaigns."""

    start: Time
    """Windows that end after that."""

    end: Time
    """Windows that start before that; 400 days after the start at most."""


class TransitionRequested(Request):
    """Bring a campaign into a state."""

    campaign_id: SentCampaignId
    """The campaign's id in CXone."""

    target_state: Literal["active", "paused"]
    """The state."""

    reason: str | None = Field(None, max_length=LONGEST_REASON)
    """Why, for the audit."""

    requested_by: str | None = Field(None, max_length=LONGEST_REQUESTER)
    """Who asks, for the audit: a role or a system, and not a person's name."""


class ProvisionRequested(JudgedLater):
    """Create a campaign in CXone, paused, and register it.

    All that is wrong with it is named together, in `campaign.provision_rejected`; README has an example.
    """

    name: JsonValue = None
    """What the campaign is called in CXone: there is one of that name, whatever is cut off."""

    key: JsonValue = None
    """By which a repeated request is known; derived from the name unless given."""

    description: JsonValue = None
    """A text for people."""

    purpose: JsonValue = None
    """`telemarketing` (unless given), `informational` or `debt_collection`."""

    seller: JsonValue = None
    """On whose behalf is called."""

    subject: JsonValue = None
    """What is offered; calls are counted per person and subject."""

    contact_list_id: JsonValue = None
    """The list that is dialled; it exists and is not empty."""

    queue_id: JsonValue = None
    """The queue whose agents get the calls."""

    time_zone: JsonValue = None
    """By whose clock CXone dials: a name of the IANA database."""

    predictive: JsonValue = None
    """`answer_ratio`, `max_calls_in_flight`, `call_rate` and `abandonment_threshold` of the dialer."""

    hours: JsonValue = None
    """`days` (mon to sun), `start` and `end`."""

    caps: JsonValue = None
    """`per_day` and `per_week` for each person, `campaign_per_day` for all together."""

    failover: JsonValue = None
    """`enabled`, `threshold_type`, `threshold_value` and `window_minutes`."""

    backup_campaign_id: JsonValue = None
    """The campaign that takes over; it exists and is another one."""

    states: JsonValue = None
    """The states in which the list's people live, like NY; without them the strictest rule counts."""


class SegmentRequested(Request):
    """Find out which contacts of a campaign's list may be called, and which may not, and why."""

    campaign_id: SentCampaignId
    """The campaign's id in CXone; it has to be registered, with a contact list."""

    attributes: dict[AttributeName, AttributeValue] = Field({}, max_length=10)
    """Only contacts whose attributes have these values, by their names at CXone."""


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


class RolloutRequested(JudgedLater):
    """Roll out dialer settings: checked, activated, watched, and rolled back where that fails.

    All that is wrong with it is named together, in `dialer.rollout_refused`; README has an example.
    """

    settings: JsonValue = None
    """The settings, all of them: `name`, `type`, `concurrency` and `algorithm`."""

    restore: JsonValue = None
    """In place of settings: the rollout whose snapshot is to be in force again."""

    campaigns: JsonValue = None
    """The ids of the campaigns that it concerns: they are watched after the activation."""

    reason: JsonValue = None
    """Why, for the audit."""

    override: JsonValue = None
    """`rules` that it goes beyond, who `approved_by` it, and the `reason`."""

    guard: JsonValue = None
    """`minutes` and `roll_back`, in place of the settings of the guard."""

    requested_by: JsonValue = None
    """Who wants it."""


class MetricsUpdated(Report):
    """CXone reported a campaign's metrics."""

    campaign_id: SentCampaignId
    """The campaign's id in CXone."""

    metrics: dict[str, JsonValue] = Field(min_length=1)
    """The metrics as CXone's GET returns them."""


class InCxone(BaseModel):
    """What CXone returns of a campaign or an operation; only its status is needed here."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)

    status: str = Field(min_length=1, max_length=64, description="The state that it is in.")


class StateChanged(Report):
    """CXone reported that a campaign changed its state."""

    campaign_id: SentCampaignId
    """The campaign's id in CXone."""

    campaign: InCxone
    """The campaign as CXone's GET returns it."""


class DialerSettingsUpdated(Report):
    """CXone reported new dialer settings."""

    settings: dict[str, JsonValue] = Field(min_length=1)
    """The settings as CXone's GET returns them."""


class DialerCampaignActivated(Report):
    """CXone reported that a campaign's dialer settings were activated."""

    campaign_id: SentCampaignId
    """The campaign's id in CXone."""

    operation: InCxone
    """The operation as CXone's GET returns it."""


REQUESTS: Mapping[EventType, type[Request]] = {
    EventType.DISPOSITION_REQUESTED: DispositionRequested,
    EventType.CONSENT_CHANGED: ConsentChanged,
    EventType.ARCHIVE_REQUESTED: ArchiveRequested,
    EventType.TRANSITION_REQUESTED: TransitionRequested,
    EventType.PROVISION_REQUESTED: ProvisionRequested,
    EventType.PULL_REQUESTED: PullRequested,
    EventType.AUDIT_REQUESTED: AuditRequested,
    EventType.SEGMENT_REQUESTED: SegmentRequested,
    EventType.ROLLOUT_REQUESTED: RolloutRequested,
}
"""What senders of webhooks may ask for."""

INTERNAL: Mapping[EventType, type[Request]] = {EventType.SUPPRESSION_REQUESTED: SuppressionRequested}
"""What capabilities ask of each other, and no sender of webhooks or files can."""

REPORTS: Mapping[EventType, type[Report]] = {
    EventType.METRICS_UPDATED: MetricsUpdated,
    EventType.STATE_CHANGED: StateChanged,
    EventType.DIALER_SETTINGS_UPDATED: DialerSettingsUpdated,
    EventType.DIALER_CAMPAIGN_ACTIVATED: DialerCampaignActivated,
}
"""What CXone reports by webhook."""

TICKS: Mapping[EventType, type[Report]] = {
    EventType.PULL_DUE: PullDue,
    EventType.ARCHIVE_DUE: ArchiveDue,
}
"""What the schedules send."""


def validated(event_type: EventType, data: object) -> dict[str, Any]:
    """Return a request's or a report's data as it goes on the bus. Raises InvalidData."""
    model = REQUESTS.get(event_type) or REPORTS[event_type]
    try:
        return model.model_validate(data).model_dump(mode="json", exclude_none=True)
    except PydanticError as error:
        raise InvalidData(_complaints(error)) from None


def pause_in(data: object) -> dict[str, Any] | None:
    """Return the data of a request to pause, whatever else is wrong with it; None where it is not one.

    A pause needs which campaign and that, nothing else. Of why and by whom is kept what can be.
    """
    if not isinstance(data, Mapping):
        return None
    campaign_id, target = _first_text(data, "campaign_id"), _first_text(data, "target_state")
    if not is_campaign_id(campaign_id) or target.casefold() != "paused":
        return None
    pause = {"campaign_id": campaign_id, "target_state": "paused"}
    for name, longest in (("reason", LONGEST_REASON), ("requested_by", LONGEST_REQUESTER)):
        # Half of a surrogate pair is in no text that can be published.
        if text := _first_text(data, name).encode(errors="replace").decode():
            pause[name] = text[:longest]
    return pause


def _first_text(data: Mapping[Any, Any], name: str) -> str:
    """Return a field without blanks around it, however its name is written; empty where it is not a text."""
    given = (as_text(data.get(spelt)) for spelt in (name, to_camel(name)))
    return next((text for each in given if isinstance(each, str) and (text := each.strip())), "")


def _complaints(error: PydanticError) -> dict[str, str]:
    found = error.errors(include_url=False, include_input=False)
    # A name that a sender chose may be anything; those of a model are short.
    return {_field(each["loc"]): complaint(each) for each in found[:_MOST_NAMED]}


def _field(place: tuple[int | str, ...]) -> str:
    return masked_text(".".join(map(str, place)))[:_LONGEST_NAME] or "data"
