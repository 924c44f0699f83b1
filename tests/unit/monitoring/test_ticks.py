"""A tick: whom it looks at first, how much it asks, that it ends, and that one error stops no other look."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from outbound.campaign_records.health_records import Attention
from outbound.campaigns.control.controller import CampaignControl
from outbound.campaigns.monitoring.budgeted_cxone import CallBudget
from outbound.campaigns.monitoring.monitor import Monitor
from outbound.clock import Deadline, SystemClock
from outbound.cxone.errors import RateLimited, Unavailable
from outbound.metrics import metrics
from outbound.steering.situation import CampaignState
from outbound.steering.transitions import Party, StateDecision, Target
from sandbox.running import Tenant, running_tenant
from worlds.monitoring import BACKUP, FAILING, HEALTHY, PRIMARY, MonitoringWorld
from worlds.runtime import WorldRuntime
from worlds.subscriptions import configure


def _more(world: MonitoringWorld, number: int, state: str = "paused") -> list[str]:
    names = [f"more-{each:02}" for each in range(number)]
    for name in names:
        world.register(name)
        world.cxone.states[name] = state
    return names


def _counted(world: MonitoringWorld, monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Let a tick go, and return what it measured."""
    counted: dict[str, float] = {}

    def add(name: str, unit: Any, value: float) -> None:
        counted[name] = counted.get(name, 0) + value

    monkeypatch.setattr(metrics, "add_metric", add)
    world.tick()
    return counted


def test_every_campaign_has_a_record_after_a_tick(world: MonitoringWorld) -> None:
    _more(world, 3)
    assert world.tick() == 5
    assert {each.campaign_id for each in world.records.all()} >= {PRIMARY, BACKUP, "more-02"}
    assert world.record(BACKUP).state is CampaignState.PAUSED


@pytest.mark.slow
def test_calls_of_a_tick_are_bounded_and_the_next_one_goes_on(world: MonitoringWorld) -> None:
    _more(world, 20)
    world.settings = world.settings.model_copy(
        update={"monitor": world.settings.monitor.model_copy(update={"calls_per_tick": 10})}
    )
    seen: set[str] = set()
    for _ in range(8):
        world.cxone.asked.clear()
        world.clock.advance(minutes=1)
        world.tick()
        assert len(world.cxone.asked) <= 10
        seen |= {campaign_id for _, campaign_id in world.cxone.asked}
    assert len(seen) == 22


def test_what_is_under_way_comes_first(world: MonitoringWorld) -> None:
    _more(world, 9, "active")
    world.tick()
    world.clock.advance(minutes=1)
    world.measured(PRIMARY, FAILING)
    world.cxone.refuses_to_start = {BACKUP}
    world.tick()
    world.clock.advance(minutes=1)
    world.cxone.asked.clear()
    world.tick()
    assert {campaign_id for _, campaign_id in world.cxone.asked[:3]} <= {PRIMARY, BACKUP}


def test_one_that_dials_comes_before_one_that_does_not(world: MonitoringWorld) -> None:
    _more(world, 3)
    world.tick()
    world.clock.advance(minutes=2)
    world.cxone.asked.clear()
    world.tick()
    assert world.cxone.asked[0] == ("read", PRIMARY)


def _seen_in(world: MonitoringWorld, minutes: int) -> set[str]:
    """Let minutes pass in whose ticks three campaigns can be looked at; return those that were."""
    monitor = world.settings.monitor.model_copy(update={"calls_per_tick": 10})
    world.settings = world.settings.model_copy(update={"monitor": monitor})
    world.cxone.asked.clear()
    for _ in range(minutes):
        world.clock.advance(minutes=1)
        world.tick()
    return {campaign_id for what, campaign_id in world.cxone.asked if what == "read"}


def test_more_campaigns_that_dial_than_a_tick_looks_at_keep_no_other_from_its_turn(
    world: MonitoringWorld,
) -> None:
    names = _more(world, 6, "active")
    world.tick()
    assert _seen_in(world, 12) == {PRIMARY, BACKUP, *names}


def test_campaigns_that_never_do_what_is_wanted_keep_no_other_from_its_turn(world: MonitoringWorld) -> None:
    names = _more(world, 6)
    world.tick()
    control = CampaignControl.of(world.runtime, Deadline(world.clock, 50))
    for name in names:
        decision = StateDecision(f"resume-{name}", Target.ACTIVE, world.clock.now(), Party.PERSON)
        control.request(name, decision, reason="", requested_by="", correlation_id="")
        # A word for its state that is not known: nothing can be asked for.
        world.cxone.states[name] = "suspended"
    world.clock.advance(minutes=1)
    world.tick()
    assert Attention.NOT_AS_WANTED in world.record(names[0]).attention
    assert _seen_in(world, 12) == {PRIMARY, BACKUP, *names}


def test_a_tick_ends_before_its_time(world: MonitoringWorld) -> None:
    _more(world, 5)
    read = world.cxone.read

    def slow(campaign_id: str) -> Any:
        world.clock.advance(seconds=15)
        return read(campaign_id)

    world.runtime.override("campaigns", read=slow)
    assert 2 <= world.tick(seconds=55) <= 4


