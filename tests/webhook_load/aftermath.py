"""What became of the load: at the other side, and in the ledger of consent."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from outbound.clock import parse_time
from outbound.store.consents import Consents, RecordedChange
from outbound.store.table import Table
from sandbox.clients import Delivery
from scenario.cast import Cast
from webhook_load.changes import REGISTERS, Change
from webhook_load.connection import DESTINATION, waiting

# What a change left in the ledger or said when it took effect: contact, register, value, moment.
Effect = tuple[str, str, str, Any]


@dataclass(slots=True)
class Aftermath:
    """What was told, and what came of it.

    `changed` and `effects` count, for every `webhook-id` that reached the other side, what was said under
    it: an id that came again counts once, a change under two ids counts twice.
    """

    told: Counter[Change]
    answers: list[list[int]]
    changed: Counter[Change]
    effects: Counter[Effect]
    noted: Counter[Effect]
    took_effect: Counter[Effect]
    standing: dict[tuple[str, str], str]
    faults: list[dict[str, Any]]
    came_again: int
    contradicted: list[str]
    refused: int
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def newest(self) -> dict[tuple[str, str], str]:
        """What every register of every contact is to say: what the newest change of it told."""
        newest = {}
        for change in sorted(self.told, key=lambda each: each.occurred_at):
            register, value = REGISTERS[change.change]
            newest[change.contact_id, register] = value
        return newest

    @property
    def figures(self) -> dict[str, Any]:
        """How much of what there was."""
        return {
            "deliveries": self.told.total(),
            "answers": dict(Counter(status for given in self.answers for status in given)),
            "changes at the other side": self.changed.total(),
            "effects at the other side": self.effects.total(),
            "came again": self.came_again,
            "faults met": sum(fault["hit"] for fault in self.faults),
            "seconds": self.seconds,
        }


class Reader:
    """Reads what became of the load, about these contacts."""

    def __init__(self, cast: Cast, contacts: Sequence[str]) -> None:
        self._cast = cast
        self._contacts = contacts
        outputs = cast.stack.outputs
        table = Table(cast.stack.client("dynamodb"), outputs["ConsentTable"])
        self._consents = Consents(table, outputs["Tenant"])

    def arrived(self) -> int:
        """Count the ids that reached the other side."""
        return len({one.webhook_id for one in self._received()})

    def recorded(self) -> int:
        """Count the changes that the ledger knows."""
        return len(self._history())

    def took_effect(self) -> int:
        """Count the changes that took effect when they were recorded."""
        return sum(each.took_effect for each in self._history())

    def nothing_is_on_its_way(self) -> bool:
        """Whether the queues that the load went through are empty, and no delivery is parked."""
        rows = self._cast.operator.run("deliveries", "list")
        parked = [row["parked"] for row in rows if row["destination"] == DESTINATION]
        return parked == [0] and waiting(self._cast.stack) == 0

    def read(self, told: Sequence[Change], answers: list[list[int]]) -> Aftermath:
        """Read everything."""
        mine = self._received()
        by_id = {one.webhook_id: json.loads(one.body or "{}") for one in mine}
        history = self._history()
        return Aftermath(
            told=Counter(told),
            answers=answers,
            changed=Counter(map(_change, _of(by_id, "consent.changed"))),
            effects=Counter(map(_effect, _of(by_id, "consent.recorded"))),
            noted=Counter(map(_noted, history)),
            took_effect=Counter(_noted(each) for each in history if each.took_effect),
            standing=self._standing(),
            faults=self._cast.receivers.faults(),
            came_again=len(mine) - len(by_id),
            contradicted=_contradicted(mine),
            refused=sum(not one.verified for one in mine),
        )

    def _received(self) -> list[Delivery]:
        received = self._cast.receivers.received(DESTINATION).deliveries
        return [one for one in received if _data(one)["contact_id"] in self._contacts]

    def _history(self) -> list[RecordedChange]:
        return [told for contact in self._contacts for told in self._consents.history(contact)]

    def _standing(self) -> dict[tuple[str, str], str]:
        return {
            (contact, register.value): standing.value.value
            for contact, consent in self._consents.get_many(self._contacts).items()
            for register, standing in consent.registers.items()
        }


def effect_of(change: Change) -> Effect:
    """Return what a change leaves in the ledger."""
    return (change.contact_id, *REGISTERS[change.change], change.occurred_at)


def _data(one: Delivery) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(one.body or "{}")["data"]
    return data


def _of(by_id: dict[str, Any], event_type: str) -> list[dict[str, Any]]:
    """Return the data of the events of a type; an event comes under its own id or not at all."""
    return [
        event["data"]
        for webhook_id, event in by_id.items()
        if event["event_type"] == event_type and event["event_id"] == webhook_id
    ]


def _change(data: dict[str, Any]) -> Change:
    return Change(data["contact_id"], data["change"], parse_time(data["occurred_at"]))


def _effect(data: dict[str, Any]) -> Effect:
    return (data["contact_id"], data["register"], data["value"], parse_time(data["occurred_at"]))


def _noted(told: RecordedChange) -> Effect:
    change = told.change
    return (change.contact_id, change.register.value, change.value.value, change.occurred_at)


def _contradicted(deliveries: Sequence[Delivery]) -> list[str]:
    """Return the ids that came with more than one body."""
    bodies: dict[str, set[str | None]] = {}
    for one in deliveries:
        bodies.setdefault(one.webhook_id, set()).add(one.body)
    return [webhook_id for webhook_id, different in bodies.items() if len(different) > 1]
