"""The types of fields that several models share: each is read and written in one way."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, PlainSerializer, StringConstraints

from outbound.campaign_ids import CAMPAIGN_ID
from outbound.clock import format_time, parse_time
from outbound.complaints import described
from outbound.contact_ids import read_contact_id
from outbound.do_not_call import LONGEST_SOURCE, PACKAGED_CODES, means_do_not_call
from outbound.moments import NoMoment, moment_in

MIN_RETENTION_DAYS, MAX_RETENTION_DAYS = 1, 3650
"""How long archived attempts may be kept: cold storage has no class for longer."""


# However it is written: between its digits stand blanks and a few marks.
_NUMBER = re.compile(r"[0-9]{4}|\+?\(?[0-9](?:[ ./()-]{0,2}[0-9]){6,14}", re.ASCII)
_ONE_LINE = described(r"^[^\x00-\x1f\x7f]*$", "a text of one line")


def as_text(value: object) -> object:
    """Return a whole number as its text: CRMs number what they count, so an id may come as a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _contact_id(value: object) -> str:
    contact_id = read_contact_id(value)
    if not contact_id:
        raise ValueError("must be a contact's id: up to 128 characters without blanks")
    return contact_id


def _moment(value: object) -> datetime:
    try:
        return moment_in(value)
    except NoMoment as wrong:
        raise ValueError(str(wrong)) from None


def _stated_time(value: object) -> datetime:
    """Take a text only: a bare number could count seconds or milliseconds."""
    try:
        return parse_time(value if isinstance(value, str) else "")
    except ValueError:
        # The parser's own message quotes the value, and a sender may have put anything there.
        raise ValueError("must be a time with an offset; write one like 2026-01-31T08:00:00Z") from None


def _number_end(value: object) -> str:
    """Return the last four digits of a phone number; those alone are taken as they are."""
    text = as_text(value)
    if not isinstance(text, str) or not _NUMBER.fullmatch(text.strip()):
        raise ValueError("must be a phone number, or its last four digits")
    return "".join(filter(str.isdigit, text))[-4:]


def _outcome_code(text: str) -> str:
    """Write a disposition as codes are written: `Not interested` is NOT_INTERESTED."""
    for code in sorted(PACKAGED_CODES):
        if means_do_not_call(text, {code}):
            return code
    return text.strip().upper().replace(" ", "_").replace("-", "_")


_TIME = PlainSerializer(format_time, return_type=str)

_ID = described(r"^[\w.:@-]+$", "1 to 128 letters, digits and . : @ - _")
_CAMPAIGN_ID = described(rf"^{CAMPAIGN_ID}$", "1 to 64 letters, digits, '-' and '_'")
_CODE = described(r"^[A-Z0-9_]{2,40}$", "2 to 40 capital letters, digits and '_'")
_ATTRIBUTE = described(
    r"^[A-Za-z]\w*(\.\w+)*$", "a name of letters, digits and '_', parts with '.' between them"
)
_WORD = r"[\w.:@+/-]+"
_ATTRIBUTE_VALUE = described(rf"^{_WORD}( {_WORD})*$", "letters, digits, . : @ + / - _ and single blanks")

Id = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=_ID), BeforeValidator(as_text)]
CampaignId = Annotated[str, StringConstraints(pattern=_CAMPAIGN_ID)]
SentCampaignId = Annotated[CampaignId, BeforeValidator(as_text)]
ContactId = Annotated[str, BeforeValidator(_contact_id)]
Code = Annotated[str, StringConstraints(pattern=_CODE)]
"""The code of an outcome or a disposition as CXone has it; the settings say which ones a tenant has."""
OutcomeCode = Annotated[str, Field(max_length=64), AfterValidator(_outcome_code), Field(pattern=_CODE)]
"""Such a code however a sender spells it."""
AttributeName = Annotated[str, StringConstraints(max_length=64, pattern=_ATTRIBUTE)]
"""The name of a contact's attribute at CXone, which becomes part of a query."""
AttributeValue = Annotated[
    str, BeforeValidator(as_text), StringConstraints(max_length=128, pattern=_ATTRIBUTE_VALUE)
]
"""The value of an attribute; what has a meaning in CXone's queries cannot be part of it."""
Source = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_SOURCE, strict=True)
]
Seller = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=128, strict=True, pattern=_ONE_LINE),
]
Evidence = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, strict=True, pattern=_ONE_LINE),
    BeforeValidator(as_text),
]
NumberEnd = Annotated[str, BeforeValidator(_number_end)]
RetentionDays = Annotated[int, Field(ge=MIN_RETENTION_DAYS, le=MAX_RETENTION_DAYS)]
Time = Annotated[AwareDatetime, _TIME]
StatedTime = Annotated[datetime, BeforeValidator(_stated_time), _TIME]
"""A time that decides an order: a text with an offset and nothing else."""
Moment = Annotated[datetime, BeforeValidator(_moment), _TIME]
"""A time as senders write it: ISO 8601, or Unix time in seconds or milliseconds."""
