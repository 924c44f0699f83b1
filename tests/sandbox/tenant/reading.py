"""Reading what a request says, strictly: whatever is wrong is refused with the field named."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from starlette.requests import Request

from sandbox.wire.refusal import Refusal


def invalid(field: str, reason: str) -> Refusal:
    """Return the refusal of a field."""
    return Refusal(400, "invalid_request", f"{field} {reason}.", field=field)


async def json_body(request: Request) -> Any:
    """Return the body of a request, or refuse one that is no JSON."""
    try:
        return json.loads(await request.body(), parse_constant=_refuse_constant)
    except ValueError:
        raise Refusal(400, "invalid_request", "The body is no JSON.", field="body") from None


def _refuse_constant(name: str) -> None:
    """Refuse NaN and its like, which Python reads and no answer could repeat."""
    raise ValueError(name)


def fields_of(value: Any, name: str, fields: Collection[str]) -> Mapping[str, Any]:
    """Return a JSON object that has these fields alone; `name` is where it stands, "body" for all."""
    if not isinstance(value, dict):
        raise invalid(name, "is a JSON object")
    prefix = "" if name == "body" else f"{name}."
    if unknown := sorted(set(value) - set(fields)):
        raise invalid(f"{prefix}{unknown[0]}", "is not a field of this call")
    return value


def single_values(request: Request, parameters: Collection[str]) -> Mapping[str, str]:
    """Return the parameters of the query, each given once and each one of these."""
    pairs = request.query_params.multi_items()
    for name, _ in pairs:
        if name not in parameters:
            raise invalid(name, "is not a parameter of this call")
    given = dict(pairs)
    if len(given) < len(pairs):
        twice = next(name for name in given if len(request.query_params.getlist(name)) > 1)
        raise invalid(twice, "is given more than once")
    return given


def required(given: Mapping[str, str], name: str) -> str:
    """Return a parameter that must not be missing."""
    if not given.get(name):
        raise invalid(name, "is required")
    return given[name]


def whole_number(given: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    """Return a parameter that is a whole number from `least` to `most`."""
    text = given.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise invalid(name, "is not a whole number")
    if not least <= int(text) <= most:
        raise invalid(name, f"is from {least} to {most}")
    return int(text)
