"""What is configured about rollouts of dialer settings; the document is `/<stack>/config/dialer`."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from outbound.abandonment_limit import CITATION, LIMIT

Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Limit(_Strict):
    """A limit, and where it stands."""

    value: float = Field(ge=0, description="the limit itself")
    source: str = Field(min_length=1, max_length=300, description="where it stands; complaints quote it")


class DialerLimits(_Strict):
    """What settings must not go beyond, unless the document of a rollout overrides the rule by its name."""

    abandonment_target: Limit = Field(
        Limit(value=LIMIT, source=CITATION),
        description="the highest abandonment target, as a share of calls that persons answer",
    )
    ring_seconds: Limit = Field(
        Limit(value=15, source="47 CFR 64.1200(a)(6), 16 CFR 310.4(b)(4)(ii)"),
        description="the shortest time that a call rings or a line is kept warm",
    )


class Trunks(_Strict):
    """The carrier's trunks that the dialer shares."""

    count: int = Field(ge=1, le=1_000_000, description="how many there are")
    used: Share = Field(0.0, description="the share of them that other traffic uses")

    @property
    def free(self) -> int:
        """How many the dialer can have."""
        # Without the last digits of a binary fraction: 150 at 45 % leave 82.
        return int(round(self.count * (1 - self.used), 6))


class Assumed(_Strict):
    """What a plan assumes of calls, since the settings do not say it. Plausible, not measured."""

    answer_rate: Share = Field(0.25, description="dials that a person answers")
    machine_rate: Share = Field(0.3, description="dials that a machine answers")
    talk_seconds: float = Field(180, gt=0, le=3600, description="mean of a conversation")
    wrap_seconds: float = Field(60, ge=0, le=3600, description="mean of the work after it")
    ring_seconds: float = Field(12, ge=0, le=600, description="until an answer")
    no_answer_seconds: float = Field(22, ge=15, le=600, description="until a dial is given up")
    hours: float = Field(1, gt=0, le=24, description="that the model simulates, each replication")
    replications: int = Field(10, ge=2, le=100, description="of the model")

    @model_validator(mode="after")
    def _answers(self) -> Self:
        if self.answer_rate + self.machine_rate > 1:
            raise ValueError("machine_rate: must not be more than 1 together with answer_rate")
        return self


class WatchSettings(_Strict):
    """How an operation of CXone is watched."""

    first_wait_seconds: int = Field(2, ge=1, le=60, description="before the second look; it doubles")
    longest_wait_seconds: int = Field(30, ge=1, le=600, description="between two looks")
    max_looks: int = Field(
        15, ge=1, le=50, description="after so many waits the operation is asked once more, and given up"
    )
    max_readings: int = Field(
        3, ge=1, le=10, description="of settings that are not as they should be, before they count as such"
    )
    max_merges: int = Field(
        3, ge=0, le=10, description="of changes by other parties, before a rollout is refused"
    )
    max_lingering: int = Field(
        60,
        ge=1,
        le=500,
        description="looks at what was given up, after it was undone: an operation may end late",
    )
    max_restores: int = Field(5, ge=1, le=20, description="tries of a rollback before a person is called")
    max_failures: int = Field(
        15, ge=1, le=100, description="of CXone in a row before a rollout is undone; they last an hour or so"
    )


class GuardSettings(_Strict):
    """How the named campaigns are watched after an activation."""

    minutes: float = Field(120, ge=0, le=24 * 60, description="so long; 0 watches nothing")
    first_minutes: float = Field(10, ge=0, le=24 * 60, description="in which nothing is judged")
    look_seconds: int = Field(60, ge=1, le=600, description="between two looks")
    roll_back: bool = Field(True, description="whether a breach rolls back; else a person is called")
    min_answered: int = Field(
        100, ge=1, le=100_000, description="calls that persons answered; a budget of fewer is not judged"
    )
    min_efficiency: Share | None = Field(
        None, description="of the dialer since the activation; a lower one is a breach, null judges none"
    )
    stale_minutes: float = Field(
        45, ge=0.1, le=24 * 60, description="metrics whose newest window is older ring, and are no breach"
    )


class DialerSettings(_Strict):
    """All settings of rollouts."""

    limits: DialerLimits = Field(DialerLimits(), description="what settings must not go beyond")
    trunks: Trunks | None = Field(None, description="the carrier's trunks; null: not judged")
    few_agents: int = Field(
        10, ge=1, le=1000, description="a team of fewer is warned of pacing ahead of its agents"
    )
    max_trunk_blocking: Share = Field(0.01, description="expected blocking of more is warned of")
    assumed: Assumed = Field(Assumed(), description="what plans assume of calls")
    watch: WatchSettings = Field(WatchSettings(), description="how operations are watched")
    guard: GuardSettings = Field(GuardSettings(), description="how campaigns are watched after an activation")
