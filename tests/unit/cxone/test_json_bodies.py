"""Answers that are no JSON in one place: an odd record stops only itself."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbound.cxone.json_bodies import Unreadable, parsed

GOOD = b'{"id":"1","note":"a, b] and }"}'
ODD = {
    "half a surrogate": b'{"id":"2","note":"\\ud83d"}',
    "a raw tab": b'{"id":"2","note":"a\tb"}',
    "cut UTF-8": b'{"id":"2","note":"\xc3"}',
    "a UTF-8 surrogate": b'{"id":"2","note":"\xed\xa0\xbd"}',
    "NaN": b'{"id":"2","seconds":NaN}',
    "Infinity": b'{"id":"2","seconds":-Infinity}',
    "1,200 levels": b'{"id":"2","note":' + b"[" * 1200 + b"]" * 1200 + b"}",
    "1,200 objects": b'{"id":"2","note":' + b'{"a":' * 1200 + b"1" + b"}" * 1200 + b"}",
    "a comma too many": b'{"id":"2",}',
    "a leading zero": b'{"id":"2","seconds":007}',
    "a number of many digits": b'{"id":"2","seconds":1e999999}',
    "single quotes": b"{'id':'2'}",
    "nothing": b"",
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
@pytest.mark.parametrize(
    "around",
    [
        b'{"calls": [%s], "nextPageToken": "t"}',
        b'{"nextPageToken": "t", "calls":[%s]}',
        b'{"nextPageToken": "t", "data": {"calls": [ %s ]}}',
        b"[%s]",
    ],
)
def test_the_others_are_read_and_the_odd_one_is_kept_as_text(odd: bytes, around: bytes) -> None:
    body = parsed(around % b",".join([GOOD, odd, GOOD]))
    if isinstance(body, dict):
        assert body["nextPageToken"] == "t"
        body = body.get("calls") or body["data"]["calls"]
    first, middle, last = body
    assert first == last == json.loads(GOOD)
    if middle != {"id": "2", "seconds": float("inf")}:
        assert isinstance(middle, Unreadable)
        assert middle == odd.decode(errors="replace")


@pytest.mark.parametrize("around", [b'{"calls": [%s]}', b"[%s]"])
def test_a_byte_order_mark_is_no_part_of_the_answer(around: bytes) -> None:
    body = around % GOOD
    assert parsed(b"\xef\xbb\xbf" + body) == json.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"<html>",
        b"\xff",
        b"{",
        b'{"calls": [',
        b'{"calls": [{"id": 1}',
        b'{"calls": [{"id": 1}]',
        b'{"calls": [{"id": "1}]}',
        b'{"calls": [{"id": 1]}}',
        b'{"calls": [{"id": 1}]}}',
        b'{"calls": [{"id": 1}]} {}',
        b'{"calls": [], "nextPageToken": "\\ud83d"}',
        b'{"calls": [], "nextPageToken": NaN}',
        b'{"calls": [NaN], nextPageToken: 1}',
        b"NaN",
        b"[" * 9999,
        b"[" * 9999 + b"]" * 9998,
    ],
)
def test_what_is_cut_off_or_broken_outside_of_records_is_no_answer(body: bytes) -> None:
    with pytest.raises(ValueError, match="the body"):
        parsed(body)


@given(st.binary(max_size=200))
def test_whatever_arrives_is_read_or_refused(body: bytes) -> None:
    read, refusal = None, ""
    try:
        read = parsed(body)
    except ValueError as error:
        refusal = str(error)
    assert read is not None or "the body" in refusal


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(json_values, max_size=5), st.integers(0, 5))
def test_elements_are_what_they_would_be_alone(values: list[Any], at: int) -> None:
    texts = [json.dumps(value).encode() for value in values]
    texts.insert(at, b"NaN")
    found = parsed(b'{"n": 1, "calls": [' + b" , ".join(texts) + b"]}")["calls"]
    assert isinstance(found.pop(min(at, len(values))), Unreadable)
    assert found == values


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        b'{"a": "' + b'\\"' * 2_000_000,
        b'{"a": [' + b'"' * 2_000_001,
        b"[" + b'{"a":' * 1_000_000,
        b"[NaN," + b"1," * 1_000_000 + b"2]",
    ],
)
def test_reading_takes_time_in_proportion_to_the_body(body: bytes) -> None:
    started = time.process_time()
    with suppress(ValueError):
        parsed(body)
    assert time.process_time() - started < 5
