"""How a campaign's id is written: it becomes part of keys, paths and the names of executions."""

from __future__ import annotations

import re

CAMPAIGN_ID = r"[A-Za-z0-9_-]{1,64}"
"""The form of a campaign's id, as a regular expression."""

_FORM = re.compile(CAMPAIGN_ID)


def is_campaign_id(value: object) -> bool:
    """Return True if a value is a text in the form of a campaign's id."""
    return isinstance(value, str) and _FORM.fullmatch(value) is not None
