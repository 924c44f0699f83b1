"""What a disposition written to a contact must look like, read strictly."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from sandbox.tenant.reading import fields_of, invalid
from sandbox.world import parse_time

_FIELDS = ("outcomeCode", "agentId", "notes", "dispositionTimestamp", "customFields")
# Assumption: the document always sends notes, empty where there are none, and never says whether it
# must; what it lists as missing is agentId, and the other two say what happened and when.
_REQUIRED = ("outcomeCode", "agentId", "dispositionTimestamp")
_CODE = re.compile(r"[A-Z_]{3,20}", re.ASCII)


def read_disposition(document: Any, codes: Collection[str], agents: Collection[str]) -> Mapping[str, Any]:
    """Read a body of the contact's PATCH, or refuse it naming the field."""
    given = fields_of(document, "body", _FIELDS)
    for name in _REQUIRED:
        if name not in given:
            raise invalid(name, "is required")
    _check_code(given["outcomeCode"], codes)
    if not isinstance(given["agentId"], str) or given["agentId"] not in agents:
        raise invalid("agentId", "is not an active agent")
    _check_time(given["dispositionTimestamp"])
    if not isinstance(given.get("notes", ""), str):
        raise invalid("notes", "is a text")
    _check_custom(given.get("customFields", {}))
    return given


def _check_code(code: Any, codes: Collection[str]) -> None:
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise invalid("outcomeCode", "has 3 to 20 capital letters and underscores")
    if code not in codes:
        raise invalid("outcomeCode", "is not in the outcome category matrix")


def _check_time(text: Any) -> None:
    if not isinstance(text, str):
        raise invalid("dispositionTimestamp", "is a text")
    try:
        parse_time(text)
    except ValueError as error:
        raise invalid("dispositionTimestamp", str(error)) from None


def _check_custom(fields: Any) -> None:
    """Refuse what is no object. Assumption: values are plain; the document's are texts and numbers."""
    if not isinstance(fields, dict):
        raise invalid("customFields", "is a JSON object")
    for name, value in fields.items():
        if isinstance(value, dict | list):
            raise invalid(f"customFields.{name}", "is a text, a number, a truth value or null")
