"""A person, an archive, a failover and another party at once, call by call: the newest decision counts.

Each decision and each change by another party has a moment of its own, further from the others than clocks
differ. What another party does while something that we asked for is on its way, or under a hold, may be its
doing or ours: then it may count or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from faults import fresh
from faults.interleaving import Step, Stepped, Turns
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from outbound.archive.campaign_hold import HoldReleaser
from outbound.calling.profile import DAYS
from outbound.campaign_records.held_campaigns import HeldCampaigns
from outbound.campaign_records.journals import Journals, Result
from outbound.campaigns.control.controller import CampaignControl
from outbound.campaigns.control.messages import StateMessages
from outbound.campaigns.control.situations import SituationReader
from outbound.cxone.ports.campaigns import CampaignStatus
from outbound.events import Bus, Event
from outbound.steering.transitions import Party, StateDecision, Target
from outbound.store.holds import Holds
from outbound.store.outbox import Outbox
from outbound.store.registry import Registry
from sandbox.running import Tenant, running_tenant
from worlds.aws import ENVIRONMENT
from worlds.control import TENANT, ControlWorld
from worlds.provisioning import message

_CALLS = ("get", "put", "update", "query", "publish", "read", "set_state", "status", "pause", "resume")
_RACES = 400
_OWNER = "archive#1"
_numbers = count()


@pytest.fixture(scope="module")
def tenant_process() -> Iterator[Tenant]:
    """A tenant with a campaign for every race."""
    span = {"calls": 0, "from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"}
    campaigns = [{"id": f"race-{number}", **span} for number in range(_RACES)]
    quotas = {"campaigns": None, "archive": None}
    names = ("spring", "summer", "autumn")
    with running_tenant(
        {"quotas": quotas, "campaigns": campaigns + [{"id": n, **span} for n in names]}
    ) as one:
        yield one


@dataclass
class Race:
    """One race for a campaign, and what happened in it."""

    world: ControlWorld
    campaign_id: str
    starts: str
    decided: list[tuple[Any, str]] = field(default_factory=list)
    """The moment and the target of each decision that counts, whatever else happens."""

    doubtful: list[tuple[Any, str]] = field(default_factory=list)
    """Those of another party that may count or not."""

    events: list[Event] = field(default_factory=list)
    decisions: list[StateDecision] = field(default_factory=list)

    def moment(self) -> None:
        """Let time pass, so that what happens now is apart from all else."""
        self.world.clock.advance(seconds=6)

    # The workers

    def person(self, step: Step, target: str) -> None:
        """A request of a person's, as its message is taken."""

        def ask() -> Event:
            self.moment()
            event = self.world.requested(self.campaign_id, target)
            self.events.append(event)
            self.moment()
            return event

        event = step(ask)
        self._messages(step).take({"body": message(event)})

    def failover(self, step: Step, target: str) -> None:
        """A decision of a failover's, as its function makes it."""

        def decide() -> StateDecision:
            self.moment()
            chosen = StateDecision(
                f"failover-{next(_numbers)}", Target(target), self.world.clock.now(), Party.FAILOVER
            )
            self.decisions.append(chosen)
            self.moment()
            return chosen

        decision = step(decide)
        control = self._control(step)
        control.request(self.campaign_id, decision, reason="", requested_by="failover", correlation_id="")
        control.reconcile(self.campaign_id)

    def another_party(self, step: Step, target: str) -> None:
        """Another party has CXone do something, and CXone reports it."""

        def change() -> Event | None:
            if self.world.status(self.campaign_id) == target.upper():
                return None
            self.moment()
            now = self.world.clock.now()
            known = self.world.journal(self.campaign_id)
            held = self.world.holds.of_campaign(self.campaign_id)
            unanswered = known.command is not None and not known.command.answered
            unclear = bool(held) or unanswered or known.is_in_doubt(now)
            (self.doubtful if unclear else self.decided).append((now, target))
            self.world.another_party(self.campaign_id, target.upper())
            event = self.world.reported(self.campaign_id, target)
            self.events.append(event)
            self.moment()
            return event

        if event := step(change):
            self._messages(step).take({"body": message(event)})

    def archive(self, step: Step, _: str) -> None:
        """A hold, and its release."""
        clock, holds, held = self.world.clock, self._holds(step), self._held(step)
        if held.status(self.campaign_id) is CampaignStatus.ACTIVE:
            holds.place(self.campaign_id, _OWNER, 1, True, clock.now())
            holds.request_pause(self.campaign_id, _OWNER, 1, clock.now(), clock.now())
            held.pause(self.campaign_id)
            holds.confirm_pause(self.campaign_id, _OWNER, 1, clock.now())
        else:
            holds.place(self.campaign_id, _OWNER, 1, False, clock.now())
        HoldReleaser(held, holds, clock).release(self.campaign_id, _OWNER, 1)

    # How they are wired

    def _table(self, step: Step) -> Any:
        return Stepped(self.world.aws.table(), step, _CALLS)

    def _port(self, step: Step) -> Any:
        return Stepped(self.world.runtime.ports.campaigns, step, _CALLS)

    def _holds(self, step: Step) -> Holds:
        return Holds(self._table(step), TENANT)

    def _held(self, step: Step) -> HeldCampaigns:
        return HeldCampaigns(self._port(step), Journals(self._table(step), TENANT), self.world.clock)

    def _reader(self, step: Step) -> SituationReader:
        table = self._table(step)
        registry, holds, journals = Registry(table, TENANT), Holds(table, TENANT), Journals(table, TENANT)
        return SituationReader(self._port(step), registry, holds, journals, self.world.clock)

    def _control(self, step: Step) -> CampaignControl:
        table, port = self._table(step), self._port(step)
        bus: Any = Stepped(
            Bus(self.world.aws.events, ENVIRONMENT["BUS_NAME"], self.world.clock), step, _CALLS
        )
        journals, outbox = Journals(table, TENANT), Outbox(table, bus)
        reader, clock = self._reader(step), self.world.clock
        return CampaignControl(port, lambda: port, reader, journals, outbox, TENANT, clock)

    def _messages(self, step: Step) -> StateMessages:
        return StateMessages(self._control(step), self._reader(step), self.world.clock)

    # The end

    def recover(self) -> None:
        """Let messages come back, the failover take its next step, and the schedules tick."""
        self.world.sweep()
        for _ in range(4):
            self.world.clock.advance(minutes=3)
            self.world.take(*self.events)
            for decision in self.decisions:
                self.world.control.request(
                    self.campaign_id, decision, reason="", requested_by="failover", correlation_id=""
                )
            self.world.control.reconcile(self.campaign_id)

    def allowed(self) -> set[str]:
        """What the campaign may do in the end: what the newest decision wants, or what it did at first."""
        known = self.world.journal(self.campaign_id)
        refused = {note.decision.decision_id for note in known.notes if note.result is Result.REFUSED}
        ours = [
            (note.decision.decided_at, note.decision.target.value)
            for note in known.notes
            if note.decision.party is not Party.CXONE and note.decision.decision_id not in refused
        ]
        certain = max([*ours, *self.decided], default=(None, self.starts))
        newer = {target for at, target in self.doubtful if certain[0] is None or at > certain[0]}
        return {certain[1], *newer}


