"""Campaigns: whether one dials, the orders that pause and resume it, and creating new ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from typing import Protocol


class CampaignStatus(StrEnum):
    """Whether a campaign dials."""

    ACTIVE = "active"
    PAUSING = "pausing"
    """It is to be paused, and calls are still under way."""

    PAUSED = "paused"
    OTHER = "other"
    """Something that is neither: CXone has states that no document names."""


@dataclass(frozen=True, slots=True)
class Pacing:
    """How a predictive dialer paces itself.

    `answer_ratio` and `abandonment_threshold` are shares from 0 to 1; `call_rate` counts as CXone does.
    """

    answer_ratio: float
    max_calls_in_flight: int
    call_rate: float
    abandonment_threshold: float


@dataclass(frozen=True, slots=True)
class DialingWindow:
    """When a campaign dials, by its zone's clock: on `days` (mon to sun), from `start` on and before `end`.

    An end of midnight is the end of the day.
    """

    time_zone: str
    days: tuple[str, ...]
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class CallLimits:
    """The most calls: to one contact a day and a week, and of the campaign a day; None bounds nothing."""

    per_contact_per_day: int | None = None
    per_contact_per_week: int | None = None
    per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Failover:
    """When a campaign is to give way to its backup: a rate below a threshold, over a window."""

    enabled: bool
    threshold_type: str
    threshold_value: float
    window_minutes: int


@dataclass(frozen=True, slots=True)
class NewCampaign:
    """A predictive campaign that is to be created, paused."""

    name: str
    description: str
    contact_list_id: str
    queue_id: str
    pacing: Pacing
    window: DialingWindow
    limits: CallLimits
    failover: Failover | None = None


@dataclass(frozen=True, slots=True)
class CampaignRecord:
    """A campaign as CXone has it. Empty texts stand for what CXone does not say.

    `status_name` is CXone's own word for its status; `version` changes with every change of the campaign.
    """

    campaign_id: str
    name: str
    status: CampaignStatus
    status_name: str
    contact_list_id: str = ""
    queue_id: str = ""
    version: str = ""
    calls_under_way: int | None = None
    """None where CXone does not say."""


class CampaignsPort(Protocol):
    """Reads, creates and steers campaigns. All raise the errors of `outbound.cxone.errors`."""

    def status(self, campaign_id: str) -> CampaignStatus:
        """Return a campaign's status. Raises NotFound where there is none of that id."""

    def pause(self, campaign_id: str) -> CampaignStatus:
        """Ask for a pause and return the status then: it may take its time. Asking twice asks once."""

    def resume(self, campaign_id: str) -> CampaignStatus:
        """Ask a campaign to dial again and return the status then. Asking twice asks once."""

    def set_state(self, campaign_id: str, status: CampaignStatus, idempotency_key: str) -> None:
        """Ask a campaign to be ACTIVE or PAUSED; what it does then is to be read.

        Every try of one request has the same key, another request another one. Raises Conflict where it
        cannot be done in the state that the campaign is in, which may be the one that was asked for.
        """

    def read(self, campaign_id: str) -> CampaignRecord:
        """Return a campaign. Raises NotFound where there is none of that id."""

    def find(self, name: str) -> Sequence[CampaignRecord]:
        """Return every campaign of exactly that name, from a reading that was whole."""

    def create(self, campaign: NewCampaign, idempotency_key: str) -> CampaignRecord:
        """Create a campaign, paused, and return it.

        Every try of one request has the same key, another request another one. Raises InvalidRequest naming
        the field that CXone objects to. Where the error is `in_doubt` the campaign may have been created, or
        may still be: find it before trying again.
        """
