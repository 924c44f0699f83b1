"""Each single decision of a failover: its cause, every refusal by its name, and what rings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from outbound.steering.evidence import Finding, Proof
from outbound.steering.failover import Action, Decision, Direction, Idle, LastSwitch, Pair, Ring, decide
from outbound.steering.health import Sample
from outbound.steering.settings import FailoverSettings
from outbound.steering.situation import CampaignState, Refusal, Situation
from worlds.steering import NOW, Steering

SETTINGS = FailoverSettings()
MAKE = Steering()
COLLAPSED = MAKE.sample(calls=400, successes=40)
RECOVERED = MAKE.sample(calls=100, successes=24)


def _pair(history: Any = (COLLAPSED,), backup: Situation | None = None, **fields: Any) -> Pair:
    primary = MAKE.campaign(history=history)
    return Pair(**({"primary": primary, "backup": backup or MAKE.backup()} | fields))


def _decided(pair: Pair, **settings: Any) -> Decision:
    return decide(pair, FailoverSettings(**settings), NOW)


# The table of known answers at a threshold of 0.15, with at least 16 calls.
@pytest.mark.parametrize(
    ("successes", "calls", "finding"),
    [
        (0, 0, Finding.TOO_FEW_CALLS),
        (0, 5, Finding.TOO_FEW_CALLS),
        (0, 15, Finding.TOO_FEW_CALLS),
        (0, 16, Finding.BREACH),
        (0, 20, Finding.BREACH),
        (1, 20, Finding.NOT_PROVEN),
        (10, 100, Finding.NOT_PROVEN),
        (40, 400, Finding.BREACH),
        (130, 1000, Finding.BREACH),
        (132, 1000, Finding.NOT_PROVEN),
        (20, 100, Finding.NOT_PROVEN),
        (24, 100, Finding.RECOVERY),
    ],
)
@pytest.mark.parametrize("as_rate", [False, True])
def test_counts_prove_what_the_table_says(
    successes: int, calls: int, finding: Finding, as_rate: bool
) -> None:
    rate = successes / calls if calls else 0.0
    said: dict[str, Any] = {"rate": rate} if as_rate else {"successes": successes}
    sample = MAKE.sample(calls=calls, **said)
    evidence = Proof(FailoverSettings(min_calls=16), 0.15).of([sample], NOW)
    assert (evidence.finding, evidence.is_counted) == (finding, True)


def test_a_proven_breach_fails_over() -> None:
    decision = decide(_pair(), SETTINGS, NOW)
    assert (decision.action, decision.reasons, decision.rings) == (Action.FAIL_OVER, (), frozenset())
    assert decision.cause is not None
    assert decision.cause.samples == (COLLAPSED,)


def test_fewer_calls_than_the_setting_asks_for_prove_nothing() -> None:
    few = MAKE.sample(calls=49, successes=0)
    assert decide(_pair([few]), SETTINGS, NOW).reasons == (Finding.TOO_FEW_CALLS,)
    assert decide(_pair([MAKE.sample(calls=50, successes=0)]), SETTINGS, NOW).action is Action.FAIL_OVER


def test_the_campaigns_own_threshold_counts() -> None:
    assert decide(_pair(threshold=0.05), SETTINGS, NOW).action is Action.NONE
    assert decide(_pair([RECOVERED], threshold=0.5), SETTINGS, NOW).action is Action.FAIL_OVER


LAST = LastSwitch(Direction.FAIL_BACK, MAKE.at(-59))
BACKUP_REFUSALS: list[tuple[dict[str, Any], Refusal]] = [
    ({"state": CampaignState.MISSING}, Refusal.MISSING),
    ({"state": CampaignState.ENDED}, Refusal.ENDED),
    ({"state": CampaignState.UNKNOWN}, Refusal.STATE_UNKNOWN),
    ({"held_by": frozenset({"archive#1"})}, Refusal.HELD),
    ({"window_open": False}, Refusal.OUTSIDE_WINDOW),
    ({"window_open": None}, Refusal.WINDOW_UNKNOWN),
    ({"list_passes": False}, Refusal.LIST_REFUSED),
    ({"list_passes": None}, Refusal.LIST_UNKNOWN),
    ({"history": (MAKE.sample(-1000, calls=400, successes=40),)}, Refusal.UNHEALTHY),
]
PAIR_REFUSALS: list[tuple[Pair, Refusal]] = [
    (_pair(held_by_person=True), Refusal.HELD_BY_PERSON),
    (_pair(last=LAST), Refusal.COOLING_DOWN),
    (_pair(last=replace(LAST, decided_at=MAKE.at(-61), is_open=True)), Refusal.SWITCH_UNDER_WAY),
    (replace(_pair(), backup=None), Refusal.NO_BACKUP),
    (_pair(backup=MAKE.campaign(history=[COLLAPSED])), Refusal.OWN_BACKUP),
]


@pytest.mark.parametrize(("fields", "refusal"), BACKUP_REFUSALS)
def test_what_forbids_the_backup_is_named_and_rings(fields: dict[str, Any], refusal: Refusal) -> None:
    decision = decide(_pair(backup=MAKE.backup(**fields)), SETTINGS, NOW)
    assert (decision.action, decision.reasons) == (Action.CANNOT, (refusal,))
    assert decision.rings == {Ring.CANNOT}


@pytest.mark.parametrize(("pair", "refusal"), PAIR_REFUSALS)
def test_what_forbids_the_failover_is_named(pair: Pair, refusal: Refusal) -> None:
    # The windows have to begin after the last failover: this one does.
    sample = MAKE.sample(length=20, calls=400, successes=40)
    decision = decide(replace(pair, primary=MAKE.campaign(history=[sample])), SETTINGS, NOW)
    assert (decision.action, decision.reasons) == (Action.CANNOT, (refusal,))
    assert (Ring.CANNOT in decision.rings) is (refusal is Refusal.OWN_BACKUP)


def test_a_setting_turns_it_off_and_the_breach_is_said_all_the_same() -> None:
    decision = _decided(_pair(), enabled=False)
    assert (decision.action, decision.reasons) == (Action.CANNOT, (Refusal.DISABLED,))
    assert decision.cause is not None


def test_every_refusal_is_produced_by_some_case() -> None:
    produced = (
        {each for _, each in BACKUP_REFUSALS} | {each for _, each in PAIR_REFUSALS} | {Refusal.DISABLED}
    )
    assert produced == set(Refusal)


def test_all_refusals_are_named_at_once() -> None:
    backup = MAKE.backup(held_by=frozenset({"x"}), window_open=False, list_passes=None)
    decision = decide(_pair(backup=backup, held_by_person=True), SETTINGS, NOW)
    assert decision.reasons == (
        Refusal.HELD_BY_PERSON,
        Refusal.HELD,
        Refusal.OUTSIDE_WINDOW,
        Refusal.LIST_UNKNOWN,
    )


def test_a_backup_that_dials_already_may_take_over_unless_it_fails_too() -> None:
    dialling = {"state": CampaignState.ACTIVE}
    assert decide(_pair(backup=MAKE.backup(**dialling)), SETTINGS, NOW).action is Action.FAIL_OVER
    failing = MAKE.backup(**dialling, history=[COLLAPSED])
    assert decide(_pair(backup=failing), SETTINGS, NOW).reasons == (Refusal.UNHEALTHY,)


def _rates(*rates: float, apart: float = 15, since: float = 0) -> list[Sample]:
    return [MAKE.sample(since - place * apart, rate=rate) for place, rate in enumerate(rates)]


def test_rates_alone_need_windows_in_a_row_and_are_marked() -> None:
    decision = decide(_pair(_rates(0.1, 0.1, 0.1)), SETTINGS, NOW)
    assert decision.action is Action.FAIL_OVER
    assert decision.cause is not None
    assert not decision.cause.is_counted
    assert len(decision.cause.samples) == 3


@pytest.mark.parametrize(
    ("history", "finding"),
    [
        (_rates(0.1, 0.1), Finding.TOO_FEW_WINDOWS),
        (_rates(*[0.1] * 29, apart=1), Finding.TOO_FEW_WINDOWS),
        (_rates(0.1, 0.2, 0.1), Finding.NOT_PROVEN),
        (_rates(0.2, 0.2, 0.2), Finding.RECOVERY),
        (_rates(0.1, 0.1, 0.1, apart=41), Finding.TOO_FEW_WINDOWS),
        (_rates(0.1, 0.1, 0.1, since=-11), Finding.METRICS_STALE),
        ([MAKE.sample()], Finding.TOO_FEW_WINDOWS),
    ],
)
def test_rates_alone_prove_nothing_otherwise(history: list[Sample], finding: Finding) -> None:
    decision = decide(_pair(history), SETTINGS, NOW)
    assert (decision.action, decision.reasons) == (Action.NONE, (finding,))


def test_thirty_windows_a_minute_apart_are_not_three_in_a_row_and_an_hour_of_them_is() -> None:
    assert decide(_pair(_rates(*[0.1] * 30, apart=1)), SETTINGS, NOW).action is Action.NONE
    assert decide(_pair(_rates(*[0.1] * 31, apart=1)), SETTINGS, NOW).action is Action.FAIL_OVER


def test_fresh_counts_are_believed_before_a_newer_rate() -> None:
    history = [*_rates(0.1, 0.1, 0.1), MAKE.sample(-1, calls=400, successes=90)]
    assert decide(_pair(history), SETTINGS, NOW).reasons == (Finding.RECOVERY,)


@pytest.mark.parametrize(
    ("history", "finding"),
    [
        ([], Finding.METRICS_MISSING),
        ([MAKE.sample(-11, calls=400, successes=0)], Finding.METRICS_STALE),
        # Measured just now, of a window that is long over.
        ([MAKE.sample(-60, calls=400, successes=0, measured_at=NOW)], Finding.METRICS_STALE),
    ],
)
def test_stale_and_missing_metrics_trigger_nothing_and_ring(history: list[Sample], finding: Finding) -> None:
    decision = decide(_pair(history), SETTINGS, NOW)
    assert (decision.action, decision.reasons) == (Action.NONE, (finding,))
    assert decision.rings == {Ring.STALE}


@pytest.mark.parametrize(
    "fields",
    [
        {"state": CampaignState.PAUSED},
        {"state": CampaignState.UNKNOWN},
        {"window_open": False},
        {"window_open": None},
        {"dials_since": MAKE.at(-9)},
    ],
)
def test_metrics_of_a_campaign_that_should_have_none_yet_do_not_ring(fields: dict[str, Any]) -> None:
    decision = decide(_pair(primary=MAKE.campaign(**fields)), SETTINGS, NOW)
    assert (decision.action, decision.rings) == (Action.NONE, frozenset())


def test_the_rates_of_the_night_do_not_count_in_the_morning() -> None:
    night = _rates(*[0.0] * 20, since=-1)
    opened = MAKE.campaign(history=night, dials_since=MAKE.at(-1))
    assert decide(_pair(primary=opened), SETTINGS, NOW).reasons == (Finding.TOO_FEW_WINDOWS,)
    closed = replace(opened, window_open=False)
    assert decide(_pair(primary=closed), SETTINGS, NOW).reasons == (Idle.PRIMARY_OUTSIDE_WINDOW,)


def test_calls_without_an_agent_ring_beside_what_is_decided() -> None:
    alone = MAKE.sample(calls=400, successes=40, calls_under_way=3, agents_at_work=0)
    decision = decide(_pair([alone]), SETTINGS, NOW)
    assert (decision.action, decision.rings) == (Action.FAIL_OVER, {Ring.UNATTENDED})
    newer = MAKE.sample(0, calls_under_way=3, agents_at_work=2, measured_at=MAKE.at(1))
    assert decide(_pair([alone, newer]), SETTINGS, NOW).rings == frozenset()


FAILED_OVER = LastSwitch(Direction.FAIL_OVER, MAKE.at(-61))


def _moved(**fields: Any) -> Pair:
    primary = MAKE.campaign(state=CampaignState.PAUSED, history=[RECOVERED])
    backup = MAKE.backup(state=CampaignState.ACTIVE, history=[RECOVERED])
    return Pair(**({"primary": primary, "backup": backup, "last": FAILED_OVER} | fields))


def test_a_proven_recovery_fails_back_where_the_setting_says_so() -> None:
    assert _decided(_moved(), fail_back=True).action is Action.FAIL_BACK
    assert _decided(_moved()).reasons == (Idle.FAIL_BACK_DISABLED,)
    assert _decided(_moved(), fail_back=True, enabled=False).reasons == (Idle.FAIL_BACK_DISABLED,)


@pytest.mark.parametrize(
    ("history", "finding"),
    [
        ([MAKE.sample(calls=100, successes=20)], Finding.NOT_PROVEN),
        ([COLLAPSED], Finding.BREACH),
        ([], Finding.METRICS_MISSING),
        ([MAKE.sample(-11, calls=100, successes=24)], Finding.METRICS_STALE),
        # A window that begins before the failover tells of the time before it.
        ([MAKE.sample(length=62, calls=100, successes=24)], Finding.TOO_FEW_WINDOWS),
    ],
)
def test_nothing_less_than_a_proven_recovery_fails_back(history: list[Sample], finding: Finding) -> None:
    pair = _moved(primary=MAKE.campaign(state=CampaignState.PAUSED, history=history))
    decision = _decided(pair, fail_back=True)
    assert (decision.action, decision.reasons) == (Action.NONE, (finding,))


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [each for each in BACKUP_REFUSALS if each[1] not in (Refusal.UNHEALTHY, Refusal.STATE_UNKNOWN)],
)
def test_what_forbids_the_primary_to_take_over_again_is_named(
    fields: dict[str, Any], refusal: Refusal
) -> None:
    said = {"state": CampaignState.PAUSED, "history": [RECOVERED]} | fields
    decision = _decided(_moved(primary=MAKE.campaign(**said)), fail_back=True)
    assert (decision.action, decision.reasons) == (Action.CANNOT, (refusal,))


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"held_by_person": True}, Refusal.HELD_BY_PERSON),
        ({"last": replace(FAILED_OVER, decided_at=MAKE.at(-40))}, Refusal.COOLING_DOWN),
        ({"last": replace(FAILED_OVER, is_open=True)}, Refusal.SWITCH_UNDER_WAY),
    ],
)
def test_a_hold_and_the_cool_down_hold_for_a_fail_back_too(fields: dict[str, Any], refusal: Refusal) -> None:
    assert _decided(_moved(**fields), fail_back=True).reasons == (refusal,)


def test_a_backup_that_was_stopped_is_not_a_reason_to_start_the_primary() -> None:
    decision = _decided(_moved(backup=MAKE.backup()), fail_back=True)
    assert (decision.action, decision.reasons) == (Action.NONE, (Idle.BACKUP_NOT_ACTIVE,))


def test_a_primary_without_a_failover_is_left_paused() -> None:
    decision = _decided(_moved(last=None), fail_back=True)
    assert decision.reasons == (Idle.PRIMARY_NOT_ACTIVE,)


def test_metrics_of_the_backup_ring_while_it_has_the_calls() -> None:
    silent = MAKE.backup(state=CampaignState.ACTIVE)
    assert Ring.STALE in _decided(_moved(backup=silent), fail_back=True).rings
