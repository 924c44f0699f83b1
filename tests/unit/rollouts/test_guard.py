"""The guard: what campaigns do after an activation, proven or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from outbound.campaign_records.health_records import AbandonmentView, HealthRecord, HealthRecords, Span
from outbound.campaign_records.samples import Samples
from outbound.clock import format_time, parse_time
from outbound.cxone.errors import CxoneError, Unavailable
from outbound.cxone.ports.dialer_reports import AuditEntry, Period, ReportedHour
from outbound.dialer.campaign_readings import CampaignReadings
from outbound.dialer.configuration import canonical
from outbound.dialer.guard import Counts, Reading, breach_in
from outbound.dialer.settings import GuardSettings
from outbound.steering.abandonment import Level
from outbound.steering.health import Sample, Source
from outbound.steering.situation import CampaignState
from worlds.aws import AwsWorld, FakeClock
from worlds.rollouts import EXAMPLE, RolloutWorld, document, first_settings

MakeWorld = Callable[..., RolloutWorld]
OLD, NEW = canonical(first_settings()), canonical(EXAMPLE)
GUARD = GuardSettings()


def _reading(answered: int, abandoned: int, **more: Any) -> Reading:
    return Reading("spring", Counts(answered, abandoned), None, **more)


# Known answers of Wilson's bounds against 3 %.
@pytest.mark.parametrize(
    ("answered", "abandoned", "proven"),
    [(0, 0, False), (100, 3, False), (100, 6, True), (1000, 30, False), (1000, 40, True)],
)
def test_a_breach_is_proven_by_the_lower_bound(answered: int, abandoned: int, proven: bool) -> None:
    breach = breach_in(_reading(answered, abandoned), GUARD, 0.03)
    assert (breach is not None and breach.reason == "guard_abandonment") == proven


@pytest.mark.parametrize(
    ("period", "since", "spent"),
    [
        ((1000, 30), (100, 5), True),  # 25 of 900 before: two were left
        ((1000, 30), (100, 0), False),  # nothing was abandoned since
        ((1000, 31), (100, 3), False),  # 28 of 900 before: spent already
        ((1000, 29), (100, 5), False),  # one is left
        ((50, 3), (50, 1), False),  # too few calls
        ((200, 6), (200, 6), True),  # the period began with the activation
    ],
)
def test_a_budget_that_is_spent_since_the_activation_is_a_breach(
    period: tuple[int, int], since: tuple[int, int], spent: bool
) -> None:
    breach = breach_in(_reading(*since, period=Counts(*period)), GUARD, 0.03)
    assert (breach is not None and breach.reason == "guard_budget") == spent


def test_efficiency_is_judged_where_the_settings_name_a_least_one() -> None:
    reading = _reading(100, 0, efficiency=0.4)
    assert breach_in(reading, GUARD, 0.03) is None
    breach = breach_in(reading, GuardSettings(min_efficiency=0.5), 0.03)
    assert breach is not None
    assert breach.reason == "guard_efficiency"


def test_an_efficiency_below_the_least_one_rolls_back(make_world: MakeWorld) -> None:
    world = make_world(guard={"min_efficiency": 0.5})
    world.plan_operations()
    world.readings.give("spring", 100, 0)
    world.readings.efficiencies["spring"] = 0.4
    ended = world.roll_out(document(campaigns=["spring"]))
    assert (ended.progress.reason, world.in_force()) == ("guard_efficiency", OLD)


class Hours:
    """The port of reports, with an efficiency for some hours."""

    def __init__(self, by_hour: Mapping[str, Any], error: CxoneError | None = None) -> None:
        self.by_hour, self.error = by_hour, error

    def hours(self, campaign_id: str, period: Period) -> list[ReportedHour]:
        if self.error:
            raise self.error
        hours = {parse_time(hour): value for hour, value in self.by_hour.items()}
        return [
            ReportedHour(format_time(hour), value, *[None] * 6)
            for hour, value in hours.items()
            if period.start <= hour < period.end
        ]

    def audit_pages(self, period: Period, page_size: int) -> Iterator[list[AuditEntry]]:
        raise NotImplementedError


def test_efficiency_is_that_of_whole_hours_since_the_activation(aws: AwsWorld) -> None:
    hours = {
        "2026-03-10T12:00:00Z": 0.1,  # began before the activation
        "2026-03-10T13:00:00Z": 0.6,
        "2026-03-10T14:00:00Z": 0.8,
        "2026-03-10T15:00:00Z": "odd",
        "2026-03-10T16:00:00Z": 0.2,  # has not ended
    }
    since, now = parse_time("2026-03-10T12:10:00Z"), parse_time("2026-03-10T16:30:00Z")
    readings = CampaignReadings(aws.table(), "acme", Hours(hours))
    assert readings.efficiency("spring", since, now) == pytest.approx(0.7)
    assert readings.efficiency("spring", since, parse_time("2026-03-10T13:59:00Z")) is None
    refused = CampaignReadings(aws.table(), "acme", Hours(hours, Unavailable("503")))
    assert refused.efficiency("spring", since, now) is None


def test_a_breach_rolls_back(world: RolloutWorld) -> None:
    world.readings.give("spring", 1000, 60)
    ended = world.roll_out(document(campaigns=["spring"]))
    assert (ended.stage, ended.progress.reason, world.in_force()) == (
        "rolled_back",
        "guard_abandonment",
        OLD,
    )
    assert world.types() == ["dialer.activated", "dialer.rolled_back"]


def test_nothing_is_judged_in_the_first_minutes(world: RolloutWorld) -> None:
    world.readings.give("spring", 1000, 60)
    began = world.clock.now()
    world.roll_out(document(campaigns=["spring"]))
    assert world.clock.now() - began >= timedelta(minutes=world.settings.guard.first_minutes)


def test_a_campaign_that_does_well_keeps_its_settings(world: RolloutWorld) -> None:
    world.readings.give("spring", 1000, 10)
    began = world.clock.now()
    ended = world.roll_out(document(campaigns=["spring"], guard={"minutes": 30}))
    assert (ended.stage, world.in_force()) == ("active", NEW)
    assert world.clock.now() - began >= timedelta(minutes=30)


@pytest.mark.parametrize("newest", [None, "old"])
def test_metrics_that_are_missing_or_old_are_no_breach_and_ring(
    world: RolloutWorld, measured: dict[str, list[float]], newest: str | None
) -> None:
    old = None if newest is None else world.clock.now() - timedelta(hours=1)
    world.readings.give("spring", 0, 0, newest=old)
    ended = world.roll_out(document(campaigns=["spring"]))
    assert (ended.stage, world.in_force()) == ("active", NEW)
    assert len(measured["DialerGuardWithoutMetrics"]) > 1


@pytest.mark.parametrize("minutes", [5, 30])
def test_a_short_guard_that_saw_nothing_rings_at_its_end(
    world: RolloutWorld, measured: dict[str, list[float]], minutes: float
) -> None:
    ended = world.roll_out(document(campaigns=["spring"], guard={"minutes": minutes}))
    assert (ended.stage, world.in_force()) == ("active", NEW)
    assert measured["DialerGuardWithoutMetrics"] == [1]


def test_a_guard_that_ends_before_its_first_judgement_says_so(world: RolloutWorld) -> None:
    world.readings.give("spring", 1000, 60)
    ended = world.roll_out(document(campaigns=["spring"], guard={"minutes": 5}))
    assert (ended.stage, world.in_force()) == ("active", NEW)
    assert "before its first judgement" in ended.progress.message


def test_a_breach_that_is_not_to_be_rolled_back_calls_a_person(world: RolloutWorld) -> None:
    world.readings.give("spring", 1000, 60)
    ended = world.roll_out(document(campaigns=["spring"], guard={"roll_back": False}))
    assert (ended.stage, ended.progress.reason, world.in_force()) == ("failed", "guard_abandonment", NEW)
    assert world.types() == ["dialer.activated", "dialer.rollout_failed"]


def test_the_guard_does_not_undo_what_another_party_changed_since(world: RolloutWorld) -> None:
    world.readings.give("spring", 1000, 60)
    theirs = first_settings(dial_ratio=1.9)
    world.ask(document(campaigns=["spring"]))

    def before(state: str) -> None:
        if state == "Guard later" and world.in_force() != canonical(theirs):
            world.book.replace(theirs, "console")

    ended = world.finish(before)
    assert (ended.stage, ended.progress.reason) == ("failed", "changed_by_others")
    assert world.in_force() == canonical(theirs)


def test_the_readings_are_of_windows_since_the_activation(aws: AwsWorld, clock: FakeClock) -> None:
    table, since = aws.table(), clock.now()
    samples = Samples(table, "acme")

    def sample(start: int, end: int, answered: int, abandoned: int) -> None:
        at = since + timedelta(minutes=end)
        window = Sample(
            since + timedelta(minutes=start), at, at, Source.POLL, answered=answered, abandoned=abandoned
        )
        samples.add("spring", window)

    sample(-10, 5, 500, 400)  # began before the activation
    sample(0, 10, 100, 2)
    sample(5, 15, 100, 9)  # shares calls with the one before
    sample(10, 20, 100, 4)
    clock.advance(minutes=21)
    readings = CampaignReadings(table, "acme", Hours({}))
    found = readings.read("spring", since, clock.now())
    assert found.since == Counts(200, 6)
    assert found.newest == since + timedelta(minutes=20)
    assert found.period is None

    day = since.date()
    view = AbandonmentView(Level.FINE, Span(day, day + timedelta(days=30), 900, 20), Span(day, day, 1, 0))
    record = HealthRecord("spring", "Spring", clock.now(), CampaignState.ACTIVE, abandonment=view)
    HealthRecords(table, "acme").put(record, clock.now())
    assert readings.read("spring", since, clock.now()).period == Counts(900, 20)
