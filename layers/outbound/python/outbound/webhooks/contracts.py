"""What an event that comes in by webhook must hold: one model for each type.

Fields are written as here or in camelCase. A request with an unknown field is invalid, for a misspelt field
would be an instruction that nobody follows; what CXone reports about itself may have more than is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    model_validator,
)
from pydantic import ValidationError as PydanticError
from pydantic.alias_generators import to_camel

from outbound.clock import format_time
from outbound.contact_ids import read_contact_id
from outbound.do_not_call import PACKAGED_CODES, means_do_not_call
from outbound.events import EventType
from outbound.moments import NoMoment, moment_in
from outbound.observability import masked_text

_LONGEST_NAME = 64
# An event can have thousands of wrong fields; what is said about it has to fit on the bus.
_MOST_NAMED = 20


class Invalid(ValueError):
    """An event that is understood and wrong: each wrong field and what is wrong with it, never its value."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        """Object to these fields."""
        super().__init__("; ".join(f"{name}: {complaint}" for name, complaint in fields.items()))
        self.fields = dict(fields)


class _Model(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True, extra="forbid"
    )


class _Report(_Model):
    model_config = ConfigDict(extra="ignore")


def _as_text(value: object) -> object:
    """CRMs number what they count: an id may come as a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _contact_id(value: object) -> str:
    contact_id = read_contact_id(value)
    if not contact_id:
        raise ValueError("must be a contact's id: up to 128 characters without blanks")
    return contact_id


def _moment(value: object) -> datetime:
    try:
        return moment_in(value)
    except NoMoment as wrong:
        raise ValueError(str(wrong)) from None


def _outcome_code(text: str) -> str:
    """Write a disposition as codes are written: `Not interested` is NOT_INTERESTED."""
    for code in sorted(PACKAGED_CODES):
        if means_do_not_call(text, {code}):
            return code
    return text.strip().upper().replace(" ", "_").replace("-", "_")


Id = Annotated[str, BeforeValidator(_as_text), Field(min_length=1, max_length=128, pattern=r"^[\w.:@-]+$")]
ContactId = Annotated[str, BeforeValidator(_contact_id)]
OutcomeCode = Annotated[
    str, Field(max_length=64), AfterValidator(_outcome_code), Field(pattern=r"^[A-Z][A-Z0-9_]{1,39}$")
]
Time = Annotated[AwareDatetime, PlainSerializer(format_time, return_type=str)]
Moment = Annotated[datetime, BeforeValidator(_moment), PlainSerializer(format_time, return_type=str)]


class DispositionRequest(_Model):
    """Apply a disposition to a contact.

    Only whom it is about and what it says is judged here. Who applies it judges the rest and names what is
    wrong, for a request not to be called counts however wrong the rest of it is.
    """

    model_config = ConfigDict(extra="allow")

    contact_id: ContactId
    outcome_code: OutcomeCode
    campaign_id: Annotated[JsonValue, BeforeValidator(_as_text)] = None
    agent_id: Annotated[JsonValue, BeforeValidator(_as_text)] = None
    notes: JsonValue = None
    custom_fields: JsonValue = None
    # When it was decided, where the sender says; else the delivery's own time counts.
    occurred_at: JsonValue = None

    @model_validator(mode="before")
    @classmethod
    def _without_most_of_what_is_unknown(cls, given: object) -> object:
        """Keep one unknown field, to be named: there may be thousands, and an event has its limits."""
        if not isinstance(given, dict):
            return given
        known = {*cls.model_fields, *map(to_camel, cls.model_fields)}
        unknown = sorted(str(name) for name in given.keys() - known)[:1]
        return {name: value for name, value in given.items() if name in known} | dict.fromkeys(unknown, True)


class ConsentChange(_Model):
    """A contact's consent to calls changed.

    What forbids is taken before, from whatever can be read of it; all of this is for what permits.
    """

    contact_id: ContactId
    change: Literal[
        "granted", "revoked", "do_not_call", "do_not_call_lifted", "deleted", "restored", "merged"
    ]
    source: str = Field(min_length=1, max_length=128)
    # The newest wins, so it has to be the sender's time: deliveries arrive in any order.
    occurred_at: Time
    expires_at: Moment | None = None
    merged_contact_id: ContactId | None = None


class ArchiveRequest(_Model):
    """Archive a campaign's finished attempts."""

    campaign_id: Id
    statuses: list[Id] | None = Field(None, min_length=1, max_length=20)
    retention_days: int | None = Field(None, ge=1, le=3653)


class TransitionRequest(_Model):
    """Bring a campaign into a state."""

    campaign_id: Id
    target_state: Literal["active", "paused"]
    reason: str | None = Field(None, max_length=256)


class PullRequest(_Model):
    """Pull a campaign's outcomes between two times."""

    campaign_id: Id
    start: Time
    end: Time
    refresh: bool = False


class MetricsUpdate(_Report):
    """CXone's metrics of a campaign."""

    campaign_id: Id
    metrics: dict[str, JsonValue] = Field(min_length=1)


class _InCxone(BaseModel):
    """What CXone gives of a campaign or an operation; only its status is needed here."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)

    status: str = Field(min_length=1, max_length=64)


class StateChange(_Report):
    """CXone's campaign after a change of its state."""

    campaign_id: Id
    campaign: _InCxone


class SettingsUpdate(_Report):
    """CXone's dialer settings after a change."""

    settings: dict[str, JsonValue] = Field(min_length=1)


class Activation(_Report):
    """CXone's operation that activated a campaign's dialer settings."""

    campaign_id: Id
    operation: _InCxone


REQUESTS: dict[EventType, type[BaseModel]] = {
    EventType.DISPOSITION_REQUESTED: DispositionRequest,
    EventType.CONSENT_CHANGED: ConsentChange,
    EventType.ARCHIVE_REQUESTED: ArchiveRequest,
    EventType.TRANSITION_REQUESTED: TransitionRequest,
    EventType.PULL_REQUESTED: PullRequest,
}
REPORTS: dict[EventType, type[BaseModel]] = {
    EventType.METRICS_UPDATED: MetricsUpdate,
    EventType.STATE_CHANGED: StateChange,
    EventType.DIALER_SETTINGS_UPDATED: SettingsUpdate,
    EventType.DIALER_CAMPAIGN_ACTIVATED: Activation,
}
CONTRACTS = REQUESTS | REPORTS


def validated(event_type: EventType, data: object) -> dict[str, Any]:
    """Give an event's data as it goes on the bus. Raises Invalid naming every wrong field."""
    try:
        model = CONTRACTS[event_type].model_validate(data)
    except PydanticError as error:
        raise Invalid(_complaints(error)) from None
    return model.model_dump(mode="json", exclude_none=True)


def _complaints(error: PydanticError) -> dict[str, str]:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    # A name that a sender chose may be anything; those of the contract are short.
    return {_field(each["loc"]): each["msg"] for each in found[:_MOST_NAMED]}


def _field(place: tuple[int | str, ...]) -> str:
    return masked_text(".".join(map(str, place)))[:_LONGEST_NAME] or "data"
