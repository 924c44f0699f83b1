"""JSON files as operators write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class _Twice(Exception):
    """An object has two fields of the same name: which of them holds is not for a parser to choose."""


def json_text(file: Path) -> str:
    """Read a JSON file in any of the encodings that JSON has, with or without a byte order mark."""
    try:
        content = file.read_bytes()
        return content.decode(json.detect_encoding(content)).removeprefix("\ufeff")
    except OSError as error:
        raise ValueError(f"{file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{file}: byte {error.start} is not {error.encoding}; save it as UTF-8") from None


def json_object(file: Path) -> dict[str, Any]:
    """Read a JSON file that holds an object. Raises ValueError that names the file and the place."""
    try:
        document = json.loads(json_text(file), object_pairs_hook=_each_once)
    except _Twice as twice:
        raise ValueError(f"{file}: has the field {str(twice)!r} twice in one object") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{file}: is not valid JSON at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise ValueError(f"{file}: is nested too deeply") from None
    except ValueError as error:
        if str(error).startswith(str(file)):
            raise
        # Python's own sentence is about its limit for digits.
        raise ValueError(f"{file}: has a number of too many digits") from None
    if not isinstance(document, dict):
        raise ValueError(f"{file}: must be a JSON object")
    return document


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(name[:64] for name in names if names.count(name) > 1))
    return found
