"""Types of the columns that carry fields of the tenant's own: a value that does not fit becomes none.

Athena reads a column by one type, so each of its values is of that type or null.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_LONGEST_TEXT = 1000
_BIGGEST_INTEGER = 2**63


def _string(value: Any) -> str | None:
    if type(value) is str:
        return value[:_LONGEST_TEXT]
    return str(value) if type(value) in (int, float, bool) else None


def _integer(value: Any) -> int | None:
    return value if type(value) is int and -_BIGGEST_INTEGER <= value < _BIGGEST_INTEGER else None


def _number(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and math.isfinite(value) else None


def _boolean(value: Any) -> bool | None:
    return value if type(value) is bool else None


@dataclass(frozen=True, slots=True)
class ColumnType:
    """How a value becomes one of the column, and whether values of one type are so already."""

    convert: Callable[[Any], object]
    type: type
    fit: Callable[[Sequence[Any]], bool] = bool

    def column(self, values: Sequence[Any]) -> Sequence[object]:
        """Return values as the column has them."""
        if set(map(type, values)) == {self.type} and self.fit(values):
            return values
        return list(map(self.convert, values))


COLUMN_TYPES: Mapping[str, ColumnType] = {
    "string": ColumnType(_string, str, lambda values: max(map(len, values)) <= _LONGEST_TEXT),
    "integer": ColumnType(
        _integer, int, lambda values: min(values) >= -_BIGGEST_INTEGER and max(values) < _BIGGEST_INTEGER
    ),
    "number": ColumnType(_number, float, lambda values: all(map(math.isfinite, values))),
    "boolean": ColumnType(_boolean, bool),
}
"""The types that a setting may name, by their names."""
