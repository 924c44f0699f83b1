"""What a validation error says to a person: each wrong field by name."""

from __future__ import annotations

from pydantic import ValidationError


def named(error: ValidationError) -> str:
    """Give one sentence naming every wrong field, without the values."""
    return "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'document'}: {problem['msg']}"
        for problem in error.errors(include_url=False)
    )
