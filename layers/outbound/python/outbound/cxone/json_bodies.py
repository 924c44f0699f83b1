"""JSON as it arrives: read strictly, and once more where that fails, so that an odd record stops only itself.

    {"calls": [{...}, {"note": "half a surrogate \\ud83d"}, {...}], "nextPageToken": "..."}
                 |                     |                     |
               a dict              Unreadable              a dict

Halves of surrogates, control characters, cut UTF-8, NaN and a thousand levels of nesting are no JSON, and
servers write them all the same, each into the record that it is about. The second reading finds where the
elements of a list begin and end, reads each by itself, and keeps as `Unreadable` what is none. What is
broken outside of lists, or cut off, is not an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson

_BOM = b"\xef\xbb\xbf"
# Strings are passed over whole, and never backwards: a body of 64 MB is not to be read 64 million times. A
# quotation mark by itself is a string without an end.
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_STRUCTURE = re.compile(_STRING + rb'|[\[\]{},"]', re.DOTALL)
_NAME = re.compile(rb"\s*(" + _STRING + rb")\s*:", re.DOTALL)
_CLOSING = {b"{": b"}", b"[": b"]"}
# Lists are looked for this deep in objects: what is odd deeper than this belongs to a record.
_DEEPEST = 3


class Unreadable(str):
    """An element of a list that is not JSON, as the text that it came as."""

    __slots__ = ()


def parsed(body: bytes) -> Any:
    """Return the value of a body; elements of its lists that are no JSON are `Unreadable`.

    Raises ValueError where it is not JSON beyond that.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return _value(body.removeprefix(_BOM).strip(), _DEEPEST)


def _value(text: bytes, deepest: int) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        if text.startswith(b"["):
            return [_element(one) for one in _pieces(text)]
        if text.startswith(b"{") and deepest:
            return dict(_member(one, deepest - 1) for one in _pieces(text))
        # Without the parser's own message, which quotes what it has read.
        raise ValueError("the body is not JSON") from None


def _element(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return Unreadable(text.decode(errors="replace"))


def _member(text: bytes, deepest: int) -> tuple[str, Any]:
    name = _NAME.match(text)
    if name is None:
        raise ValueError("the body has a member without a name")
    return orjson.loads(name[1]), _value(text[name.end() :].strip(), deepest)


def _pieces(text: bytes) -> Iterator[bytes]:
    """Return what is between the outermost commas of an object or list. Raises ValueError if it is none."""
    expected: list[bytes] = []
    start = 1
    for found in _STRUCTURE.finditer(text):
        token = found[0]
        if token in _CLOSING:
            expected.append(_CLOSING[token])
        elif token in (b"}", b"]"):
            if not expected or token != expected.pop():
                raise ValueError("the body's brackets do not match")
            if not expected:
                yield from _last(text, start, found)
                return
        elif token == b'"':
            break
        elif token == b"," and len(expected) == 1:
            yield text[start : found.start()].strip()
            start = found.end()
    raise ValueError("the body is cut off")


def _last(text: bytes, start: int, closing: re.Match[bytes]) -> Iterator[bytes]:
    if text[closing.end() :].strip():
        raise ValueError("the body goes on behind its end")
    piece = text[start : closing.start()].strip()
    if piece or start > 1:
        yield piece
