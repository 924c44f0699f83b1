"""The tenant's log: in the lake once, compared with our own changes; what others changed is told once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outbound.clock import format_time
from outbound.cxone.errors import Forbidden, UnexpectedAnswer
from outbound.cxone.platform.dialer_reports import _entry as as_reported
from outbound.cxone.ports.dialer_reports import AuditEntry, Period
from outbound.dialer.reports import audit_report
from outbound.dialer.reports.changes import ChangesByOthers
from outbound.dialer.reports.settings import DialerReportSettings
from outbound.dialer.reports.watermarks import AUDIT
from sandbox.running import Tenant
from worlds.aws import AwsWorld, FakeClock
from worlds.dialer_reports import BEGUN, DialerReportWorld, other_settings, present
from worlds.quick_moto import quick_aws

MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(aws: AwsWorld, clock: FakeClock, tenant: Tenant) -> DialerReportWorld:
    """No campaigns; the log was read once, so that what follows is judged."""
    clock.time = present() - timedelta(minutes=2)
    world = DialerReportWorld(aws, clock, tenant)
    world.collect()
    return world


def settled(world: DialerReportWorld) -> None:
    """Let what has happened by now be old enough to be judged, and collect."""
    world.clock.time = present() + timedelta(minutes=10)
    world.collect()


class Log:
    """A log whose every entry a test gives."""

    def __init__(self, *entries: Any, page_size: int = 2) -> None:
        self.entries = list(entries)
        self.asked: list[Period] = []
        self.page_size = page_size

    def hours(self, campaign_id: str, period: Period) -> Sequence[Any]:
        return []

    def audit_pages(self, period: Period, page_size: int) -> Iterator[Sequence[AuditEntry]]:
        self.asked.append(period)
        reported = [as_reported(each) for each in self.entries]
        for first in range(0, len(reported), self.page_size):
            yield reported[first : first + self.page_size]


def logged(world: DialerReportWorld, *entries: Any, **options: Any) -> Log:
    log = Log(*entries, **options)
    world.runtime.put_between("dialer_reports", lambda _: log)
    return log


def entry(number: int, at: datetime, **changed: Any) -> dict[str, Any]:
    usual = {
        "id": f"aud_{number:06}",
        "timestamp": format_time(at),
        "actor": "console",
        "action": "settings.activated",
        "entity": "dialer",
        "versionTag": f"v-{number}",
        "details": {"name": "Predictive"},
    }
    return {**usual, **changed}


def test_a_change_by_another_party_is_told_once_with_who_and_what(
    world: DialerReportWorld, tenant: Tenant, measured: dict[str, list[float]]
) -> None:
    tenant.change_dialer(other_settings(), actor="a.miller")
    settled(world)
    (told,) = world.told()
    (line,) = tenant.dialer()["log"]
    assert (told["actor"], told["action"]) == ("a.miller", "settings.activated")
    assert (told["entry_id"], told["version"]) == (line["entry_id"], tenant.dialer()["version"])
    assert told["message"] == f"a.miller: settings.activated, version {told['version']}"
    assert "Predictive_Outbound_00" in told["details"]
    assert measured["DialerChangedByOthers"] == [1]
    for _ in range(3):
        world.later(minutes=5)
    assert world.told() == []
    assert measured["DialerChangedByOthers"] == [1]
    (row,) = world.rows("dialer_audit")
    assert (row["origin"], row["actor"], row["asked_by"]) == ("others", "a.miller", "")


def test_our_own_changes_are_kept_and_not_told(world: DialerReportWorld, tenant: Tenant) -> None:
    world.changed_by_us("r-7")
    tenant_log(tenant, 2)
    settled(world)
    assert world.told() == []
    rows = world.rows("dialer_audit")
    assert [each["action"] for each in rows] == ["settings.change_requested", "settings.activated"]
    assert {(each["origin"], each["asked_by"]) for each in rows} == {("ours", "r-7")}


def tenant_log(tenant: Tenant, most: int) -> None:
    """Wait until the tenant has so many lines in its log: operations take their time."""
    for _ in range(100):
        if len(tenant.dialer()["log"]) >= most:
            return
    raise AssertionError("the tenant's operation did not end")


def test_a_change_by_others_between_ours_is_told_alone(world: DialerReportWorld, tenant: Tenant) -> None:
    world.changed_by_us("r-1")
    tenant_log(tenant, 2)
    tenant.change_dialer(other_settings(3.0), actor="console")
    world.changed_by_us("r-2", ratio=1.8)
    tenant_log(tenant, 5)
    settled(world)
    assert [each["actor"] for each in world.told()] == ["console"]
    assert [each["asked_by"] for each in world.rows("dialer_audit")] == ["r-1", "r-1", "", "r-2", "r-2"]


def test_another_client_of_the_api_is_another_party(world: DialerReportWorld, tenant: Tenant) -> None:
    world.changed_by_us("r-1", own_versions=[], activation={})
    tenant_log(tenant, 2)
    settled(world)
    assert [each["action"] for each in world.told()] == ["settings.activated", "settings.change_requested"][
        ::-1
    ]


def test_what_was_before_the_stack_read_the_log_is_kept_and_not_told(
    aws: AwsWorld, clock: FakeClock, tenant: Tenant
) -> None:
    tenant.change_dialer(other_settings(), actor="console")
    clock.time = present() + timedelta(minutes=10)
    world = DialerReportWorld(aws, clock, tenant)
    world.collect()
    assert [each["origin"] for each in world.rows("dialer_audit")] == ["earlier"]
    assert world.told() == []


def test_an_entry_settles_before_it_is_judged(world: DialerReportWorld) -> None:
    now = world.clock.now()
    log = logged(world, entry(1, now + MINUTE))
    world.later(minutes=4)
    assert log.asked[-1].end == world.clock.now() - timedelta(minutes=5)
    assert world.told() == []
    world.later(minutes=3)
    assert len(world.told()) == 1


def test_an_entry_that_is_recorded_late_is_told(world: DialerReportWorld) -> None:
    log = logged(world)
    world.later(minutes=30)
    assert world.mark(AUDIT).until == world.clock.now() - timedelta(minutes=5)
    log.entries = [entry(1, world.clock.now() - timedelta(minutes=25))]
    world.later(minutes=5)
    assert len(world.told()) == 1


@pytest.mark.parametrize("progress", [{"in_doubt": True}, {"activation": {"sent": True, "version": ""}}])
def test_what_may_be_ours_waits_until_that_is_known(
    world: DialerReportWorld, progress: dict[str, Any]
) -> None:
    at = world.clock.now() + MINUTE
    world.rollout("r-1", **progress)
    logged(world, entry(1, at), entry(2, at + MINUTE, action="settings.viewed"))
    world.later(minutes=20)
    assert world.told() == []
    assert world.mark(AUDIT).until == at
    world.rollout("r-1", own_versions=["v-1"])
    world.later(minutes=5)
    assert world.told() == []
    assert [each["origin"] for each in world.rows("dialer_audit")] == ["ours", "quiet"]
    assert world.mark(AUDIT).until == world.clock.now() - timedelta(minutes=5)


def test_what_may_be_ours_waits_for_two_hours_at_most(world: DialerReportWorld) -> None:
    world.rollout("r-1", in_doubt=True)
    logged(world, entry(1, world.clock.now() + MINUTE))
    world.later(minutes=110)
    assert world.told() == []
    world.later(minutes=15)
    assert len(world.told()) == 1
    world.later(minutes=5)
    assert world.told() == []


def test_a_rollout_in_doubt_hides_no_change_of_another_time(world: DialerReportWorld) -> None:
    now = world.clock.now()
    world.rollout("r-1", finished_at=format_time(now + MINUTE), in_doubt=True)
    logged(world, entry(1, now + 8 * MINUTE))
    world.later(minutes=20)
    assert len(world.told()) == 1


@pytest.mark.parametrize(
    ("actor", "shown"), [("7719", "7719"), ("a.miller@example.com", "***"), ("", ""), (None, ""), (42, "42")]
)
def test_the_fact_masks_what_leads_to_a_person_and_the_ledger_has_it(
    world: DialerReportWorld, actor: Any, shown: str
) -> None:
    details = {"comment": "call me at +1 212 555 0100"}
    logged(world, entry(1, world.clock.now() + MINUTE, actor=actor, details=details))
    world.later(minutes=20)
    (told,) = world.told()
    assert told["actor"] == shown
    assert "555" not in told["details"]
    start, end = BEGUN - timedelta(days=1), world.clock.now()
    (kept,) = ChangesByOthers.of(world.runtime).between(start, end)
    assert kept["actor"] == ("" if actor is None else str(actor))
    assert "555" in kept["details"]


ODD: list[tuple[Any, str]] = [
    ("nonsense", "timestamp: must be a time"),
    ({"timestamp": "soon"}, "timestamp: must be ISO 8601"),
    ({"id": None}, "id: is missing"),
    ({"id": ["a"]}, "id: is not a text"),
    ({"action": ""}, "action: is missing"),
    ({"actor": "a\nb"}, "actor: is not a text of one line"),
    ({"versionTag": "v" * 300}, "versionTag: is not a text of one line"),
    ({"details": {"operationId": True}}, "details.operationId: is not a text"),
]


@pytest.mark.parametrize(("wrong", "reason"), ODD)
def test_an_odd_entry_is_set_aside_and_heard_and_holds_up_no_other(
    world: DialerReportWorld, measured: dict[str, list[float]], wrong: Any, reason: str
) -> None:
    at = world.clock.now() + MINUTE
    odd = entry(1, at) | wrong if isinstance(wrong, dict) else wrong
    logged(world, odd, entry(2, at))
    world.later(minutes=20)
    assert [each["entry_id"] for each in world.told()] == ["aud_000002"]
    (kept,) = world.rows("set-aside/dialer_audit")
    assert kept["source"] == odd
    assert kept["reason"].startswith(reason)
    assert measured["DialerRowsSetAside"] == [1]


def test_a_log_of_many_pages_is_read_to_its_end(world: DialerReportWorld) -> None:
    now = world.clock.now()
    logged(world, *(entry(number, now + timedelta(seconds=number)) for number in range(25)))
    world.later(minutes=20)
    assert len(world.told()) == 25
    assert [each["id"] for each in world.rows("dialer_audit")] == [f"aud_{number:06}" for number in range(25)]


def test_a_span_with_too_many_entries_is_read_in_parts(
    world: DialerReportWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_report, "_MOST_ENTRIES", 10)
    now = world.clock.now()
    entries = [entry(number, now + number * MINUTE) for number in range(40)]
    log = logged(world, *entries)

    def within(period: Period, page_size: int) -> Iterator[Sequence[AuditEntry]]:
        inside = [
            one for one in entries if period.start <= datetime.fromisoformat(one["timestamp"]) < period.end
        ]
        return Log(*inside).audit_pages(period, page_size)

    log.audit_pages = within  # type: ignore[method-assign]
    world.later(hours=1)
    assert len(world.told()) == 40
    assert world.mark(AUDIT).until == world.clock.now() - timedelta(minutes=5)


def test_a_moment_with_too_many_entries_fails_and_rings(
    world: DialerReportWorld, monkeypatch: pytest.MonkeyPatch, measured: dict[str, list[float]]
) -> None:
    monkeypatch.setattr(audit_report, "_MOST_ENTRIES", 10)
    now = world.clock.now()
    before = world.mark(AUDIT).until
    logged(world, *(entry(number, now) for number in range(12)))
    world.later(minutes=20)
    assert measured["DialerReportsFailed"] == [1]
    mark = world.mark(AUDIT)
    assert mark.failure.startswith("unexpected_answer: the audit log has more than 10 entries")
    assert mark.until is not None
    assert before is not None
    assert mark.until <= now


def test_a_quiet_action_rings_no_alarm_and_the_list_of_them_is_a_setting(world: DialerReportWorld) -> None:
    at = world.clock.now() + MINUTE
    logged(world, entry(1, at, action="settings.viewed"), entry(2, at, action="report.exported"))
    world.settings = DialerReportSettings(quiet_actions=frozenset({"report.exported"}))
    world.later(minutes=20)
    assert [each["action"] for each in world.told()] == ["settings.viewed"]


def test_a_missing_scope_for_the_log_holds_up_no_metrics(
    world: DialerReportWorld, measured: dict[str, list[float]]
) -> None:
    world.register("spring")

    def refusing(*_: Any) -> Iterator[Sequence[AuditEntry]]:
        raise Forbidden("GET /api/v1/audit/logs answered 403", ("audit:read",))

    world.runtime.override("dialer_reports", audit_pages=refusing)
    world.clock.advance(minutes=10)
    assert world.collect() == {"collected": 1, "failed": 1, "left": 0}
    assert "audit:read" in world.mark(AUDIT).failure
    assert measured["DialerReportsFailed"] == [1]
    assert world.rows("dialer_metrics")


def test_half_a_log_moves_no_watermark(world: DialerReportWorld) -> None:
    before = world.mark(AUDIT)
    at = world.clock.now() + MINUTE

    def cut(period: Period, page_size: int) -> Iterator[Sequence[AuditEntry]]:
        yield [as_reported(entry(1, at))]
        raise UnexpectedAnswer("GET /api/v1/audit/logs answered without a list 'logs'")

    world.runtime.override("dialer_reports", audit_pages=cut)
    world.later(minutes=20)
    assert world.mark(AUDIT).until == before.until
    assert world.rows("dialer_audit") == []
    assert world.told() == []


def test_two_collectors_at_once_tell_of_a_change_once(
    world: DialerReportWorld, measured: dict[str, list[float]]
) -> None:
    reported = [as_reported(entry(1, world.clock.now() + MINUTE))]
    asked: list[Period] = []

    def meanwhile(period: Period, page_size: int) -> Iterator[Sequence[AuditEntry]]:
        asked.append(period)
        if len(asked) == 1:
            world.collect()
        yield reported

    world.runtime.override("dialer_reports", audit_pages=meanwhile)
    world.later(minutes=20)
    assert len(asked) == 2
    assert len(world.told()) == 1
    assert measured["DialerChangedByOthers"] == [1]
    assert len(world.rows("dialer_audit")) == 1


#: When an entry is made, and how long after that CXone has it in its log, in minutes.
_MADE = st.tuples(st.integers(0, 240), st.integers(0, 50), st.sampled_from(["ours", "others", "quiet"]))
_TICKS = st.lists(st.integers(1, 45), min_size=1, max_size=12)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(made=st.lists(_MADE, max_size=12), ticks=_TICKS)
def test_whenever_entries_come_and_ticks_are_each_change_by_others_is_told_once(
    made: list[tuple[int, int, str]], ticks: list[int]
) -> None:
    begun = BEGUN
    with quick_aws():
        aws, clock = AwsWorld(), FakeClock(begun)
        world = DialerReportWorld(aws, clock, _NoTenant())  # type: ignore[arg-type]
        entries = [
            entry(
                number,
                begun + minutes * MINUTE + MINUTE / 2,
                action="settings.viewed" if kind == "quiet" else "settings.activated",
                versionTag=f"{kind}-{number}",
            )
            for number, (minutes, _, kind) in enumerate(made)
        ]
        world.rollout(
            "r-1", own_versions=[one["versionTag"] for one in entries if "ours" in one["versionTag"]]
        )
        known_at = [begun + (minutes + late) * MINUTE for minutes, late, _ in made]
        log = logged(world)

        def pages(period: Period, page_size: int) -> Iterator[Sequence[AuditEntry]]:
            seen = [one for one, at in zip(entries, known_at, strict=True) if at < clock.now()]
            inside = [
                each
                for each in seen
                if period.start <= datetime.fromisoformat(each["timestamp"]) < period.end
            ]
            return Log(*inside[::-1]).audit_pages(period, page_size)

        log.audit_pages = pages  # type: ignore[method-assign]
        world.collect()
        for minutes in (*ticks, 45, 45, 45, 45, 45, 45, 45, 45):
            world.later(minutes=minutes)
        told = sorted(each["entry_id"] for each in world.told())
        assert told == sorted(one["id"] for one in entries if one["versionTag"].startswith("others"))
        rows = [row["id"] for row in world.rows("dialer_audit")]
        assert rows == [one["id"] for one in sorted(entries, key=lambda one: (one["timestamp"], one["id"]))]


class _NoTenant:
    """No call reaches CXone: a test answers them all."""

    url = "http://127.0.0.1:9"
