"""The registry of campaigns: which are pulled, how, and up to when their pulls are planned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from outbound.clock import format_time, parse_time
from outbound.events import Event
from outbound.store.outbox import SET_FACTS, facts_values
from outbound.store.table import Item, Key, Table


@dataclass(frozen=True, slots=True)
class Campaign:
    """A registered campaign.

    `planned_until` is the watermark: every window before it has a job. `plan_revision` grows with every
    plan, so that two planners cannot both plan from the same state.
    """

    campaign_id: str
    name: str
    outcome_codes: tuple[str, ...]
    page_size: int
    start: datetime | None
    enabled: bool
    revision: int
    planned_until: datetime | None
    plan_revision: int
    calling: Mapping[str, Any] = field(default_factory=dict)
    """What it says of its calls, the fields of `outbound.calling.profile`; empty where it says nothing."""


class Registry:
    """Reads and writes the campaigns of one tenant."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep the registry in the state table."""
        self._table = table
        self._tenant = tenant

    def get(self, campaign_id: str) -> Campaign | None:
        """Return a campaign, or None where it is not registered."""
        item = self._table.get(self.key(campaign_id))
        return _campaign(item) if item and not item.get("removed") else None

    def revision(self, campaign_id: str) -> int:
        """Return the revision that the next write replaces: 0 where the campaign was never registered."""
        item = self._table.get(self.key(campaign_id))
        return int(item.get("revision", 0)) if item else 0

    def all(self) -> Iterator[Campaign]:
        """Return all campaigns in the order of their ids."""
        for item in self._table.query(self.key("").pk):
            if not item.get("removed"):
                yield _campaign(item)

    def register(
        self, campaign_id: str, fields: Mapping[str, Any], revision: int, fact: Event, now: datetime
    ) -> Item | None:
        """Write a registration together with its fact, if it replaces the given revision (0: none).

        Gives the item as written, or None where another invocation changed it meanwhile.
        """
        sets = ", ".join(f"#{name} = :{name}" for name in fields)
        values = {f":{name}": value for name, value in fields.items()}
        written = self._table.update(
            self.key(campaign_id),
            f"SET {sets}, #campaign_id = :id, #revision = :next, {SET_FACTS} REMOVE #removed",
            {
                **values,
                ":id": campaign_id,
                ":next": revision + 1,
                **facts_values([fact], now),
                **_known("revision", revision),
            },
            _unchanged("revision", revision),
        )
        return written.item if written.done else None

    def remove(self, campaign: Campaign, fact: Event, now: datetime) -> Item | None:
        """Take a campaign out together with its fact, if it is still as it was read.

        The item stays as a mark that carries the fact. Without a watermark a campaign that is registered
        again begins like a new one; a planner that read it before cannot move the watermark any more. Returns
        the item as written, or None where it was changed meanwhile.
        """
        written = self._table.update(
            self.key(campaign.campaign_id),
            f"SET #removed = :yes, #revision = :next, #plan_revision = :plan, {SET_FACTS}"
            " REMOVE #planned_until",
            {
                ":yes": True,
                ":next": campaign.revision + 1,
                ":plan": campaign.plan_revision + 1,
                **facts_values([fact], now),
                **_known("revision", campaign.revision),
            },
            _unchanged("revision", campaign.revision),
        )
        return written.item if written.done else None

    def planning(
        self, campaign: Campaign, planned_until: datetime | None, facts: Sequence[Event], now: datetime
    ) -> Item:
        """Make the write that moves the watermark, to go into the same transaction as the jobs before it."""
        sets = "SET #plan_revision = :next"
        condition = _unchanged("plan_revision", campaign.plan_revision)
        values: Item = {":next": campaign.plan_revision + 1} | _known("plan_revision", campaign.plan_revision)
        if planned_until:
            sets += ", #planned_until = :until"
            values[":until"] = format_time(planned_until)
        if facts:
            sets += f", {SET_FACTS}"
            values |= facts_values(facts, now)
        return self._table.updating(self.key(campaign.campaign_id), sets, values, condition)

    def key(self, campaign_id: str) -> Key:
        """The key of a campaign's item."""
        return Key(f"{self._tenant}#campaign", campaign_id)


def registration_fields(
    name: str,
    outcome_codes: Sequence[str],
    page_size: int,
    start: datetime | None,
    enabled: bool,
    calling: Mapping[str, Any] | None = None,
) -> Item:
    """Return the attributes that a registration consists of."""
    return {
        "name": name,
        "outcome_codes": list(outcome_codes),
        "page_size": page_size,
        "start": format_time(start) if start else "",
        "enabled": enabled,
        "calling": dict(calling or {}),
    }


def _unchanged(name: str, revision: int) -> str:
    """The condition that a revision is still the one that was read; 0 means that there was none."""
    return f"#{name} = :{name}" if revision else f"attribute_not_exists(#{name})"


def _known(name: str, revision: int) -> Item:
    return {f":{name}": revision} if revision else {}


def _campaign(item: Item) -> Campaign:
    return Campaign(
        campaign_id=item["sk"],
        name=item.get("name", ""),
        outcome_codes=tuple(item.get("outcome_codes", ())),
        page_size=int(item.get("page_size", 1000)),
        start=parse_time(item["start"]) if item.get("start") else None,
        enabled=bool(item.get("enabled", True)),
        revision=int(item.get("revision", 0)),
        planned_until=parse_time(item["planned_until"]) if item.get("planned_until") else None,
        plan_revision=int(item.get("plan_revision", 0)),
        calling=item.get("calling", {}),
    )
