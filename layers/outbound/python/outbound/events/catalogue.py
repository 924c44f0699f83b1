"""Every event by its type: its model, whether it asks, reports or states a fact, and its JSON Schema.

For documents, tests, and checks of what operators write; functions that only publish or read do without it.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass
from dataclasses import fields as fields_of
from enum import StrEnum
from itertools import pairwise
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from outbound.events.facts import (
    archive,
    calls,
    campaigns,
    consent,
    deliveries,
    dialer,
    dialer_reports,
    dispositions,
    failovers,
    outcomes,
    segments,
    steering,
    webhooks,
)
from outbound.events.facts.base import Fact, Part, Unset
from outbound.events.requests.by_type import INTERNAL, REPORTS, REQUESTS, TICKS
from outbound.events.types import EventType

# What the rules of the bus keep from destinations: a request is not a fact yet.
_NOT_DELIVERED = ".requested"
_FACTS = (
    archive,
    calls,
    campaigns,
    consent,
    deliveries,
    dialer_reports,
    dialer,
    dispositions,
    failovers,
    outcomes,
    segments,
    steering,
    webhooks,
)
_SIMPLE = {str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null"}

Model = type[BaseModel] | type[Fact]


class Kind(StrEnum):
    """What an event is for."""

    REQUEST = "request"
    """It asks for an effect."""

    REPORT = "report"
    """CXone told it."""

    FACT = "fact"
    """It states what was done, or could not be."""


@dataclass(frozen=True, slots=True)
class Contract:
    """What an event of a type holds."""

    event_type: EventType
    kind: Kind
    model: Model

    @property
    def description(self) -> str:
        """What the event means, in whole sentences."""
        return " ".join((inspect.getdoc(self.model) or "").split())

    @property
    def is_delivered(self) -> bool:
        """Whether destinations may be told of it."""
        return not self.event_type.endswith(_NOT_DELIVERED)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the event's data as it is on the bus."""
        if issubclass(self.model, BaseModel):
            return _described(self.model.model_json_schema(by_alias=False), self.model)
        return _part_schema(self.model)


def _contracts() -> Iterator[Contract]:
    for model in (model for module in _FACTS for model in vars(module).values()):
        if isinstance(model, type) and issubclass(model, Fact) and "TYPE" in vars(model):
            yield Contract(model.TYPE, Kind.FACT, model)
    requests = (*REQUESTS.items(), *INTERNAL.items(), *TICKS.items())
    yield from (Contract(each, Kind.REQUEST, model) for each, model in requests)
    yield from (Contract(each, Kind.REPORT, model) for each, model in REPORTS.items())


def _ordered() -> Mapping[EventType, Contract]:
    by_type = {contract.event_type: contract for contract in _contracts()}
    return {each: by_type[each] for each in EventType}


def _part_schema(part: type[Part]) -> dict[str, Any]:
    """Return the schema of a fact, or of a part of one: all fields are there but those that may be unset."""
    hints, documented = get_type_hints(part), _documented(part)
    required = [each.name for each in fields_of(part) if Unset not in get_args(hints[each.name])]  # type: ignore[arg-type]
    properties = {}
    for each in fields_of(part):  # type: ignore[arg-type]
        meaning = {"description": documented.get(each.name, "")}
        properties[each.name] = _type_schema(hints[each.name]) | meaning
        if each.default not in (MISSING, Unset.UNSET):
            properties[each.name]["const"] = each.default
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _type_schema(hint: Any) -> dict[str, Any]:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        choices = [_type_schema(each) for each in arguments if each is not Unset]
        return choices[0] if len(choices) == 1 else {"anyOf": choices}
    if origin is not None and issubclass(origin, Mapping):
        entry = _type_schema(arguments[1])
        return {"type": "object"} | ({"additionalProperties": entry} if entry else {})
    if origin is not None and issubclass(origin, Sequence):
        return {"type": "array", "items": _type_schema(arguments[0])}
    if isinstance(hint, type) and issubclass(hint, Part):
        return _part_schema(hint)
    return {"type": _SIMPLE[hint]} if hint in _SIMPLE else {}


def _described(schema: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """Add to a model's schema what its fields mean, and leave out what pydantic makes up."""
    for name, description in _documented(model).items():
        if name in schema.get("properties", {}):
            schema["properties"][name]["description"] = description
    for each in schema.get("properties", {}).values():
        each.pop("title", None)
    schema.pop("title", None)
    schema.pop("description", None)
    return schema


def _documented(model: type) -> dict[str, str]:
    """Return the docstrings of a class's fields, its bases' included, by their names."""
    documented: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if each.__module__.startswith("outbound."):
            documented |= _docstrings(each)
    return documented


def _docstrings(model: type) -> dict[str, str]:
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    statements = body.body if isinstance(body, ast.ClassDef) else []
    return {
        field.target.id: " ".join(doc.value.value.split())
        for field, doc in pairwise(statements)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(doc, ast.Expr)
        and isinstance(doc.value, ast.Constant)
        and isinstance(doc.value.value, str)
    }


CATALOGUE = _ordered()
"""What events of every type hold, in the order of `EventType`."""
