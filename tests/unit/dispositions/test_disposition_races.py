"""Workers on one contact, interleaved call by call and cut off anywhere, as hypothesis draws it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from faults import fresh
from faults.interleaving import Stepped, Turns
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from outbound.clock import Deadline
from outbound.cxone.errors import Unavailable
from outbound.cxone.ports.dispositions import NewDisposition
from outbound.dispositions.applier import Applier
from outbound.dispositions.facts import DispositionFacts
from outbound.dispositions.ledger import DispositionLedger
from outbound.events import Bus, Event
from outbound.store.outbox import Outbox
from sandbox.running import Tenant
from worlds.aws import ENVIRONMENT
from worlds.dispositions import DispositionWorld, message

_numbers = count()
_CODES = ("DO_NOT_CALL", "INTERESTED", "NO_ANSWER")


class LosingPort:
    """CXone, which takes a worker's first write, gives no answer, and has it a few calls of others later."""

    def __init__(self, inner: Any, lost: list[Callable[[], None]]) -> None:
        self._inner = inner
        self._lost: list[Callable[[], None]] | None = lost
        self.contact = inner.contact

    def dispose(self, disposition: NewDisposition) -> None:
        if self._lost is None:
            self._inner.dispose(disposition)
            return
        self._lost.append(lambda: self._inner.dispose(disposition))
        self._lost = None
        error = Unavailable("no whole answer")
        error.in_doubt = True
        raise error


def _worker(
    world: DispositionWorld,
    turns: Turns,
    number: int,
    event: Event,
    dies_at: tuple[int, bool] | None,
    port: Any,
) -> threading.Thread:
    step = turns.step(number, dies_at)
    table = Stepped(world.aws.table(), step)
    bus: Any = Stepped(Bus(world.aws.events, ENVIRONMENT["BUS_NAME"], world.clock), step)
    applier = Applier(
        Stepped(port, step),  # type: ignore[arg-type]
        DispositionLedger(table, ENVIRONMENT["TENANT"]),  # type: ignore[arg-type]
        Outbox(table, bus),  # type: ignore[arg-type]
        DispositionFacts(ENVIRONMENT["TENANT"]),
        lambda: world.settings,
        world.clock,
    )

    return turns.start(number, lambda: applier.take({"body": message(event)}, Deadline(world.clock, 110)))


_death = st.none() | st.tuples(st.integers(0, 12), st.booleans())
_race = st.fixed_dictionaries(
    {
        "moments": st.lists(st.integers(-5, 0), min_size=2, max_size=3),
        "deaths": st.lists(_death, min_size=3, max_size=3),
        "schedule": st.lists(st.integers(0, 5), max_size=40),
        "order": st.permutations(range(3)),
        "loses": st.none() | st.integers(0, 2),
    }
)


def _check(world: DispositionWorld, race: dict[str, Any]) -> None:
    number = next(_numbers)
    delivery, contact = f"race-{number}", f"contact-{number}"
    events = [
        world.requested(
            _CODES[n], moment, id=f"r{n}", contact=contact, correlation_id=delivery, notes=f"said by r{n}"
        )
        for n, moment in enumerate(race["moments"])
    ]
    turns = Turns(race["schedule"], len(events))
    lost: list[Callable[[], None]] = []
    port = world.cxone.dispositions
    threads = [
        _worker(
            world,
            turns,
            n,
            event,
            race["deaths"][n],
            LosingPort(port, lost) if n == race["loses"] else port,
        )
        for n, event in enumerate(events)
    ]
    turns.run()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    # The late end of the race: the other workers have run for some seconds, as far as they are let.
    world.clock.advance(seconds=world.settings.in_doubt_seconds / 2)
    for event in events:
        world.take(event)
    for land in lost:
        land()
    _come_again(world, [events[n] for n in race["order"] if n < len(events)], delivery)

    endings = world.endings(delivery)
    assert set(endings.values()) <= {"applied", "superseded"}
    tenant = world.contact(contact)
    newest = max(
        events,
        key=lambda event: (
            event.data["occurred_at"],
            event.data["outcome_code"] == "DO_NOT_CALL",
            event.event_id,
        ),
    )
    assert tenant.notes == f"said by {newest.event_id}", "the newest stands"
    assert endings[newest.event_id] == "applied"
    written = {write.body["notes"].removeprefix("said by ") for write in tenant.writes}
    assert written == {request for request, ending in endings.items() if ending == "applied"}
    _check_facts(world, endings, delivery)


def _come_again(world: DispositionWorld, events: list[Event], delivery: str) -> None:
    """Every message comes again, after the claims of the dead have run out, until each has ended."""
    for _ in range(6):
        world.clock.advance(minutes=3)
        for event in events:
            world.take(event)
        if len(world.endings(delivery)) == len(events):
            world.sweep()
            return
    raise AssertionError(f"some never end: {world.endings(delivery)}")


def _check_facts(world: DispositionWorld, endings: dict[str, str], delivery: str) -> None:
    said = {
        (fact["data"]["request_id"], fact["event_type"].removeprefix("disposition."))
        for fact in world.aws.published()
        if fact["correlation_id"] == delivery and fact["event_type"] != "consent.changed"
    }
    assert said == set(endings.items()), "each end is said, and nothing else"
    assert not [item for item in world.ledger.requests_of(delivery) if "facts" in item]


def _races(examples: int) -> settings:
    """So many races, each in a world of its own: moto forgets nothing, and a world grows slow."""
    return settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _race_in_a_fresh_world(contacts: Tenant, race: dict[str, Any]) -> None:
    with fresh(lambda aws, clock: DispositionWorld(aws, clock, contacts))() as world:
        _check(world, race)


# The older one's write is lost before anybody else comes, and lands when the newer one has been taken.
_LATE: dict[str, Any] = {
    "moments": [-5, 0],
    "deaths": [None, None, None],
    "schedule": [0] * 40,
    "order": [0, 1, 2],
    "loses": 0,
}


@pytest.mark.slow
@_races(60)
@given(race=_race)
@example(race=_LATE)
def test_every_race_ends_with_the_newest_and_says_what_was_written(
    contacts: Tenant, race: dict[str, Any]
) -> None:
    _race_in_a_fresh_world(contacts, race)


# In parts, so that all cores take some.
@pytest.mark.load
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(4))
@_races(500)
@given(race=_race)
def test_thousands_of_races_end_with_the_newest(contacts: Tenant, part: int, race: dict[str, Any]) -> None:
    _race_in_a_fresh_world(contacts, race)
