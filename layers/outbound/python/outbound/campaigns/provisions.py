"""The ledger of provisioning: one item a campaign's name, and one a key that leads to it.

    (none) --open--> requested --mark_posting--> creating --record_created--> created
                      ^    ^                      |    |                         |
                      |    `---mark_not_posted----'    `--reject--> rejected     | record_registered
                      `-----------------------------open--------------'          `--> registered

While a campaign is `creating` a request to create it may have left: the run that claims the item then looks
for the campaign by its name first. Every write of a claimed item has the claim's fence, so that a run that
was overtaken writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from outbound.campaigns.plan import CampaignPlan
from outbound.clock import format_time, parse_time
from outbound.events import Event, deterministic_id
from outbound.store.outbox import SET_FACTS, facts_values
from outbound.store.table import Item, Key, Table

_NAME, _KEY = "name#", "key#"


class ProvisionState(StrEnum):
    """How far the provisioning of a campaign has come."""

    REQUESTED = "requested"
    CREATING = "creating"
    CREATED = "created"
    REGISTERED = "registered"
    REJECTED = "rejected"


_BEFORE_POST = frozenset({ProvisionState.REQUESTED, ProvisionState.REJECTED})


@dataclass(frozen=True, slots=True)
class Provision:
    """The provisioning of one campaign, as the ledger has it."""

    name: str
    key: str
    state: ProvisionState
    fields: Mapping[str, Any]
    digest: str
    request_id: str
    requested_at: datetime
    campaign_id: str
    created_at: datetime | None
    posted_at: datetime | None
    claimed_until: float
    fence: int
    generation: int
    complaints: Sequence[str]
    item: Item

    @property
    def is_settled(self) -> bool:
        """Whether the name belongs to these fields for good: a campaign was, or may have been, created."""
        return self.state not in _BEFORE_POST

    def idempotency_key(self) -> str:
        """Return the key of the request that creates it: the same for every try until CXone refuses it."""
        return deterministic_id("provision", self.name, self.key, self.digest, str(self.generation))


class Provisions:
    """Reads and writes the ledger of one tenant."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep it in the state table."""
        self._table = table
        self._tenant = tenant

    @property
    def tenant(self) -> str:
        """Whose ledger it is."""
        return self._tenant

    def key(self, name: str) -> Key:
        """The key of the item of a campaign's name."""
        return Key(f"{self._tenant}#provision", f"{_NAME}{deterministic_id(name)}")

    def get(self, name: str) -> Provision | None:
        """Return the provisioning of a campaign of that name, or None."""
        item = self._table.get(self.key(name))
        return _provision(item) if item else None

    def name_of_key(self, key: str) -> str:
        """Return the name that a key leads to, empty where it leads to none."""
        item = self._table.get(self._key_item(key))
        return str(item["name"]) if item else ""

    def all(self) -> Iterator[Provision]:
        """Return every provisioning, in no order."""
        return map(_provision, self._table.query(self.key("").pk, _NAME))

    def open(self, plan: CampaignPlan, request_id: str, now: datetime) -> bool:
        """Take a name and a key for a plan.

        False where the key leads to another name, a campaign of the name was or may have been created, or
        another invocation is at work on it.
        """
        opened = self._table.updating(
            self.key(plan.name),
            "SET #name = :name, #key = :key, #state = :requested, #fields = :fields, #digest = :digest,"
            " #request_id = :request, #requested_at = :now REMOVE #complaints ADD #generation :one",
            {
                ":name": plan.name,
                ":key": plan.key,
                ":requested": ProvisionState.REQUESTED.value,
                ":rejected": ProvisionState.REJECTED.value,
                ":fields": plan.fields(),
                ":digest": plan.digest(),
                ":request": request_id,
                ":now": format_time(now),
                ":moment": int(now.timestamp()),
                ":one": 1,
            },
            "(attribute_not_exists(#state) OR #state IN (:requested, :rejected))"
            " AND (attribute_not_exists(#claimed_until) OR #claimed_until <= :moment)",
        )
        named = self._table.putting(
            self._key_item(plan.key),
            {"name": plan.name},
            "attribute_not_exists(#name) OR #name = :name",
            {":name": plan.name},
        )
        return self._table.transact([opened, named])

    def claim(self, provision: Provision, now: datetime, until: datetime) -> Provision | None:
        """Claim a provisioning; None where another invocation has it, or its fields are others by now."""
        written = self._table.update(
            self.key(provision.name),
            "SET #claimed_until = :until ADD #fence :one",
            {
                ":until": int(until.timestamp()),
                ":now": int(now.timestamp()),
                ":digest": provision.digest,
                ":one": 1,
            },
            "#digest = :digest AND (attribute_not_exists(#claimed_until) OR #claimed_until <= :now)",
        )
        return _provision(written.item) if written.done else None

    def release(self, provision: Provision) -> None:
        """Release a claim, if it is still the one that is held."""
        self._write(provision, "REMOVE #claimed_until", {})

    def mark_posting(self, provision: Provision, now: datetime) -> Provision | None:
        """Note that a request to create the campaign leaves now; None where the claim has passed on."""
        values = {":state": ProvisionState.CREATING.value, ":now": format_time(now)}
        return self._write(provision, "SET #state = :state, #posted_at = :now", values)

    def mark_not_posted(self, provision: Provision) -> None:
        """Note that the request had no effect, and release the claim."""
        values = {":state": ProvisionState.REQUESTED.value}
        self._write(provision, "SET #state = :state REMOVE #posted_at, #claimed_until", values)

    def record_created(self, provision: Provision, campaign_id: str, now: datetime) -> Provision | None:
        """Record the campaign that CXone created; None where the claim has passed on."""
        values = {":state": ProvisionState.CREATED.value, ":id": campaign_id, ":now": format_time(now)}
        return self._write(provision, "SET #state = :state, #campaign_id = :id, #created_at = :now", values)

    def record_registered(self, provision: Provision, fact: Event, now: datetime) -> Provision | None:
        """Record that a campaign is registered, with its fact; None where the claim has passed on."""
        values = {":state": ProvisionState.REGISTERED.value, **facts_values([fact], now)}
        return self._write(provision, f"SET #state = :state, {SET_FACTS} REMOVE #claimed_until", values)

    def reject(
        self, provision: Provision, complaints: Sequence[str], fact: Event, now: datetime
    ) -> Provision | None:
        """Record why CXone created no campaign, with the fact; None where the claim has passed on."""
        values = {":state": ProvisionState.REJECTED.value, ":complaints": list(complaints)}
        return self._write(
            provision,
            f"SET #state = :state, #complaints = :complaints, {SET_FACTS} REMOVE #claimed_until, #posted_at",
            values | facts_values([fact], now),
        )

    def _write(self, provision: Provision, expression: str, values: Item) -> Provision | None:
        values = {**values, ":fence": provision.fence}
        written = self._table.update(self.key(provision.name), expression, values, "#fence = :fence")
        return _provision(written.item) if written.done else None

    def _key_item(self, key: str) -> Key:
        return Key(f"{self._tenant}#provision", f"{_KEY}{key}")


def _provision(item: Item) -> Provision:
    return Provision(
        name=item["name"],
        key=item["key"],
        state=ProvisionState(item["state"]),
        fields=item["fields"],
        digest=item["digest"],
        request_id=item["request_id"],
        requested_at=parse_time(item["requested_at"]),
        campaign_id=item.get("campaign_id", ""),
        created_at=_moment(item, "created_at"),
        posted_at=_moment(item, "posted_at"),
        claimed_until=item.get("claimed_until", 0),
        fence=item.get("fence", 0),
        generation=item.get("generation", 0),
        complaints=item.get("complaints", ()),
        item=item,
    )


def _moment(item: Item, name: str) -> datetime | None:
    return parse_time(item[name]) if item.get(name) else None
