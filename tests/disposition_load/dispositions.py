"""The dispositions of a load test: many about each contact, each at a moment of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from disposition_load.sizes import Size
from outbound.clock import format_time
from outbound.events import Event, deterministic_id
from sandbox.world import World, agents_of, contacts_of

_CODES = ("INTERESTED", "NOT_INTERESTED", "NO_ANSWER", "BUSY", "CALLBACK_LATER")


@dataclass(frozen=True, slots=True)
class SentDisposition:
    """A disposition as it is sent."""

    campaign_id: str
    contact_id: str
    outcome_code: str
    agent_id: str
    occurred_at: str

    @property
    def notes(self) -> str:
        """Something to know it by at the other side."""
        return f"said at {self.occurred_at}"

    @property
    def data(self) -> Mapping[str, Any]:
        """What a request says."""
        callback = {"callback_date": "2026-12-24"} if self.outcome_code == "CALLBACK_LATER" else {}
        return {
            "campaign_id": self.campaign_id,
            "contact_id": self.contact_id,
            "outcome_code": self.outcome_code,
            "agent_id": self.agent_id,
            "occurred_at": self.occurred_at,
            "notes": self.notes,
            "custom_fields": {"lead_score": len(self.contact_id), **callback},
        }

    def event(self, tenant: str, correlation_id: str) -> Event:
        """Return it as a request on the bus."""
        event_id = deterministic_id(self.campaign_id, self.contact_id, self.occurred_at)
        return Event(event_id, "disposition.requested", self.occurred_at, correlation_id, tenant, self.data)


def dispositions(world: World, size: Size) -> list[SentDisposition]:
    """Return all dispositions of a load test, those of a campaign one after another."""
    random = Random(size.seed)
    # To the microsecond, so that no two are of the same moment.
    moment = datetime.now(UTC) - timedelta(hours=2)
    sent = []
    for campaign in size.campaigns:
        contacts, agents = contacts_of(world, campaign), agents_of(world, campaign)
        for _ in range(size.dispositions):
            moment += timedelta(milliseconds=37, microseconds=random.randrange(1, 999))
            chosen = random.choice(contacts), random.choice(_CODES), random.choice(agents)
            sent.append(SentDisposition(campaign, *chosen, format_time(moment)))
    return sent
