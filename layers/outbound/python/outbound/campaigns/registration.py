"""Registering a campaign: from then on its outcomes are pulled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
)

from outbound.calling.profile import CallingProfile
from outbound.clock import Clock
from outbound.events import new_event
from outbound.events.facts.campaigns import CampaignRegistered, CampaignRemoved
from outbound.events.fields import CampaignId, Code
from outbound.settings import merged
from outbound.store.outbox import Outbox
from outbound.store.registry import Campaign, Registry, registration_fields
from outbound.store.table import Item

# Two operators who register the same campaign in the same moment: one of them reads again.
_TRIES = 5


def _whole_seconds(moment: datetime) -> datetime:
    """Windows begin at whole seconds, in UTC."""
    try:
        return moment.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        raise ValueError("lies outside of the years 1 to 9999 in UTC") from None


Start = Annotated[AwareDatetime, AfterValidator(_whole_seconds)]


class Registration(BaseModel):
    """What an operator says about a campaign; a wrong field is refused with its name."""

    model_config = ConfigDict(extra="forbid")

    campaign_id: CampaignId
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    outcome_codes: list[Code] = Field(default=[], max_length=200, description="empty: all codes")
    page_size: int = Field(1000, ge=1, le=5000, strict=True)
    start: Start | None = Field(
        None, description="the first window begins here; empty: 7 days ago. Later, ask for a backfill"
    )
    enabled: StrictBool = True
    calling: CallingProfile | None = Field(None, description="what the campaign says of its calls")

    def fields(self) -> Item:
        """Return what is stored; the order in which codes are named means nothing."""
        codes = sorted(set(self.outcome_codes))
        calling = self.calling.model_dump(mode="json", exclude_none=True) if self.calling else None
        return registration_fields(self.name, codes, self.page_size, self.start, self.enabled, calling)


class RegistrationConflict(Exception):
    """The campaign's registration kept changing while it was being written."""


class NotRegistered(ValueError):
    """There is no such campaign in the registry."""

    def __init__(self, campaign_id: str) -> None:
        """Name the campaign, and what to type."""
        super().__init__(f"{campaign_id} is not registered; use: outbound campaigns register {campaign_id}")


def _conflict(campaign_id: str) -> RegistrationConflict:
    return RegistrationConflict(f"the registration of {campaign_id} keeps changing; try again")


class Registrar:
    """Writes registrations and says so on the bus."""

    def __init__(self, registry: Registry, outbox: Outbox, tenant: str, clock: Clock) -> None:
        """Register campaigns of one tenant."""
        self._registry = registry
        self._outbox = outbox
        self._tenant = tenant
        self._clock = clock

    def register(self, registration: Registration) -> int:
        """Register a campaign, or change its registration, and return the registration's revision.

        A registration that says what is registered already changes nothing. Raises RegistrationConflict
        where others keep changing it at the same moment.
        """
        return self._settled(registration.campaign_id, lambda _: registration)

    def change(self, campaign_id: str, changes: Mapping[str, Any], *, new: bool) -> int:
        """Change what is named of a registration and leave the rest; return the registration's revision.

        Args:
            campaign_id: the campaign's id in CXone.
            changes: fields of `Registration` by name; of `calling` those that are named, None for a default.
            new: whether the campaign may be registered by this; its name is then its id unless given.

        Raises:
            NotRegistered: there is no such campaign, and `new` is false.
            ValidationError: a field is wrong.
            RegistrationConflict: others keep changing it at the same moment.
        """

        def changed(current: Campaign | None) -> Registration:
            if current is None and not new:
                raise NotRegistered(campaign_id)
            known: dict[str, Any] = _fields(current) if current else {"name": campaign_id}
            known["start"] = known.get("start") or None
            known["calling"] = known.get("calling") or None
            return Registration(**{"campaign_id": campaign_id, **known, **_merged(known, changes)})

        return self._settled(campaign_id, changed)

    def remove(self, campaign_id: str) -> None:
        """Take a campaign out of the registry, with its fact; what was pulled of it stays.

        Raises NotRegistered, and RegistrationConflict where others keep changing it at the same moment.
        """
        for _ in range(_TRIES):
            current = self._registry.get(campaign_id)
            if current is None:
                raise NotRegistered(campaign_id)
            now, revision = self._clock.now(), current.revision + 1
            removed = CampaignRemoved(campaign_id=campaign_id, revision=revision)
            fact = new_event(removed, self._tenant, now, [campaign_id, str(revision)])
            item = self._registry.remove(current, fact, now)
            if item is not None:
                self._outbox.publish_or_leave(self._registry.key(campaign_id), item)
                return
        raise _conflict(campaign_id)

    def _settled(self, campaign_id: str, changed: Callable[[Campaign | None], Registration]) -> int:
        """Write what is made of the current registration, again while another writer was faster."""
        for _ in range(_TRIES):
            current = self._registry.get(campaign_id)
            registration = changed(current)
            if current and registration.fields() == _fields(current):
                return current.revision
            revision = current.revision if current else self._registry.revision(campaign_id)
            if self._write(registration, revision):
                return revision + 1
        raise _conflict(campaign_id)

    def _write(self, registration: Registration, revision: int) -> bool:
        """Write the revision after this one, with its fact; False where another writer has."""
        now, campaign_id = self._clock.now(), registration.campaign_id
        registered = CampaignRegistered(
            campaign_id=campaign_id, revision=revision + 1, enabled=registration.enabled
        )
        fact = new_event(registered, self._tenant, now, [campaign_id, str(revision + 1)])
        item = self._registry.register(campaign_id, registration.fields(), revision, fact, now)
        if item is not None:
            self._outbox.publish_or_leave(self._registry.key(campaign_id), item)
        return item is not None


def _merged(known: Mapping[str, Any], changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return changes in which what is named of the calling profile is laid over the profile as it is."""
    calling = changes.get("calling")
    if not isinstance(calling, Mapping):
        return changes
    return {**changes, "calling": merged(known["calling"] or {}, calling)}


def _fields(campaign: Campaign) -> Item:
    return registration_fields(
        campaign.name,
        campaign.outcome_codes,
        campaign.page_size,
        campaign.start,
        campaign.enabled,
        campaign.calling,
    )
