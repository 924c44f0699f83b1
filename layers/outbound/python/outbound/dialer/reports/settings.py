"""What is configured about reports of the dialer; the document is `/<stack>/config/dialer_reports`."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from outbound.complaints import described

_ACTION = described(r"^[A-Za-z0-9_.:-]{1,64}$", "1 to 64 letters, digits and . _ : -")
Actions = frozenset[Annotated[str, Field(pattern=_ACTION)]]


class DialerReportSettings(BaseModel):
    """All settings of the dialer's reports."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    days_back: int = Field(
        7, ge=1, le=31, description="how far back the first report of a campaign, and of the log, begins"
    )
    settle_hours: int = Field(
        3, ge=0, le=24, description="the last hours are read again with each new one: CXone may correct them"
    )
    retry_minutes: int = Field(
        30, ge=1, le=24 * 60, description="a campaign whose report was refused is left alone for so long"
    )
    audit_page_size: int = Field(50, ge=1, le=500, description="entries of the log that one call asks for")
    audit_overlap_minutes: int = Field(
        60, ge=0, le=24 * 60, description="so far back the log is read again: entries may be recorded late"
    )
    audit_settle_minutes: float = Field(
        5,
        ge=0,
        le=60,
        description="younger entries wait: a change of our own is written down once CXone has answered",
    )
    audit_in_doubt_minutes: float = Field(
        120,
        ge=0,
        le=24 * 60,
        description="so long an entry waits at most that may be a change of our own whose answer was lost",
    )
    quiet_actions: Actions = Field(
        frozenset(
            {
                "policies.validated",
                "settings.exported",
                "settings.read",
                "settings.viewed",
                "simulator.run",
            }
        ),
        max_length=100,
        description="actions of the log that change nothing; every other one that is not ours rings",
    )

    @property
    def back(self) -> timedelta:
        """How far back a first report begins."""
        return timedelta(days=self.days_back)

    @property
    def settle(self) -> timedelta:
        """How long CXone may correct an hour."""
        return timedelta(hours=self.settle_hours)

    @property
    def retry_after(self) -> timedelta:
        """How long a campaign is left alone whose report was refused."""
        return timedelta(minutes=self.retry_minutes)

    @property
    def audit_overlap(self) -> timedelta:
        """How far back the log is read again."""
        return timedelta(minutes=self.audit_overlap_minutes)

    @property
    def audit_settle(self) -> timedelta:
        """How old an entry is before it is judged."""
        return timedelta(minutes=self.audit_settle_minutes)

    @property
    def audit_in_doubt(self) -> timedelta:
        """How long an entry waits at most."""
        return timedelta(minutes=self.audit_in_doubt_minutes)
