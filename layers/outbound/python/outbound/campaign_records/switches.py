"""Failovers and fail-backs: the last one of each campaign that has a backup, and whether a person holds them.

    <tenant>#failover / <primary>:  direction, leaving, taking over, decided_at, paused, ended (how, when)
                                    held (by whom, since when, why)

One is written down before its first step, in the same write that finds no hold and no other one under way. It
stays open until a tick sees that it is complete, overtaken by a newer decision, or out of time; its end
carries its fact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from outbound.clock import format_time, parse_time
from outbound.events import Event, deterministic_id, new_event
from outbound.events.facts.failovers import CampaignFailoverHeld, CampaignFailoverReleased
from outbound.steering.failover import Direction, LastSwitch
from outbound.steering.switch import Step, Switch
from outbound.steering.transitions import Target
from outbound.store.outbox import SET_FACTS, facts_values
from outbound.store.table import Item, Key, Table


@dataclass(frozen=True, slots=True)
class PersonsHold:
    """That a person keeps the failover of a campaign from happening, in either direction."""

    by: str
    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class SwitchRecord:
    """The failover or fail-back of a campaign that was decided last; `ended` is None while it is under way.

    `evidence` is what it was decided on, as its fact shows it. `refusals` say what kept it from its end.
    """

    primary_id: str
    switch: Switch
    evidence: Mapping[str, Any]
    correlation_id: str
    revision: int
    ended: Step | None = None
    ended_at: datetime | None = None
    refusals: tuple[str, ...] = ()

    @property
    def last(self) -> LastSwitch:
        """Return it as the rules see it."""
        return LastSwitch(self.switch.direction, self.switch.decided_at, self.ended is None)

    def decision_id(self, target: Target, number: int = 0) -> str:
        """Return the id of the decision to pause the one campaign or to start the other.

        Each `number` is a decision of its own: one that was refused has no effect later either.
        """
        decided_at = format_time(self.switch.decided_at)
        return deterministic_id("failover", self.primary_id, decided_at, str(target), str(number))


@dataclass(frozen=True, slots=True)
class FailoverRecord:
    """What is kept of a campaign's failover."""

    primary_id: str
    last: SwitchRecord | None = None
    hold: PersonsHold | None = None


