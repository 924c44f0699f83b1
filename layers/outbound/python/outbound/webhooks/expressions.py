"""JMESPath with a few functions more, in which mappings are written.

contact_id(a, b, ...)   the first value that names a contact, as its id is read everywhere; else null
is_true(a)              whether a flag is set, however that is spelt: true, "True", "yes", 1
is_blank(a)             whether nothing is there: null, or a text of blanks
latest(a, b, ...)       the latest of the times that can be read, in ISO 8601; else null
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import jmespath  # type: ignore[import-untyped]
from jmespath import functions
from jmespath.exceptions import JMESPathError  # type: ignore[import-untyped]

from outbound.clock import format_time
from outbound.contact_ids import read_contact_id
from outbound.moments import NoMoment, moment_in

_TRUE = frozenset({"true", "yes", "1"})
_anything: dict[str, Any] = {"types": []}


class InvalidExpression(ValueError):
    """A text that is not a JMESPath expression."""


class _Functions(functions.Functions):  # type: ignore[misc]
    """JMESPath's own functions, and those of mappings."""

    @functions.signature({**_anything, "variadic": True})  # type: ignore[untyped-decorator]
    def _func_contact_id(self, *values: Any) -> str | None:
        return next(filter(None, map(read_contact_id, values)), None)

    @functions.signature(_anything)  # type: ignore[untyped-decorator]
    def _func_is_true(self, value: Any) -> bool:
        return value is True or (isinstance(value, str | int) and str(value).strip().casefold() in _TRUE)

    @functions.signature(_anything)  # type: ignore[untyped-decorator]
    def _func_is_blank(self, value: Any) -> bool:
        return value is None or (isinstance(value, str) and not value.strip())

    @functions.signature({**_anything, "variadic": True})  # type: ignore[untyped-decorator]
    def _func_latest(self, *values: Any) -> str | None:
        moments = []
        for value in values:
            try:
                moments.append(moment_in(value))
            except NoMoment:
                continue
        return format_time(max(moments)) if moments else None


_OPTIONS = jmespath.Options(custom_functions=_Functions())


@lru_cache(maxsize=512)
def compiled(expression: str) -> Any:
    """Return an expression ready to search. Raises InvalidExpression."""
    try:
        return jmespath.compile(expression)
    except (JMESPathError, TypeError, AttributeError):
        raise InvalidExpression("not a JMESPath expression") from None


def searched(expression: Any, value: Any) -> Any:
    """Return what an expression finds, None where it does not fit: the error would quote the value."""
    try:
        return expression.search(value, options=_OPTIONS)
    except (JMESPathError, TypeError, ValueError, RecursionError, AttributeError):
        return None