_death = st.none() | st.tuples(st.integers(0, 14), st.booleans())
_target = st.sampled_from(["active", "paused"])
_worker = st.tuples(
    st.sampled_from(["person", "failover", "another_party", "archive"]),
    _target,
    _death,
)
_race = st.fixed_dictionaries(
    {
        "workers": st.lists(_worker, min_size=2, max_size=4, unique_by=lambda worker: worker[0]),
        "schedule": st.lists(st.integers(0, 3), max_size=60),
        "starts": _target,
    }
)


def _run(world: ControlWorld, race: dict[str, Any]) -> None:
    number = next(_numbers) % _RACES
    going = Race(world, f"race-{number}", race["starts"])
    hours = {"days": DAYS, "start": "00:00", "end": "24:00"}
    world.register(going.campaign_id, time_zone="America/New_York", hours=hours)
    world.another_party(going.campaign_id, race["starts"].upper())
    world.tick(going.campaign_id)
    going.moment()
    turns = Turns(race["schedule"], len(race["workers"]))
    threads = []
    for worker, (name, target, dies_at) in enumerate(race["workers"]):
        step = turns.step(worker, dies_at)
        threads.append(turns.start(worker, _bound(getattr(going, name), step, target)))
    turns.run()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    _check(going)


def _bound(work: Callable[[Step, str], None], step: Step, target: str) -> Callable[[], None]:
    return lambda: work(step, target)


def _check(going: Race) -> None:
    world, campaign_id = going.world, going.campaign_id
    going.recover()
    if world.holds.of_campaign(campaign_id):
        # Whoever holds it, and whatever was decided: a campaign that is held is paused.
        assert world.reader.held_by(campaign_id) == set() or world.status(campaign_id) == "PAUSED"
        world.archive_releases(campaign_id)
        going.recover()
    assert world.status(campaign_id).lower() in going.allowed()
    assert world.control.reconcile(campaign_id).is_settled
    said = [fact["data"]["decision_id"] for fact in world.facts(campaign_id)]
    ours = {event.event_id for event in going.events if event.event_type.endswith("requested")}
    ours |= {decision.decision_id for decision in going.decisions}
    assert sorted(each for each in said if each in ours) == sorted(ours)


@pytest.fixture(scope="module")
def raced(tenant_process: Tenant) -> Iterator[ControlWorld]:
    with fresh(lambda aws, clock: ControlWorld(aws, clock, tenant_process))() as world:
        yield world


def _all_at_once(archive_dies_at: tuple[int, bool] | None = None) -> dict[str, Any]:
    workers = [
        ("person", "active", None),
        ("failover", "paused", None),
        ("another_party", "active", None),
        ("archive", "active", archive_dies_at),
    ]
    return {"workers": workers, "schedule": [3, 0, 2, 1] * 15, "starts": "active"}


# A look shows what another party did before its report says when that was.
_LOOKED_AT_FIRST = {
    "workers": [("person", "paused", (13, False)), ("another_party", "active", None)],
    "schedule": [0, 0, 1, 0],
    "starts": "paused",
}


@pytest.mark.slow
@pytest.mark.timeout(300)
@settings(
    max_examples=15,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example(race=_all_at_once())
@example(race=_all_at_once((7, True)))
@example(race=_LOOKED_AT_FIRST)
@given(race=_race)
def test_the_newest_decision_counts_and_each_is_said_once(raced: ControlWorld, race: dict[str, Any]) -> None:
    _run(raced, race)
