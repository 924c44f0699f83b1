"""What a campaign says of its calls: purpose, seller, subject, days and hours, caps, list and backup.

It is part of the campaign's registration, where those who judge a call of the campaign find it.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from outbound.campaign_ids import CAMPAIGN_ID
from outbound.complaints import described
from outbound.compliance.contact import Campaign, Caps, Purpose, Window
from outbound.compliance.hours import read_hours, zone

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

# No more than the calls to a contact that are remembered (`attempts`): what is forgotten caps nothing.
MOST_PER_DAY, MOST_PER_WEEK = 100, 200

_LIST_ID = described(r"^[\w.:@-]*$", "empty, or up to 128 letters, digits and . : @ - _")
_BACKUP_ID = described(rf"^(?:{CAMPAIGN_ID})?$", "empty, or 1 to 64 letters, digits, '-' and '_'")


def _day(value: object) -> object:
    """Take `Monday` and `MON` for `mon`."""
    return value[:3].lower() if isinstance(value, str) and value.strip().isalpha() else value


class DialingHours(BaseModel):
    """The campaign's own days and hours, in the zones of the called person."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    days: tuple[Annotated[Day, BeforeValidator(_day)], ...] = Field(
        ("mon", "tue", "wed", "thu", "fri"), min_length=1, max_length=7
    )
    start: str = Field("09:00", description="like 09:00; the called person's clock")
    end: str = Field("20:00", description="like 20:00; calls begin before it")

    @model_validator(mode="after")
    def _is_an_interval(self) -> Self:
        read_hours(self.start, self.end)
        return self

    def window(self) -> Window:
        """Return the hours of each day of the week."""
        hours = read_hours(self.start, self.end)
        return Window(tuple(hours if day in self.days else None for day in DAYS))


class CallingCaps(BaseModel):
    """The most calls to one person about one subject; empty means no bound of the campaign's own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    per_day: int | None = Field(None, ge=1, le=MOST_PER_DAY, strict=True)
    per_week: int | None = Field(None, ge=1, le=MOST_PER_WEEK, strict=True)

    @model_validator(mode="after")
    def _a_week_has_days(self) -> Self:
        if self.per_day is not None and self.per_week is not None and self.per_week < self.per_day:
            raise ValueError("per_week: is below per_day, so that per_day could never be reached")
        return self


class CallingProfile(BaseModel):
    """What a campaign says of its calls."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    purpose: Purpose = Purpose.TELEMARKETING
    seller: str = Field("", max_length=128, description="on whose behalf is called")
    subject: str = Field(
        "", max_length=128, description="what is offered; caps are counted per person and subject"
    )
    hours: DialingHours | None = None
    time_zone: str = Field(
        "",
        max_length=64,
        description="whose clock the campaign itself dials by: an IANA name; empty: unknown",
    )
    caps: CallingCaps = CallingCaps()
    contact_list_id: str = Field("", max_length=128, pattern=_LIST_ID)
    backup_campaign_id: str = Field("", pattern=_BACKUP_ID)
    failover_threshold: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="the success rate below which it gives way to its backup; empty: that of the settings",
    )

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        if name:
            zone(name)
        return name

    def campaign(self) -> Campaign:
        """Return the campaign as the rules see it."""
        return Campaign(
            self.purpose,
            self.seller,
            self.subject,
            self.hours.window() if self.hours else None,
            Caps(self.caps.per_day, self.caps.per_week),
        )
