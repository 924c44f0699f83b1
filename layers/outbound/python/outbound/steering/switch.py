"""The steps of a failover or a fail-back: one at a time, and resumed by the next tick where it was cut off.

    decided ── pause the one that leaves ── it starts no more calls ── start the other ── it dials: complete
                     │                                │
                     └──── a newer decision about either: superseded
                     └──── not complete in time: failed, and rings; what is paused stays paused

The next step follows from how the campaigns are, and not from what was done: a step whose answer was lost is
seen to have been taken, or taken again with the same key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from outbound.steering.failover import Direction
from outbound.steering.situation import NOT_DIALLING, CampaignState, Refusal, Situation

if TYPE_CHECKING:
    from outbound.steering.settings import FailoverSettings


class Step(StrEnum):
    """What is to be done next, or how it ended."""

    PAUSE = "pause"
    RESUME = "resume"
    WAIT = "wait"
    """Nothing can be done now; the next tick looks again."""

    COMPLETE = "complete"
    SUPERSEDED = "superseded"
    FAILED = "failed"


ENDS = frozenset({Step.COMPLETE, Step.SUPERSEDED, Step.FAILED})


@dataclass(frozen=True, slots=True)
class Switch:
    """A failover or fail-back that was decided: calls move from one campaign to the other."""

    direction: Direction
    leaving_id: str
    taking_over_id: str
    decided_at: datetime
    paused: bool = False
    """Whether the first step was seen to be taken."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """A step, and why it is not a further one."""

    step: Step
    refusals: tuple[Refusal, ...] = ()


def next_step(
    switch: Switch,
    leaving: Situation,
    taking_over: Situation,
    newest_other: datetime | None,
    settings: FailoverSettings,
    now: datetime,
) -> NextStep:
    """Return the next step of a switch.

    Args:
        switch: What was decided.
        leaving: The campaign that is paused, as it is now.
        taking_over: The campaign that is started, as it is now.
        newest_other: When a decision about either campaign was last made beside this one, None if never.
        settings: How long it may take.
        now: The present moment.
    """
    if newest_other is not None and newest_other > switch.decided_at:
        return NextStep(Step.SUPERSEDED)
    stopped = leaving.state in NOT_DIALLING
    if switch.paused and leaving.state is CampaignState.ACTIVE:
        # Another party started it again: two that pause and resume in turn would go on for ever.
        return NextStep(Step.SUPERSEDED)
    if stopped and taking_over.state is CampaignState.ACTIVE:
        return NextStep(Step.COMPLETE)
    step = _step(leaving, taking_over)
    if now - switch.decided_at > settings.complete_within:
        return NextStep(Step.FAILED, step.refusals)
    return step


def _step(leaving: Situation, taking_over: Situation) -> NextStep:
    if leaving.state is CampaignState.ACTIVE:
        return NextStep(Step.PAUSE)
    if leaving.state not in NOT_DIALLING:
        return NextStep(Step.WAIT, (Refusal.STATE_UNKNOWN,))
    refusals = tuple(taking_over.start_refusals())
    return NextStep(Step.WAIT, refusals) if refusals else NextStep(Step.RESUME)
