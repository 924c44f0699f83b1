"""A failover's steps: pause first, then start; what is half done is resumed, and ends."""

from __future__ import annotations

from datetime import datetime
from itertools import product
from typing import Any

import pytest

from outbound.steering.failover import Direction
from outbound.steering.settings import FailoverSettings
from outbound.steering.situation import NOT_DIALLING, CampaignState, Refusal
from outbound.steering.switch import ENDS, NextStep, Step, Switch, next_step
from worlds.steering import NOW, Steering

MAKE = Steering()
SETTINGS = FailoverSettings()
PAIRS = list(product(CampaignState, CampaignState))
ACTIVE, PAUSING, PAUSED = CampaignState.ACTIVE, CampaignState.PAUSING, CampaignState.PAUSED


def _next(
    leaving: CampaignState,
    taking_over: CampaignState,
    minutes: float = -1,
    paused: bool = False,
    other: datetime | None = None,
    **fields: Any,
) -> NextStep:
    switch = Switch(Direction.FAIL_OVER, "primary", "backup", MAKE.at(minutes), paused)
    primary, backup = MAKE.campaign(state=leaving), MAKE.backup(state=taking_over, **fields)
    return next_step(switch, primary, backup, other, SETTINGS, NOW)


@pytest.mark.parametrize(
    ("leaving", "taking_over", "step"),
    [
        (ACTIVE, PAUSED, Step.PAUSE),
        (ACTIVE, ACTIVE, Step.PAUSE),
        (PAUSING, PAUSED, Step.RESUME),
        (PAUSED, PAUSED, Step.RESUME),
        (PAUSED, PAUSING, Step.RESUME),
        (CampaignState.ENDED, PAUSED, Step.RESUME),
        (CampaignState.MISSING, PAUSED, Step.RESUME),
        (PAUSED, ACTIVE, Step.COMPLETE),
        (PAUSING, ACTIVE, Step.COMPLETE),
        (CampaignState.UNKNOWN, PAUSED, Step.WAIT),
        (CampaignState.UNKNOWN, ACTIVE, Step.WAIT),
        (PAUSED, CampaignState.UNKNOWN, Step.WAIT),
        (PAUSED, CampaignState.MISSING, Step.WAIT),
    ],
)
def test_the_next_step_follows_from_how_the_campaigns_are(
    leaving: CampaignState, taking_over: CampaignState, step: Step
) -> None:
    assert _next(leaving, taking_over).step is step


@pytest.mark.parametrize(("leaving", "taking_over"), PAIRS)
def test_none_is_started_before_the_other_has_stopped(
    leaving: CampaignState, taking_over: CampaignState
) -> None:
    if _next(leaving, taking_over).step in (Step.RESUME, Step.COMPLETE):
        assert leaving in NOT_DIALLING


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"held_by": frozenset({"archive#1"})}, Refusal.HELD),
        ({"window_open": False}, Refusal.OUTSIDE_WINDOW),
        ({"list_passes": False}, Refusal.LIST_REFUSED),
    ],
)
def test_what_forbids_the_second_step_is_waited_for_and_then_it_has_failed(
    fields: dict[str, Any], refusal: Refusal
) -> None:
    assert _next(PAUSED, PAUSED, -30, **fields) == NextStep(Step.WAIT, (refusal,))
    assert _next(PAUSED, PAUSED, -31, **fields) == NextStep(Step.FAILED, (refusal,))
    assert _next(PAUSED, ACTIVE, -31, **fields) == NextStep(Step.COMPLETE)


@pytest.mark.parametrize(("leaving", "taking_over"), PAIRS)
def test_every_switch_has_an_end(leaving: CampaignState, taking_over: CampaignState) -> None:
    assert _next(leaving, taking_over, -31).step in ENDS


@pytest.mark.parametrize(("leaving", "taking_over"), PAIRS)
def test_a_newer_decision_about_either_campaign_ends_it(
    leaving: CampaignState, taking_over: CampaignState
) -> None:
    assert _next(leaving, taking_over, other=NOW).step is Step.SUPERSEDED
    assert _next(leaving, taking_over, other=MAKE.at(-2)).step is not Step.SUPERSEDED


def test_a_campaign_that_another_party_starts_again_is_not_fought_over() -> None:
    assert _next(ACTIVE, PAUSED, paused=True).step is Step.SUPERSEDED
