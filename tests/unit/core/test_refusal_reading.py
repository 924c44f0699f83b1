"""Whom a refusal is about, that it is one, and when it was: read in one way everywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbound.contact_ids import ledger_id, read_contact_id
from outbound.do_not_call import PACKAGED_CODES, DoNotCallCodes, means_do_not_call
from outbound.moments import moment_of_refusal
from outbound.settings import InvalidDocument, read_document

RECEIVED = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "contact_id"),
    [
        (12345, "12345"),
        (12345.0, "12345"),
        (0, "0"),
        (" 1 ", "1"),
        ("\u00a01\ufeff", "1"),
        ("Ku\u0308hn-17", "K\u00fchn-17"),
        ("+4930123456", "+4930123456"),
        ("a" * 128, "a" * 128),
        ("a" * 129, ""),
        ("a b", ""),
        ("a\x00b", ""),
        ("\ud800", ""),
        ("", ""),
        (" ", ""),
        (None, ""),
        (True, ""),
        (1.5, ""),
        (float("nan"), ""),
        (10**500, ""),
        ([1], ""),
    ],
)
def test_a_contacts_id_is_read_in_one_way(value: object, contact_id: str) -> None:
    assert read_contact_id(value) == contact_id


@pytest.mark.parametrize(
    ("contact_id", "known_as"),
    [
        ("003D000000QYVzP", "003D000000QYVzPIAX"),
        ("00Q50000001XRPu", "00Q50000001XRPuEAO"),
        ("003D000000QYVzPIAX", "003D000000QYVzPIAX"),
        ("500D000000QYVzP", "500D000000QYVzP"),
        ("contact-1", "contact-1"),
    ],
)
def test_both_forms_of_a_salesforce_id_are_one_contact(contact_id: str, known_as: str) -> None:
    assert ledger_id(contact_id) == known_as


@pytest.mark.parametrize(
    "code",
    [
        "DO_NOT_CALL",
        "DoNotCall",
        "do not call.",
        "Do\u00a0Not\u00a0Call",
        "DO\u2011NOT\u2011CALL",
        "dnc",
        "D.N.C.",
        "\uff24\uff2f \uff2e\uff2f\uff34 \uff23\uff21\uff2c\uff2c",
    ],
)
def test_a_do_not_call_is_known_however_it_is_spelt(code: str) -> None:
    assert means_do_not_call(code)


@pytest.mark.parametrize("code", ["INTERESTED", "", "..", None, 7, "DO_CALL", "CALL", "DO_NOT_CALL " * 100])
def test_nothing_else_is_a_do_not_call(code: object) -> None:
    assert not means_do_not_call(code)


def test_digits_count_against_a_code_that_has_some() -> None:
    assert means_do_not_call("code 7", {"CODE_7"})
    assert not means_do_not_call("CODE_8", {"CODE_7"})
    assert not means_do_not_call("...", {"_"})


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-03-10T11:59:00Z", RECEIVED - timedelta(minutes=1)),
        ("2026-03-10T12:59:00+01:00", RECEIVED - timedelta(minutes=1)),
        (1773143940, RECEIVED - timedelta(minutes=1)),
        ("1773143940000", RECEIVED - timedelta(minutes=1)),
        ("10.03.2026 11:59", RECEIVED),
        ("2026-03-10T11:59:00", RECEIVED),
        ("2026-03-10T12:06:00Z", RECEIVED),
        ("1999-12-31T00:00:00Z", RECEIVED),
        ("20260310", RECEIVED),
        (5, RECEIVED),
        (None, RECEIVED),
        (float("inf"), RECEIVED),
        ([], RECEIVED),
    ],
)
def test_a_refusal_without_a_usable_time_counts_from_its_receipt(value: object, moment: datetime) -> None:
    assert moment_of_refusal(value, RECEIVED) == moment


anything = st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.binary())


@given(anything)
def test_whatever_a_sender_writes_is_read_without_an_error(value: object) -> None:
    contact_id = read_contact_id(value)
    assert contact_id == read_contact_id(contact_id)
    assert ledger_id(ledger_id(contact_id)) == ledger_id(contact_id)
    assert moment_of_refusal(value, RECEIVED) <= RECEIVED
    means_do_not_call(value)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("{}", PACKAGED_CODES),
        ('{"do_not_call_codes": ["OPT_OUT"]}', {"OPT_OUT"}),
        ('{"do_not_call_codes": ["OPT_OUT"], "outcome_codes": 3, "x": {}}', {"OPT_OUT"}),
    ],
)
def test_the_codes_of_a_settings_document_are_read_whatever_else_is_in_it(text: str, codes: set[str]) -> None:
    assert read_document(DoNotCallCodes, text).codes == codes


@pytest.mark.parametrize("text", ["{", "[]", '{"do_not_call_codes": "DNC"}', '{"do_not_call_codes": [1]}'])
def test_codes_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(InvalidDocument):
        read_document(DoNotCallCodes, text)
