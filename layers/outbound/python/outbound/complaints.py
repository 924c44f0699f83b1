"""What is wrong with a field, in plain words: for an operator, a sender, and never with the value.

A text's form is a pattern for machines. A person is told of it in the words that stand beside the pattern
where it is declared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_FORMS: dict[str, str] = {}
# What a model's complaint is called by pydantic, and what it says to a person.
_COMPLAINTS = {
    "extra_forbidden": "is not a known field",
    "missing": "is missing",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be a text",
    "string_pattern_mismatch": "must be {form}",
    "string_too_short": "must have {min_length} or more characters",
    "string_too_long": "must have {max_length} characters at most",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "set_type": "must be a list",
    "frozen_set_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "too_short": "must have {min_length} or more entries",
    "too_long": "must have {max_length} entries at most",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "literal_error": "must be one of {expected}",
    "enum": "must be one of {expected}",
    "datetime_type": "must be a time like 2026-01-31T08:00:00Z",
    "datetime_parsing": "must be a time like 2026-01-31T08:00:00Z",
    "datetime_from_date_parsing": "must be a time like 2026-01-31T08:00:00Z",
    "timezone_aware": "needs a UTC offset, like 2026-01-31T08:00:00Z",
}


def described(pattern: str, words: str) -> str:
    """Return a pattern for a field, and remember how a person is told of it: `must be <words>`."""
    _FORMS[pattern] = words
    return pattern


def complaints(error: ValueError) -> str:
    """Return what a model objects to and where, without the values: one of them may be a secret."""
    errors = getattr(error, "errors", None)
    if errors is None:
        return str(error) or type(error).__name__
    return "; ".join(f"{_place(each['loc']) or 'document'}: {complaint(each)}" for each in errors())


def _place(loc: Sequence[str | int]) -> str:
    """Return where something is wrong; pydantic puts `[key]` behind a name that is wrong itself."""
    return ".".join(str(each) for each in loc if each != "[key]")


def complaint(error: Mapping[str, Any]) -> str:
    """Return what one of the errors of a pydantic model objects to, without the field's name."""
    known = _COMPLAINTS.get(error.get("type", ""))
    context = dict(error.get("ctx", {}))
    context["form"] = _FORMS.get(context.get("pattern", ""), "of another form")
    return known.format_map(context) if known else str(error["msg"]).removeprefix("Value error, ")


def has_words(pattern: str) -> bool:
    """Return True if a person can be told of a pattern."""
    return pattern in _FORMS


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with one field of a document; `citation` where the rule is one of the law."""

    field: str
    rule: str
    message: str
    citation: str = ""

    def __str__(self) -> str:
        """Return the complaint as one line."""
        said = f"{self.field}: {self.message}" if self.field else self.message
        return f"{said} ({self.citation})" if self.citation else said


# What a model's complaints are about; all others are about the form of a value.
_RULES = {
    "extra_forbidden": "unknown_field",
    "missing": "required",
    "greater_than": "range",
    "greater_than_equal": "range",
    "less_than": "range",
    "less_than_equal": "range",
    "too_long": "range",
    "string_too_long": "range",
    "string_too_short": "range",
}


def each_complaint(error: ValueError, place: str = "") -> list[Complaint]:
    """Return what a pydantic model objects to, each with its field below `place` and its rule."""
    errors: Sequence[Mapping[str, Any]] = error.errors(include_url=False)  # type: ignore[attr-defined]
    return [
        Complaint(
            ".".join(part for part in (place, _place(each["loc"])) if part),
            _RULES.get(each.get("type", ""), "form"),
            complaint(each),
        )
        for each in errors
    ]
