"""Nothing secret and nothing personal reaches a log, whatever somebody hands to it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from outbound.logs import MASKED, loggable, logger, masked, masked_text


def test_sensitive_keys_are_masked_at_any_depth() -> None:
    value = {
        "Authorization": "Bearer abc",
        "contact": {"phoneNumber": "+15551234567", "e_mail": "x", "email": "a@b.c", "notes": ["called"]},
        "calls": [{"first_name": "Zoë", "id": "call-1"}],
        "nextPageToken": "abc",
    }

    assert masked(value) == {
        "Authorization": MASKED,
        "contact": {"phoneNumber": MASKED, "e_mail": MASKED, "email": MASKED, "notes": MASKED},
        "calls": [{"first_name": MASKED, "id": "call-1"}],
        "nextPageToken": MASKED,
    }


def test_masking_leaves_the_value_itself_alone() -> None:
    value = {"token": "abc"}

    masked(value)

    assert value == {"token": "abc"}


def test_a_hostile_depth_exhausts_nothing() -> None:
    deep: object = "x"
    for _ in range(5000):
        deep = {"a": [deep]}

    assert MASKED in json.dumps(masked(deep))
    assert loggable(b"[" * 200_000)


@pytest.mark.parametrize(
    "text",
    [
        "+15551234567",
        "+1 (555) 123-4567",
        "555-123-4567",
        "555 123 4567",
        "+44 20 7946 0958",
        "zoe.q@example.com",
    ],
)
def test_phone_numbers_and_addresses_in_a_text_are_masked(text: str) -> None:
    said = masked_text(f"the contact {text} is busy")

    assert MASKED in said
    assert not any(part in said for part in (text, "4567", "0958", "example"))


@pytest.mark.parametrize(
    "text",
    [
        "startDateTime 2026-03-10T12:00:00Z lies before 2026-01-01",
        "limit 5001 is over 5000",
        "page 12 of 20",
        "v34.0",
    ],
)
def test_what_explains_a_refusal_stays_readable(text: str) -> None:
    assert masked_text(text) == text


@pytest.mark.parametrize("piece", ["1-", "12 ", "a", "(1 ", "1", "a@", "1.", "+"])
def test_no_text_takes_long_to_mask(piece: str) -> None:
    started = time.perf_counter()

    masked_text(piece * 50_000)

    # Backtracking without bounds would take hours.
    assert time.perf_counter() - started < 10


def test_an_error_body_is_masked_inside_of_texts_too_and_cut() -> None:
    body = json.dumps({"message": "no contact +15551234567", "token": "abc", "blob": "x" * 10_000}).encode()

    said = loggable(body)

    assert len(said) <= 4096
    assert "5551234567" not in said
    assert "abc" not in said
    assert said.startswith('{"message":"no contact')


def test_a_number_at_the_place_of_the_cut_is_masked_whole() -> None:
    said = loggable(b"x" * 4090 + b" +15551234567 " + b"y" * 100)

    assert "155" not in said


def test_a_careless_extra_is_masked(logged: Callable[[], list[dict[str, Any]]]) -> None:
    logger.info(
        "hello", extra={"contact": {"phone": "+15551234567"}, "access_token": "abc", "ids": [{"email": "z"}]}
    )
    logger.info({"secret": "abc", "id": 1})

    first, second = logged()
    assert first["contact"] == {"phone": MASKED}
    assert first["access_token"] == MASKED
    assert first["ids"] == [{"email": MASKED}]
    assert second["message"] == {"secret": MASKED, "id": 1}


def test_what_an_exception_says_of_a_person_is_masked(logged: Callable[[], list[dict[str, Any]]]) -> None:
    sent = "input_value='+49 30 1234567', bob@example.com"
    try:
        raise ValueError(sent)
    except ValueError:
        logger.exception("message failed")

    (line,) = logged()
    said = json.dumps([line["exception"], line.get("stack_trace")])
    assert "1234567" not in said
    assert "bob" not in said
    assert line["exception_name"] == "ValueError"
    assert "test_masking.py" in line["exception"], "where it happened stays"
    assert line["timestamp"].endswith("+0000")
    assert line["service"]
