"""What became of the calls of a campaign, page by page."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class OutcomeQuery:
    """Which calls are asked for: those of a campaign that started in [start, end)."""

    campaign_id: str
    start: datetime
    end: datetime
    outcome_codes: tuple[str, ...]
    page_size: int


class CallRecord(NamedTuple):
    """One call as CXone reports it, its fields named once for both APIs and not checked yet.

    Any field may be None or of a wrong type: the consumer checks it. `source` is the record as it
    came, for setting it aside.
    """

    call_id: Any
    campaign_id: Any
    disposition_code: Any
    start_time: Any
    end_time: Any
    direction: Any
    contact_id: Any
    agent_id: Any
    attributes: Mapping[str, Any]
    source: Any


class CallRecords(Sequence[CallRecord]):
    """Calls that an adapter names the fields of when they are asked for, one by one or column by column."""

    @abstractmethod
    def columns(self) -> Iterable[Sequence[Any]]:
        """Return each field of all calls, in the order of `CallRecord`."""


@dataclass(frozen=True, slots=True)
class OutcomePage:
    """One page of calls, the token of the next page (empty on the last one), and how many tries it took.

    Records that are `CallRecords` are read by columns, which is quicker.
    """

    records: Sequence[CallRecord]
    next_token: str
    tries: int


class OutcomesPort(Protocol):
    """Reads the outcomes of calls."""

    def page(self, query: OutcomeQuery, page_token: str) -> OutcomePage:
        """Return the page that a token names, the first one for an empty token.

        Pages may overlap at their borders, and a window's border may belong to both its sides: the
        caller de-duplicates by call id. Raises the errors of `outbound.cxone.errors`.
        """