class Switches:
    """Reads and writes the failovers of one tenant's campaigns."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep them in the state table."""
        self._table = table
        self._tenant = tenant

    def get(self, primary_id: str) -> FailoverRecord:
        """Return what is kept of a campaign's failover; of one that had none, nothing."""
        return _record(primary_id, self._table.get(self.key(primary_id)) or {})

    def all(self) -> Iterator[FailoverRecord]:
        """Return what is kept, in the order of the campaigns' ids."""
        for item in self._table.query(self.key("").pk):
            yield _record(item["sk"], item)

    def open(
        self,
        primary_id: str,
        switch: Switch,
        evidence: Mapping[str, Any],
        correlation_id: str,
        before: FailoverRecord,
    ) -> SwitchRecord | None:
        """Write down that a switch begins, before its first step.

        Args:
            primary_id: The campaign that has a backup.
            switch: What was decided.
            evidence: What it was decided on, as its fact shows it.
            correlation_id: What its events belong to.
            before: The record that it was decided by.

        Returns:
            The record; None where another one began meanwhile, or a person holds them by now.
        """
        revision = before.last.revision if before.last else 0
        unchanged = "#revision = :seen" if revision else "attribute_not_exists(#revision)"
        written = self._table.update(
            self.key(primary_id),
            "SET #direction = :direction, #leaving_id = :leaving, #taking_over_id = :taking_over,"
            " #decided_at = :decided_at, #paused = :no, #evidence = :evidence, #correlation_id = :about,"
            " #revision = :next REMOVE #ended, #ended_at, #refusals",
            {
                ":direction": str(switch.direction),
                ":leaving": switch.leaving_id,
                ":taking_over": switch.taking_over_id,
                ":decided_at": format_time(switch.decided_at),
                ":no": False,
                ":evidence": dict(evidence),
                ":about": correlation_id,
                ":next": revision + 1,
                **({":seen": revision} if revision else {}),
            },
            f"{unchanged} AND attribute_not_exists(#held)",
        )
        return _record(primary_id, written.item).last if written.done else None

    def note_paused(self, record: SwitchRecord) -> SwitchRecord:
        """Note that the first step was seen to be taken; return the record as it is."""
        values = {":yes": True, ":seen": record.revision}
        written = self._table.update(
            self.key(record.primary_id),
            "SET #paused = :yes",
            values,
            "#revision = :seen AND attribute_not_exists(#ended)",
        )
        return _record(record.primary_id, written.item).last or record

    def end(
        self,
        record: SwitchRecord,
        ended: Step,
        refusals: Sequence[str],
        facts: Sequence[Event],
        now: datetime,
    ) -> Item | None:
        """End a switch with its facts; return the item, None where another invocation has ended it."""
        written = self._table.update(
            self.key(record.primary_id),
            f"SET #ended = :ended, #ended_at = :now, #refusals = :refusals, {SET_FACTS}",
            {
                ":ended": str(ended),
                ":now": format_time(now),
                ":refusals": list(refusals),
                ":seen": record.revision,
                **facts_values(facts, now),
            },
            "#revision = :seen AND attribute_not_exists(#ended)",
        )
        return written.item if written.done else None

    def hold(self, primary_id: str, hold: PersonsHold) -> Item | None:
        """Keep a campaign's failover from happening, with the fact.

        One that is under way is completed: half of it would leave no campaign dialling.

        Returns:
            The item; None where it is held already.
        """
        since = format_time(hold.since)
        fact = CampaignFailoverHeld(campaign_id=primary_id, by=hold.by, reason=hold.reason, held_at=since)
        event = new_event(fact, self._tenant, hold.since, [primary_id, since])
        written = self._table.update(
            self.key(primary_id),
            f"SET #held = :held, {SET_FACTS}",
            {
                ":held": {"by": hold.by, "since": since, "reason": hold.reason},
                **facts_values([event], hold.since),
            },
            "attribute_not_exists(#held)",
        )
        return written.item if written.done else None

    def release(self, primary_id: str, by: str, reason: str, now: datetime) -> Item | None:
        """Let a campaign's failover happen again, with the fact.

        Args:
            primary_id: The campaign that has a backup.
            by: Who releases it.
            reason: Why.
            now: The present moment.

        Returns:
            The item; None where it is not held, or was held anew meanwhile.
        """
        hold = self.get(primary_id).hold
        if hold is None:
            return None
        since = format_time(hold.since)
        fact = CampaignFailoverReleased(
            campaign_id=primary_id, by=by, reason=reason, held_at=since, released_at=format_time(now)
        )
        event = new_event(fact, self._tenant, now, [primary_id, since])
        written = self._table.update(
            self.key(primary_id),
            f"SET {SET_FACTS} REMOVE #held",
            {":held": {"by": hold.by, "since": since, "reason": hold.reason}, **facts_values([event], now)},
            "#held = :held",
        )
        return written.item if written.done else None

    def key(self, primary_id: str) -> Key:
        """Return the key of a campaign's item."""
        return Key(f"{self._tenant}#failover", primary_id)


def _record(primary_id: str, item: Item) -> FailoverRecord:
    held = item.get("held")
    hold = PersonsHold(held["by"], parse_time(held["since"]), held["reason"]) if held else None
    return FailoverRecord(primary_id, _switch(primary_id, item) if "revision" in item else None, hold)


def _switch(primary_id: str, item: Item) -> SwitchRecord:
    switch = Switch(
        Direction(item["direction"]),
        item["leaving_id"],
        item["taking_over_id"],
        parse_time(item["decided_at"]),
        bool(item["paused"]),
    )
    return SwitchRecord(
        primary_id,
        switch,
        item["evidence"],
        item["correlation_id"],
        int(item["revision"]),
        Step(item["ended"]) if "ended" in item else None,
        parse_time(item["ended_at"]) if "ended_at" in item else None,
        tuple(item.get("refusals", ())),
    )
