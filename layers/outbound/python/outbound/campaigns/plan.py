"""A campaign as it is to be provisioned: what CXone is given, and what the registry keeps."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import time
from typing import Any

from outbound.calling.profile import CallingCaps, CallingProfile, Day, DialingHours
from outbound.compliance.contact import Purpose
from outbound.cxone.ports.campaigns import CallLimits, DialingWindow, Failover, NewCampaign, Pacing
from outbound.events import deterministic_id

_NOT_IN_A_KEY = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Hours:
    """Days and hours as they were read: `time(0)` as the end is the end of the day."""

    days: tuple[Day, ...]
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class PlanCaps:
    """The most calls to a person a day and a week, and of the campaign a day; None bounds nothing."""

    per_day: int | None = None
    per_week: int | None = None
    campaign_per_day: int | None = None


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """A campaign that may be provisioned: every field checked."""

    name: str
    key: str
    purpose: Purpose
    seller: str
    subject: str
    description: str
    contact_list_id: str
    queue_id: str
    time_zone: str
    pacing: Pacing
    hours: Hours
    caps: PlanCaps
    failover: Failover | None
    backup_campaign_id: str
    states: tuple[str, ...]

    def to_cxone(self) -> NewCampaign:
        """Return the campaign as CXone is to create it."""
        hours, caps = self.hours, self.caps
        return NewCampaign(
            self.name,
            self.description,
            self.contact_list_id,
            self.queue_id,
            self.pacing,
            DialingWindow(self.time_zone, hours.days, hours.start, hours.end),
            CallLimits(caps.per_day, caps.per_week, caps.campaign_per_day),
            self.failover,
        )

    def profile(self) -> CallingProfile:
        """Return what the registry keeps of its calls."""
        hours = self.hours
        end = "24:00" if hours.end == time(0) else f"{hours.end:%H:%M:%S}"
        return CallingProfile(
            purpose=self.purpose,
            seller=self.seller,
            subject=self.subject,
            hours=DialingHours(days=hours.days, start=f"{hours.start:%H:%M:%S}", end=end),
            time_zone=self.time_zone,
            caps=CallingCaps(per_day=self.caps.per_day, per_week=self.caps.per_week),
            contact_list_id=self.contact_list_id,
            backup_campaign_id=self.backup_campaign_id,
            failover_threshold=self.failover.threshold_value if self.failover else None,
        )

    def fields(self) -> dict[str, Any]:
        """Return what tells one plan from another of the same name, as JSON has it."""
        fields = {name: value for name, value in asdict(self).items() if name != "key"}
        hours = {"start": self.hours.start.isoformat(), "end": self.hours.end.isoformat()}
        fields["hours"] |= hours
        plain: dict[str, Any] = json.loads(json.dumps(fields))
        return plain

    def digest(self) -> str:
        """Return what is the same for the same fields, in whatever order and form they were written."""
        return deterministic_id(json.dumps(self.fields(), sort_keys=True))


def derived_key(name: str) -> str:
    """Return the key of a plan that names none: readable, and another one for every name."""
    words = _NOT_IN_A_KEY.sub("-", name.lower()).strip("-")[:48].strip("-")
    return f"{words or 'campaign'}-{deterministic_id(name)[:8]}"
