"""From a contact as CXone lists it to one that the rules of calling can judge.

What says that a call is not allowed is read leniently; what is unreadable is taken for unknown, and the rules
are strict about what is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from outbound.calling.attempts import RecordedAttempt
from outbound.clock import parse_time
from outbound.compliance.contact import Attempt, Contact
from outbound.compliance.numbers import Number, read_number
from outbound.contact_ids import read_contact_id
from outbound.cxone.ports.contact_lists import ListedContact

# A list that counts thousands of calls to one contact means something else.
_MOST_ATTEMPTS = 1000
_LONGEST = 64
# One word: XX, Louisiana, America/New_York, Etc/GMT+5, EST5EDT.
_NAME = re.compile(r"[A-Za-z][A-Za-z_./+-]{0,40}[0-9]{0,2}(?:[A-Z]{3})?")
_UNREADABLE = "?"
# A call is recorded with when it began, and CXone may say when it ended or was put away.
_SAME_CALL = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Listed:
    """A contact of a list that can be judged, once its attempts are known."""

    contact_id: str
    numbers: tuple[Number, ...]
    all_numbers_read: bool
    state: str
    zip_code: str
    zone: str
    zone_confirmed: bool
    source: ListedContact

    def contact(self, recorded: Sequence[RecordedAttempt]) -> Contact:
        """Return the contact as the rules ask for it, with the calls that were `recorded`, or CXone's."""
        return Contact(
            self.contact_id,
            self.numbers,
            self.state,
            self.zip_code,
            self.zone,
            self.zone_confirmed,
            _attempts(self.source, recorded),
        )


def read_listed(contact: ListedContact) -> Listed | None:
    """Return a contact of a list, or None where it has no readable id."""
    contact_id = read_contact_id(contact.contact_id)
    if not contact_id:
        return None
    given = contact.numbers if isinstance(contact.numbers, list) else [contact.numbers]
    given = [each for each in given if each not in (None, "")]
    numbers = tuple(number for each in given if (number := read_number(_number(each))))
    return Listed(
        contact_id,
        numbers,
        len(numbers) == len(given),
        _word(contact.state),
        _text(contact.zip_code),
        _word(contact.zone),
        # Confirmed takes the clock's guesses away, so it is read to the letter.
        contact.zone_confirmed is True,
        contact,
    )


def _number(value: Any) -> Any:
    return value.get("number") if isinstance(value, dict) else value


def _text(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        # A ZIP code as a number has lost its zeros.
        return f"{value:05}"
    return value.strip()[:_LONGEST] if isinstance(value, str) else ""


def _word(value: Any) -> str:
    """Return a text that may be the name of a state or zone; of any other that one is there, and no more.

    It stands in rows of the lake, and people write names, numbers and streets into any field.
    """
    text = _text(value)
    return text if not text or _NAME.fullmatch(text) else _UNREADABLE


def _attempts(contact: ListedContact, recorded: Sequence[RecordedAttempt]) -> tuple[Attempt, ...] | None:
    """Return the attempts that count: those that were recorded, and of CXone's own count what is beyond them.

    CXone says how often it called, and when it did last. Calls that are not recorded count as made then:
    later than any of them was. None where CXone counts calls and does not say when.
    """
    known = tuple(one.attempt() for one in recorded)
    count, last = contact.attempts, _moment(contact.last_attempt_at)
    if count is None and last is None:
        return known
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        count = None if count is not None else 1
    if count is None or (count > len(known) and last is None):
        return None
    return known if last is None else (*known, *_unrecorded(count, last, known))


def _unrecorded(count: int, last: datetime, known: Sequence[Attempt]) -> Sequence[Attempt]:
    more = min(count, _MOST_ATTEMPTS) - len(known)
    # The last one was made after all that are recorded: it is none of them.
    is_new = all(one.at + _SAME_CALL < last for one in known)
    return (Attempt(last),) * max(more, int(is_new and count > 0))


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        return parse_time(value)
    except ValueError:
        return None
