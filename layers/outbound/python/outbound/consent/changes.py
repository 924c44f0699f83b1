"""A change of consent as it is asked for, checked field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationError,
    model_validator,
)

from outbound.clock import parse_time
from outbound.events import Event
from outbound.store.consents import Change, Register, Value

_CHANGES = {
    "granted": (Register.CALL, Value.GRANTED),
    "revoked": (Register.CALL, Value.REVOKED),
    "do_not_call": (Register.DO_NOT_CALL, Value.SET),
    "do_not_call_lifted": (Register.DO_NOT_CALL, Value.LIFTED),
}


class InvalidChange(ValueError):
    """A change that cannot be recorded, with the field that is wrong."""

    def __init__(self, field: str, reason: str) -> None:
        """Name the field, as the request spells it."""
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def _moment(given: object) -> datetime:
    """Take a text only: a bare number could count seconds or milliseconds."""
    if not isinstance(given, str):
        raise ValueError("write a time like 2026-01-31T08:00:00Z")
    try:
        return parse_time(given)
    except ValueError:
        # The parser's own message quotes the value, and nobody knows what a sender put there.
        raise ValueError("is no time with an offset; write one like 2026-01-31T08:00:00Z") from None


# Whatever identifies a contact in a CRM, as long as it can stand in a key and be read in a log.
ContactId = Annotated[str, StringConstraints(pattern=r"^[^\s\x00-\x1f\x7f]{1,128}$")]
Source = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class ConsentChange(BaseModel):
    """The data of `consent.changed`."""

    model_config = ConfigDict(extra="ignore", strict=True)

    contact_id: ContactId
    change: Literal["granted", "revoked", "do_not_call", "do_not_call_lifted"]
    source: Source
    occurred_at: Annotated[datetime, BeforeValidator(_moment)]
    campaign_id: str | None = None

    @model_validator(mode="after")
    def _permits_in_general(self) -> ConsentChange:
        """Consent is kept for a contact as a whole: what a campaign alone was allowed must not allow all."""
        if self.campaign_id and self.change in ("granted", "do_not_call_lifted"):
            raise InvalidChange(
                "campaign_id", "consent for one campaign alone cannot be recorded: leave it out"
            )
        return self


def change_of(event: Event) -> Change:
    """Read the change that an event asks for. Raises InvalidChange naming the first field that is wrong."""
    try:
        asked = ConsentChange.model_validate(dict(event.data))
    except ValidationError as error:
        raise _first_complaint(error.errors(include_url=False, include_input=False)[0]) from None
    register, value = _CHANGES[asked.change]
    return Change(asked.contact_id, register, value, asked.source, asked.occurred_at, event.event_id)


def _first_complaint(problem: Any) -> InvalidChange:
    """Name the field and what is wrong with it, never its value."""
    raised = problem.get("ctx", {}).get("error")
    if isinstance(raised, InvalidChange):
        return raised
    return InvalidChange(".".join(map(str, problem["loc"])), problem["msg"])