def test_one_campaigns_error_stops_no_other(world: MonitoringWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    names = _more(world, 2)
    world.cxone.metrics[PRIMARY] = ZeroDivisionError("a bug")
    counted = _counted(world, monkeypatch)
    assert counted["CampaignLooksFailed"] == 1
    assert all(world.records.get(name) for name in (*names, BACKUP))
    assert world.records.get(PRIMARY) is None


def test_cxone_that_does_not_answer_for_one_is_unknown_and_heard(
    world: MonitoringWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.cxone.errors[PRIMARY] = Unavailable("down")
    counted = _counted(world, monkeypatch)
    assert counted["CampaignsNotSeen"] == 1
    record = world.record()
    assert (record.state, record.wanted, record.attention) == (
        CampaignState.UNKNOWN,
        None,
        (Attention.NOT_SEEN,),
    )


def test_a_quota_that_is_used_up_ends_the_tick(world: MonitoringWorld) -> None:
    _more(world, 5)
    world.cxone.errors[BACKUP] = RateLimited("no place", world.clock.now() + timedelta(seconds=30))
    world.tick()
    assert [each for each in world.cxone.asked if each[1].startswith("more")] == []


def test_what_rings_rings_at_each_tick(world: MonitoringWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.cxone.states[BACKUP] = "stopped"
    for _ in range(3):
        world.clock.advance(minutes=1)
        world.measured(PRIMARY, FAILING)
        assert _counted(world, monkeypatch)["FailoversImpossible"] == 1


def test_a_failover_is_heard_for_some_minutes(
    world: MonitoringWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.measured(PRIMARY, FAILING)
    heard = []
    for _ in range(8):
        world.clock.advance(minutes=1)
        heard.append(_counted(world, monkeypatch).get("FailoversRecent", 0))
    assert heard == [1, 1, 1, 1, 1, 0, 0, 0]


def test_a_backup_that_dials_for_two_is_not_taken_from_one_of_them(world: MonitoringWorld) -> None:
    world.configure(fail_back=True)
    world.register("second", backup_campaign_id=BACKUP)
    world.cxone.states["second"] = "active"
    world.minutes(1, primary=FAILING, second=FAILING)
    assert world.cxone.states == {PRIMARY: "paused", "second": "paused", BACKUP: "active"}
    world.minutes(1, primary=HEALTHY, second=HEALTHY)
    world.clock.advance(minutes=95)
    world.minutes(1, primary=HEALTHY, second=HEALTHY, backup=HEALTHY)
    assert world.cxone.states[BACKUP] == "active"
    assert world.record().failover.reasons == ("backup_shared",)  # type: ignore[union-attr]


def test_a_campaign_that_was_removed_is_left_alone(world: MonitoringWorld) -> None:
    world.measured(PRIMARY, FAILING)
    campaign = world.runtime.registry.get(PRIMARY)
    assert campaign
    fact = world.event("campaign.removed", {})
    world.runtime.registry.remove(campaign, fact, world.clock.now())
    assert world.tick() == 1
    assert not world.cxone.changes


def test_a_budget_is_taken_whole_or_not_at_all() -> None:
    budget = CallBudget(3)
    assert budget.take(2)
    assert not budget.take(2)
    assert budget.take(1)


@pytest.fixture(scope="module")
def tenant() -> Iterator[Tenant]:
    """A tenant with a primary that dials and a backup that does not, as CXone has them."""
    campaigns = [
        {"id": PRIMARY, "name": "Primary", "calls": 20, "from": "-1d", "to": "now"},
        {"id": BACKUP, "name": "Backup", "calls": 20, "from": "-1d", "to": "now", "status": "PAUSED"},
    ]
    lists = [{"id": f"list-{one}", "campaign_id": one, "contacts": 3} for one in (PRIMARY, BACKUP)]
    with running_tenant(
        {"quotas": {"campaigns": None, "archive": None}, "campaigns": campaigns, "contact_lists": lists}
    ) as running:
        yield running


def test_the_sandbox_tenants_campaign_collapses_and_its_backup_takes_over(
    world: MonitoringWorld, tenant: Tenant
) -> None:
    """Over real HTTP, by CXone's own clock."""
    configure(world.aws, tenant.url)
    always = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start": "00:00", "end": "24:00"}
    world.register(PRIMARY, backup_campaign_id=BACKUP, hours=always)
    world.register(BACKUP, hours=always)
    tenant.follow_script(PRIMARY, {"name": "collapse", "calls_per_minute": 3000}, speed=60)
    clock = SystemClock()
    runtime = WorldRuntime(world.aws, clock, given={"campaigns": lambda: world.settings})
    monitor = Monitor(runtime)
    for _ in range(20):
        monitor.tick(world.settings, Deadline(clock, 30))
        if (last := world.failover().last) and last.ended:
            break
        clock.sleep(0.5)
    port = runtime.ports.campaigns
    assert (port.read(PRIMARY).status, port.read(BACKUP).status) == ("paused", "active")
    assert world.record().calls.source == "poll"  # type: ignore[union-attr]
