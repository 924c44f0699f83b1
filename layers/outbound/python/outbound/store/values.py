"""Between plain Python values and the typed ones of DynamoDB, which name their kinds: `{"S": "text"}`."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


def stored_value(value: Any) -> Any:
    """Return a value as DynamoDB takes it.

    DynamoDB knows no float; its text form keeps every digit that Python would print.
    """
    return _serialize(_exact(value))


def plain_value(typed: Mapping[str, Any]) -> Any:
    """Return the plain value of a typed one; bytes may still be the base64 text that JSON has of them."""
    # A map or text is nearly all that is read, by the hundred.
    for kind, value in typed.items():
        if kind == "S":
            return value
        if kind == "M":
            return {name: plain_value(each) for name, each in value.items()}
        if kind in _READERS:
            return _READERS[kind](value)
    return _deserialize(typed)  # type: ignore[arg-type]


def _number(text: str) -> int | float:
    if text.isdecimal():
        return int(text)
    value: Decimal = _deserialize({"N": text})
    return int(value) if value == value.to_integral_value() else float(value)


def _bytes(value: str | bytes) -> bytes:
    return b64decode(value) if isinstance(value, str) else value


def _exact(value: Any) -> Any:
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, Mapping):
        return {key: _exact(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(inner) for inner in value]
    return value


_READERS: dict[str, Callable[[Any], Any]] = {
    "L": lambda values: [plain_value(each) for each in values],
    "N": _number,
    "NS": lambda values: {_number(each) for each in values},
    "B": lambda value: _deserialize({"B": _bytes(value)}),
    "BS": lambda values: _deserialize({"BS": [_bytes(each) for each in values]}),
}
