"""Registering a campaign: from then on its outcomes are pulled."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from outbound.clock import Clock
from outbound.events import EventType, new_event
from outbound.store.outbox import Outbox
from outbound.store.registry import Registry, registration_fields

CampaignId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
OutcomeCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9_]{2,40}$")]

# Two operators who register the same campaign in the same moment: one of them reads again.
_TRIES = 5


class Registration(BaseModel):
    """What an operator says about a campaign; a wrong field is refused with its name."""

    model_config = ConfigDict(extra="forbid")

    campaign_id: CampaignId
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    outcome_codes: list[OutcomeCode] = Field(default=[], max_length=200, description="empty: all codes")
    page_size: int = Field(1000, ge=1, le=5000)
    start: AwareDatetime | None = Field(None, description="pull from here on; empty: from 7 days ago")
    enabled: bool = True


class RegistrationConflict(Exception):
    """The campaign's registration kept changing while it was being written."""


class Registrar:
    """Writes registrations and says so on the bus."""

    def __init__(self, registry: Registry, outbox: Outbox, tenant: str, clock: Clock) -> None:
        """Register campaigns of one tenant."""
        self._registry = registry
        self._outbox = outbox
        self._tenant = tenant
        self._clock = clock

    def register(self, registration: Registration) -> int:
        """Register a campaign, or change its registration, and give the registration's revision.

        A registration that says what is registered already changes nothing.
        """
        fields = registration_fields(
            registration.name,
            registration.outcome_codes,
            registration.page_size,
            registration.start,
            registration.enabled,
        )
        for _ in range(_TRIES):
            current = self._registry.get(registration.campaign_id)
            if current and fields == registration_fields(
                current.name, current.outcome_codes, current.page_size, current.start, current.enabled
            ):
                return current.revision
            revision = current.revision if current else 0
            if self._write(registration, fields, revision, self._clock.now()):
                return revision + 1
            self._outbox.publish_left(self._registry.key(registration.campaign_id))
        raise RegistrationConflict(
            f"the registration of {registration.campaign_id} keeps changing; try again"
        )

    def _write(
        self, registration: Registration, fields: dict[str, object], revision: int, now: datetime
    ) -> bool:
        campaign_id = registration.campaign_id
        data = {"campaign_id": campaign_id, "revision": revision + 1, "enabled": registration.enabled}
        effect = [campaign_id, str(revision + 1)]
        fact = new_event(EventType.CAMPAIGN_REGISTERED, self._tenant, now, effect, data)
        item = self._registry.register(campaign_id, fields, revision, fact, now)
        if item is None:
            return False
        self._outbox.publish(self._registry.key(campaign_id), item)
        return True
