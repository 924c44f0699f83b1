"""What capabilities ask of CXone, one port per capability, without a word of how it is called.

An adapter per published API implements them (`platform`, `acd`); `surface.py` picks one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NamedTuple, Protocol


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

    Any field may be None or of a wrong type: whoever consumes it checks. `source` is the record as it
    came, for setting it aside. A tuple, because hundreds of thousands of them are made in one pull.
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


@dataclass(frozen=True, slots=True)
class OutcomePage:
    """One page of calls, the token of the next page (empty on the last one), and how many tries it took."""

    records: Sequence[CallRecord]
    next_token: str
    tries: int


class OutcomesPort(Protocol):
    """Reads the outcomes of calls."""

    def page(self, query: OutcomeQuery, page_token: str) -> OutcomePage:
        """Give the page that a token names, the first one for an empty token.

        Pages may overlap at their borders, and a window's border may belong to both its sides: the
        caller de-duplicates by call id. Raises the errors of `outbound.cxone.errors`.
        """


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact of a campaign as CXone has it: what the dialer does with it, and its last disposition.

    Empty texts and None stand for what CXone does not say.
    """

    state: str
    outcome_code: str
    disposed_at: datetime | None
    last_attempt_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewDisposition:
    """What is to be written to a contact; absolute values, so writing it twice writes it once."""

    campaign_id: str
    contact_id: str
    outcome_code: str
    agent_id: str
    occurred_at: datetime
    notes: str = field(default="", repr=False)
    custom_fields: Mapping[str, Any] = field(default_factory=dict, repr=False)


class DispositionsPort(Protocol):
    """Reads contacts and writes their dispositions. Both raise the errors of `outbound.cxone.errors`."""

    def contact(self, campaign_id: str, contact_id: str) -> Contact:
        """Give a contact as it is now. Raises NotFound where the campaign has none of that id."""

    def dispose(self, disposition: NewDisposition) -> None:
        """Write a disposition.

        Raises InvalidRequest naming the field that CXone objects to, NotFound, Conflict where the contact is
        in the dialer's hands. After any other error nobody knows whether it was written.
        """


class CampaignStatus(StrEnum):
    """Whether a campaign dials."""

    ACTIVE = "active"
    PAUSING = "pausing"
    """It is to be paused, and calls are still under way."""

    PAUSED = "paused"
    OTHER = "other"
    """Something that is neither: CXone has states that no document names."""


class CampaignsPort(Protocol):
    """Reads and steers campaigns. All raise the errors of `outbound.cxone.errors`."""

    def status(self, campaign_id: str) -> CampaignStatus:
        """Give a campaign's status. Raises NotFound where there is none of that id."""

    def pause(self, campaign_id: str) -> CampaignStatus:
        """Ask for a pause and give the status then: it may take its time. Asking twice asks once."""

    def resume(self, campaign_id: str) -> CampaignStatus:
        """Ask a campaign to dial again and give the status then. Asking twice asks once."""


class Attempt(NamedTuple):
    """One completed contact attempt as CXone lists it, its fields named once and not checked yet.

    Any field may be None or of a wrong type: whoever consumes it checks. `source` is the record as it came.
    """

    attempt_id: Any
    contact_id: Any
    outcome_code: Any
    disposition: Any
    duration: Any
    anonymised: Any
    retention_days: Any
    source: Any


class Archivable(NamedTuple):
    """An attempt that is to be archived, every field checked."""

    attempt_id: str
    contact_id: str
    outcome_code: str
    disposition: str
    duration_seconds: int
    retention_days: int


@dataclass(frozen=True, slots=True)
class ArchiveOrder:
    """Attempts of one campaign that are to leave it together, all of them anonymised."""

    campaign_id: str
    attempts: Sequence[Archivable]
    delete_active: bool
    force_cold_storage: bool


@dataclass(frozen=True, slots=True)
class Archived:
    """What CXone said about an order: how many, never which. In progress, they leave the list later."""

    archived: int
    failed: int
    migration_job_id: str
    in_progress: bool


class AttemptsPort(Protocol):
    """Lists completed attempts and archives them. Both raise the errors of `outbound.cxone.errors`."""

    def page(self, campaign_id: str, limit: int, offset: int) -> Sequence[Attempt]:
        """Give a page of what a campaign's list of completed attempts is at this moment.

        Fewer than `limit` are the last ones. The list changes while it is read: it shrinks by what is
        archived, and new attempts come first.
        """

    def archive(self, order: ArchiveOrder) -> Archived:
        """Archive attempts.

        Raises Conflict where the campaign is not paused, and InvalidRequest naming the field that CXone
        objects to. After Unavailable nobody knows which were archived: list them before trying again.
        """


Topic = Literal["campaigns", "dialer"]
"""What CXone can tell by webhook: campaigns' metrics and states, the dialer's settings and activations."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A webhook as it should be registered: everything of a topic goes to `url`, proved by `secret`.

    CXone gives ids of its own, so the name is what it is known by. `source` marks what it sends.
    """

    name: str
    topic: Topic
    url: str
    source: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A webhook that is registered, and whether all that CXone shows of it is as it should be.

    CXone does not show every secret, so one that it hides may be another.
    """

    subscription_id: str
    as_wanted: bool


class SubscriptionsPort(Protocol):
    """Reads and changes which webhooks CXone sends. All raise the errors of `outbound.cxone.errors`."""

    def find(self, wanted: Subscription) -> Sequence[Subscribed]:
        """Give those that are registered under the name of `wanted` for its topic, in CXone's order."""

    def register(self, wanted: Subscription) -> str:
        """Register a webhook and give its id.

        Raises Unavailable where nobody knows whether it was registered: find it before trying again.
        """

    def replace(self, subscription_id: str, wanted: Subscription) -> None:
        """Make a registered webhook as wanted."""

    def remove(self, subscription_id: str, topic: Topic) -> None:
        """Take a webhook away; one that is not there is away already."""
