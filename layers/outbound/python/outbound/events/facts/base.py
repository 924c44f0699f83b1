"""What a fact is made of."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum
from typing import Any, ClassVar, TypeVar, dataclass_transform

from outbound.events.types import EventType

T = TypeVar("T")


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "unset"


UNSET = Unset.UNSET
"""The value of a field that does not appear in the data at all; null would say something else."""


@dataclass_transform(kw_only_default=True, frozen_default=True)
def fact_class(cls: type[T]) -> type[T]:
    """Make a frozen dataclass without methods that facts do not need: each costs a function's cold start."""
    return dataclass(frozen=True, kw_only=True, eq=False, repr=False)(cls)


class Part:
    """Something that has fields: a fact, or a part of one."""

    def data(self) -> dict[str, Any]:
        """Return the fields as they are on the bus, in their order, without those that are unset."""
        values = ((each.name, getattr(self, each.name)) for each in fields(self))  # type: ignore[arg-type]
        return {name: _plain(value) for name, value in values if value is not UNSET}


class Fact(Part):
    """What was done, or could not be."""

    TYPE: ClassVar[EventType]
    """The type of its event."""


def _plain(value: Any) -> Any:
    if isinstance(value, Part):
        return value.data()
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
