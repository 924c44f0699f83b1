"""What is configured about steering campaigns; the document is `/<stack>/config/campaigns`."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from outbound.abandonment_limit import LIMIT
from outbound.complaints import described

_CODE = described(r"^[A-Z0-9_]{2,40}$", "2 to 40 capital letters, digits and '_'")
Codes = frozenset[Annotated[str, Field(pattern=_CODE)]]


class FailoverSettings(BaseModel):
    """When a campaign gives way to its backup, and when it takes over again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(True, description="whether campaigns that have a backup fail over to it")
    threshold: float = Field(
        0.15,
        gt=0,
        lt=1,
        description="the success rate below which a campaign that names none itself fails over",
    )
    min_calls: int = Field(
        50,
        ge=16,
        le=100_000,
        description="a window with fewer calls proves nothing; 16 is the least that can",
    )
    windows: int = Field(
        3,
        ge=2,
        le=12,
        description="windows in a row, none overlapping another by more than half, that have to agree where"
        " CXone names no number of calls",
    )
    window_minutes: int = Field(
        30, ge=1, le=240, description="the length of the windows that CXone is asked for"
    )
    cool_down_minutes: float = Field(
        60,
        ge=0.1,
        le=24 * 60,
        description="so long after a failover or a fail-back there is not another one; below half an hour"
        " only in a test, since calls that move back and forth cost more than a bad rate",
    )
    fail_back: bool = Field(
        False, description="whether the campaign takes over again once its recovery is proven"
    )
    stale_after_minutes: float = Field(
        10, ge=0.1, le=24 * 60, description="metrics that are older trigger nothing, and ring"
    )
    complete_within_minutes: float = Field(
        30,
        ge=0.1,
        le=24 * 60,
        description="a failover that is half done for so long is ended as failed, and rings",
    )

    @model_validator(mode="after")
    def _ends_before_the_next(self) -> Self:
        if self.complete_within_minutes > self.cool_down_minutes:
            raise ValueError("complete_within_minutes: is above cool_down_minutes, so that two could overlap")
        return self

    @property
    def cool_down(self) -> timedelta:
        """How long after one failover there is not another."""
        return timedelta(minutes=self.cool_down_minutes)

    @property
    def stale_after(self) -> timedelta:
        """From which age on metrics say nothing of the present."""
        return timedelta(minutes=self.stale_after_minutes)

    @property
    def complete_within(self) -> timedelta:
        """How long a failover may be half done."""
        return timedelta(minutes=self.complete_within_minutes)


class AbandonmentSettings(BaseModel):
    """How abandoned calls are counted, and from which share on an alarm rings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    abandoned_codes: Codes = Field(
        frozenset({"ABANDONED"}), max_length=50, description="outcomes of calls that were abandoned"
    )
    answered_codes: Codes = Field(
        frozenset(
            {
                "APPOINTMENT_SET",
                "CALLBACK_LATER",
                "CALLBACK_REQUESTED",
                "CONVERTED",
                "DO_NOT_CALL",
                "INTERESTED",
                "NOT_INTERESTED",
                "SURVEY_TAKEN",
                "WRONG_NUMBER",
            }
        ),
        max_length=200,
        description="outcomes of calls that a person answered, beside the abandoned ones; a code that is"
        " missing here makes the share look higher than it is, never lower",
    )
    alarm_share: float = Field(
        0.025, gt=0, lt=LIMIT, description=f"of the calls that were answered; the limit itself is {LIMIT:g}"
    )
    min_answered: int = Field(
        100,
        ge=1,
        le=100_000,
        description="with fewer answered calls it rings only where three or more were abandoned and the"
        " share is proven to be above the limit",
    )


class MonitorSettings(BaseModel):
    """How campaigns are looked at."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    calls_per_tick: int = Field(
        60,
        ge=10,
        le=1000,
        description="the most calls of CXone in a minute's tick; the quota `campaigns` is shared with others",
    )


class SteeringSettings(BaseModel):
    """All settings of following campaigns, of failover and of abandonment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    failover: FailoverSettings = Field(
        FailoverSettings(), description="when a campaign gives way to its backup"
    )
    abandonment: AbandonmentSettings = Field(
        AbandonmentSettings(), description="how abandoned calls are counted"
    )
    monitor: MonitorSettings = Field(MonitorSettings(), description="how campaigns are looked at")
