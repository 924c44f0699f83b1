"""What the models of all requests and of CXone's reports have in common, and how data is checked by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic import ValidationError as PydanticError
from pydantic.alias_generators import to_camel

from outbound.complaints import complaint
from outbound.logs import masked_text

_LONGEST_NAME = 64
# An event can have thousands of wrong fields; what is said about it has to fit on the bus.
_MOST_NAMED = 20


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


class InCxone(BaseModel):
    """What CXone returns of a campaign or an operation; only its status is needed here."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)

    status: str = Field(min_length=1, max_length=64, description="The state that it is in.")


def checked(model: type[Request], data: object) -> dict[str, Any]:
    """Return a request's or a report's data as it goes on the bus. Raises InvalidData."""
    try:
        return model.model_validate(data).model_dump(mode="json", exclude_none=True)
    except PydanticError as error:
        raise InvalidData(_complaints(error)) from None


def _complaints(error: PydanticError) -> dict[str, str]:
    found = error.errors(include_url=False, include_input=False)
    # A name that a sender chose may be anything; those of a model are short.
    return {_field(each["loc"]): complaint(each) for each in found[:_MOST_NAMED]}


def _field(place: tuple[int | str, ...]) -> str:
    return masked_text(".".join(map(str, place)))[:_LONGEST_NAME] or "data"
