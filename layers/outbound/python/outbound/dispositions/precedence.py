"""Which of two dispositions of a contact counts: the newest, whatever the order of their arrival.

Of one moment the one that forbids to call counts. Among requests their ranks say so, which the ledger stores
and compares (`rank_of`); against what CXone has from other sources, `is_behind` does.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from outbound.clock import CLOCK_TOLERANCE
from outbound.cxone.ports.dispositions import Contact
from outbound.do_not_call import means_do_not_call

# Moments that are closer are the same one: CXone may keep them less exactly than they were written.
_SAME_MOMENT = timedelta(milliseconds=1)


def rank_of(occurred_at: datetime, forbids: bool, request_id: str) -> str:
    """Return a request's place in the order of its contact's dispositions, as a text that sorts.

    By time; of two at the same moment the one that forbids to call; of two that are alike by id. The mark
    sorts behind every id, so ranks that were stored without one keep their order.

    Args:
        occurred_at: When the contact was spoken to, as the sender states it.
        forbids: Whether its code means that the contact must not be called.
        request_id: Decides where all else is the same.
    """
    mark = "~" if forbids else ""
    return f"{occurred_at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}#{mark}{request_id}"


def is_behind(
    occurred_at: datetime, forbids: bool, contact: Contact, do_not_call_codes: Iterable[str], now: datetime
) -> bool:
    """Return True if CXone has a disposition from another source that counts more than a request.

    Args:
        occurred_at: The request's moment.
        forbids: Whether the request means that the contact must not be called.
        contact: What CXone has; a disposition from further ahead than clocks may differ counts for nothing.
        do_not_call_codes: Codes that mean that the contact must not be called.
        now: The moment of this look.
    """
    disposed_at = contact.disposed_at
    if disposed_at is None or disposed_at > now + CLOCK_TOLERANCE:
        return False
    if is_same_moment(disposed_at, occurred_at):
        # Of one moment what forbids counts.
        return not forbids and means_do_not_call(contact.outcome_code, do_not_call_codes)
    return disposed_at > occurred_at


def is_same_moment(one: datetime, other: datetime) -> bool:
    """Return True if two moments are the same as far as CXone keeps them."""
    return abs(one - other) < _SAME_MOMENT
