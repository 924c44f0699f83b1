"""What a validation error says to a person: each wrong field by name."""

from __future__ import annotations

from pydantic import ValidationError

from outbound.complaints import complaints


def named(error: ValidationError) -> str:
    """Return one sentence naming every wrong field, without the values."""
    return complaints(error)
