"""JSON files as operators write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


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
        document = json.loads(json_text(file))
    except json.JSONDecodeError as error:
        raise ValueError(f"{file}: is not valid JSON at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise ValueError(f"{file}: is nested too deeply") from None
    if not isinstance(document, dict):
        raise ValueError(f"{file}: must be a JSON object")
    return document
