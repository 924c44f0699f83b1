"""Workers on the ledger of consent, interleaved call by call and cut off anywhere, as hypothesis draws it."""

from __future__ import annotations

import threading
from itertools import count
from typing import Any

import pytest
from faults import fresh
from faults.interleaving import Stepped, Turns
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outbound.consent.recorder import ConsentRecorder
from outbound.events import Bus, Event
from outbound.store.consent_slots import consent_after, consent_in
from outbound.store.consents import ConsentLedger
from outbound.store.outbox import Outbox
from worlds.aws import ENVIRONMENT
from worlds.consent import ConsentWorld, changed, message

_numbers = count()
_CHANGES = ("granted", "revoked", "do_not_call", "do_not_call_lifted", "merged")
_death = st.none() | st.tuples(st.integers(0, 10), st.booleans())
_race = st.fixed_dictionaries(
    {
        "events": st.lists(
            st.tuples(st.sampled_from(_CHANGES), st.integers(-3, 0), st.sampled_from("ls")),
            min_size=2,
            max_size=3,
        ),
        "deaths": st.lists(_death, min_size=3, max_size=3),
        "schedule": st.lists(st.integers(0, 5), max_size=40),
        "order": st.permutations(range(3)),
    }
)


def _events(race: dict[str, Any], names: dict[str, str]) -> list[Event]:
    events = []
    for number, (change, minutes, who) in enumerate(race["events"]):
        more = {"contact_id": names["s"], "merged_contact_id": names["l"]} if change == "merged" else {}
        events.append(changed(change, minutes, f"e{number}", **{"contact_id": names[who], **more}))
    return events


def _worker(
    world: ConsentWorld, turns: Turns, number: int, event: Event, dies_at: tuple[int, bool] | None
) -> threading.Thread:
    step = turns.step(number, dies_at)
    table: Any = Stepped(world.aws.table("CONSENT_TABLE"), step)
    bus: Any = Stepped(Bus(world.aws.events, ENVIRONMENT["BUS_NAME"], world.clock), step)
    ledger = ConsentLedger(table, ENVIRONMENT["TENANT"], world.clock)
    recorder = ConsentRecorder(ledger, Outbox(table, bus), bus, world.clock)

    return turns.start(number, lambda: recorder.take({"body": message(event)}))


def _state(world: ConsentWorld, names: dict[str, str]) -> Any:
    """What stands, and what was told, of both contacts; by the names that every race has."""
    known = {}
    for name, contact_id in names.items():
        consent = world.consents.get(contact_id)
        registers = {register: (one.value, one.occurred_at) for register, one in consent.registers.items()}
        told = [(one.change.value, one.change.event_id) for one in world.consents.history(contact_id)]
        known[name] = (consent.refusal, registers, told)
    return known


def _check(world: ConsentWorld, race: dict[str, Any]) -> None:
    number = next(_numbers)
    raced, calm = ({name: f"{name}{number}{how}" for name in "ls"} for how in ("r", "c"))
    events = _events(race, raced)
    turns = Turns(race["schedule"], len(events))
    threads = [_worker(world, turns, n, event, race["deaths"][n]) for n, event in enumerate(events)]
    turns.run()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    # Every message comes again, whichever worker died; then they come once more to a ledger that has rest.
    world.take(*(events[n] for n in race["order"] if n < len(events)))
    for event in _events(race, calm):
        world.take(event)

    assert _state(world, raced) == _state(world, calm)
    _check_history_and_facts(world, raced)


def _check_history_and_facts(world: ConsentWorld, names: dict[str, str]) -> None:
    world.sweep()
    said = [fact["data"] for fact in world.aws.published("consent.recorded")]
    for contact_id in names.values():
        told = list(world.consents.history(contact_id))
        own = consent_in(contact_id, world.recorder._ledger.own_state(contact_id).item, None)
        assert consent_after(contact_id, (one.change for one in told)) == own
        for one in told:
            expected = (contact_id, one.change.register, one.change.value)
            assert not one.took_effect or expected in [
                (data["contact_id"], data["register"], data["value"]) for data in said
            ]


def _races(examples: int) -> settings:
    """So many races, each in a world of its own: moto forgets nothing, and a world grows slow."""
    return settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.slow
@_races(30)
@given(race=_race)
def test_every_race_ends_as_without_a_race(race: dict[str, Any]) -> None:
    with fresh(ConsentWorld)() as world:
        _check(world, race)


@pytest.mark.load
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(4))
@_races(400)
@given(race=_race)
def test_thousands_of_races_end_as_without_a_race(part: int, race: dict[str, Any]) -> None:
    with fresh(ConsentWorld)() as world:
        _check(world, race)
