"""The logger, made once, and what may be logged.

Nothing secret and nothing personal may reach it. Log lines carry ids; the names below are masked wherever
they appear as a key, so that a careless `extra=` cannot leak them.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

MASKED = "***"
_SENSITIVE = (
    *("authorization", "token", "secret", "password", "signature", "cookie"),
    *("phone", "email", "notes", "firstname", "lastname", "address", "customfields"),
)
_DEEPEST = 32

# Phone numbers however they are written, record numbers, e-mail addresses: what free text says about a
# person. Dates are spared, they say what is wrong with a window. Every repetition is bounded, so that no
# text takes long.
_PERSONAL = re.compile(
    r"(?!\d{4}-\d\d-\d\d)(?<![\w-])\+?\(?\d{1,4}(?:[ ./()-]{1,2}\d{2,5}){2,5}(?!\w)"
    r"|\d{7,}|[\w.+-]{1,64}@[\w-]{1,64}\.[\w.]{1,64}"
)
# Enough of an error body to see what is wrong with a request.
_MAX_LOGGED = 4096
# What is larger is not an error body; parsing it would cost more than it says.
_MAX_PARSED = 256 * 1024


def masked(value: object, depth: int = 0) -> object:
    """Return a copy of a JSON-like value in which every sensitive key's value is replaced.

    What is nested absurdly deep is replaced whole: a hostile body must not exhaust the stack.
    """
    if depth > _DEEPEST:
        return MASKED
    if isinstance(value, Mapping):
        return {
            key: MASKED if _sensitive(str(key)) else masked(inner, depth + 1) for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [masked(inner, depth + 1) for inner in value]
    return value


def _sensitive(key: str) -> bool:
    plain = key.lower().replace("_", "").replace("-", "")
    return any(word in plain for word in _SENSITIVE)


def masked_text(text: str, ids: Iterable[str] = ()) -> str:
    """Return a text in which phone numbers, long numbers and e-mail addresses are replaced.

    Args:
        text: What may speak of a person.
        ids: Ids that are known to be none of a person. Some look like a number; they stay where they stand as
            a word of their own.
    """
    # Any other would cut a number in two that is seen to be one only as a whole.
    spared = [re.escape(each) for each in ids if _PERSONAL.search(each)]
    if not spared:
        return _PERSONAL.sub(MASKED, text)
    parts = re.split(rf"(?<![\w+-])({'|'.join(spared)})(?![\w-])", text)
    return "".join(part if number % 2 else _PERSONAL.sub(MASKED, part) for number, part in enumerate(parts))


def loggable(body: bytes) -> str:
    """Return the body of an error answer as it may be logged: masked, and cut to 4 KB."""
    text = body[: 2 * _MAX_LOGGED].decode(errors="replace")
    if len(body) <= _MAX_PARSED:
        with suppress(ValueError, RecursionError):
            text = json.dumps(masked(json.loads(body)), separators=(",", ":"))[: 2 * _MAX_LOGGED]
    # Masked before it is cut: half a phone number is no longer seen to be one.
    return masked_text(text)[:_MAX_LOGGED]


class _MaskingFilter(logging.Filter):
    """Masks sensitive keys of a log record's extra fields and of a dict message."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, Mapping):
            record.msg = masked(record.msg)
        for key, value in list(record.__dict__.items()):
            if isinstance(value, Mapping | list | tuple) and key not in ("args", "exc_info"):
                record.__dict__[key] = masked(value)
            elif _sensitive(key):
                record.__dict__[key] = MASKED
        return True


class _MaskingFormatter(LambdaPowertoolsFormatter):
    """Masks what an exception's text says of a person: some quote the input that they stumble over."""

    def serialize(self, log: Any) -> str:
        """Write a log line as JSON."""
        if "exception" in log:
            log["exception"] = masked_text(log["exception"])
        if "stack_trace" in log:
            log["stack_trace"] |= {"value": masked_text(str(log["stack_trace"]["value"]))}
        return super().serialize(log)


logger = Logger(logger_formatter=_MaskingFormatter(utc=True))
logger.addFilter(_MaskingFilter())
