"""The document of `outbound dialer model`: a team, its calls and its pacing.

    {"agents": 50, "talk_seconds": {"mean": 180, "distribution": "lognormal"}, "wrap_seconds": 60,
     "answer_rate": 0.25, "machine_rate": 0.3, "ring_seconds": 12, "no_answer_seconds": 22, "spacing_ms": 150,
     "trunks": 150, "pacing": {"policy": "fixed_ratio", "ratio": 1.2, "target": 0.03},
     "hours": 1, "replications": 20, "seed": 1}

In place of pacing, `arrivals_per_second` lets answered calls arrive at random, with `patience`: what the
closed forms describe.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from outbound.abandonment_limit import LIMIT
from outbound.dialer.model.warm_up import warm_up_seconds

# A call that is not answered rings so long: 47 CFR 64.1200(a)(6).
LEAST_NO_ANSWER_SECONDS = 15
# Some minutes of work for a processor; a function asks for far less.
MAX_CALLS = 20_000_000
_HOUR = 3600

Policy = Literal["progressive", "fixed_ratio", "free_plus_busy", "adaptive"]
WITH_RATIO = ("fixed_ratio", "free_plus_busy")
"""The policies that do nothing without a ratio, and whose ratio can be searched for."""

Seconds = Annotated[float, Field(ge=0, le=86_400)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    # A number that is written as a text, or true, is a mistake.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Duration(_Strict):
    """A random time."""

    mean: Seconds = Field(description="seconds")
    distribution: Literal["fixed", "exponential", "lognormal"] = Field(
        "fixed", description="`lognormal` with a standard deviation of its mean"
    )


def _duration(value: Any) -> Any:
    """Read a number as a time that is always the same."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"mean": value, "distribution": "fixed"}
    if isinstance(value, dict | Duration):
        return value
    raise ValueError("must be a number of seconds, or an object with mean and distribution")


AnyDuration = Annotated[Duration, BeforeValidator(_duration)]


class Patience(_Strict):
    """How long a caller waits before giving up: one of the two."""

    exponential: Annotated[float, Field(gt=0, le=86_400)] | None = Field(None, description="mean, in seconds")
    fixed: Seconds | None = Field(None, description="seconds, always the same")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.exponential is None) == (self.fixed is None):
            raise ValueError("must have either exponential or fixed")
        return self


class Pacing(_Strict):
    """When the dialer places calls."""

    policy: Policy
    ratio: Annotated[float, Field(gt=0, le=10)] | None = Field(
        None, validate_default=True, description="lines per agent; per busy agent with `free_plus_busy`"
    )
    target: Annotated[float, Field(gt=0, lt=1)] = Field(
        LIMIT, description="abandoned calls in those that persons answered"
    )

    @field_validator("ratio")
    @classmethod
    def _ratio(cls, ratio: float | None, info: ValidationInfo) -> float | None:
        if ratio is None and info.data.get("policy") in WITH_RATIO:
            raise ValueError(f"is missing, and {info.data['policy']} needs it")
        return ratio


class StaffChange(_Strict):
    """From a moment on, so many agents are logged in: others pause, or come back together."""

    at_seconds: Seconds
    agents: Annotated[int, Field(ge=0, le=5000)]


class ModelDocument(_Strict):
    """What is modelled. Defaults are plausible, not measured."""

    # Those that others are checked against stand first.
    arrivals_per_second: Annotated[float, Field(gt=0, le=1000)] | None = Field(
        None, description="answered calls, at random moments, in place of pacing"
    )
    agents: Annotated[int, Field(ge=0, le=5000)] = Field(description="logged in at the start")
    talk_seconds: AnyDuration
    wrap_seconds: AnyDuration = Duration(mean=0)
    answer_rate: Share | None = Field(None, validate_default=True, description="dials that a person answers")
    machine_rate: Share = Field(0.0, description="dials that a machine answers")
    ring_seconds: Seconds = Field(12.0, description="until an answer")
    no_answer_seconds: Annotated[float, Field(ge=LEAST_NO_ANSWER_SECONDS, le=600)] = Field(
        22.0, validate_default=True, description="until a dial without an answer is given up"
    )
    spacing_ms: Annotated[float, Field(ge=1, le=60_000)] = Field(150.0, description="between two dials")
    trunks: Annotated[int, Field(ge=1, le=100_000)] | None = Field(None, description="null: no limit")
    pacing: Pacing | None = Field(None, validate_default=True)
    patience: Patience | None = Field(None, description="null: callers wait for ever; with arrivals alone")
    hours: Annotated[float, Field(gt=0, le=10_000)] = Field(1.0, description="measured, after a warm-up")
    staffing: tuple[StaffChange, ...] = Field(
        (), max_length=1000, strict=False, description="pauses and log-ins in those hours, in their order"
    )
    replications: Annotated[int, Field(ge=1, le=10_000)] = Field(20, validate_default=True)
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1

    @property
    def warm_up_seconds(self) -> float:
        """How long a simulation runs before it is measured."""
        return _warm_up(dict(self))

    @field_validator("answer_rate")
    @classmethod
    def _dialled(cls, rate: float | None, info: ValidationInfo) -> float | None:
        if rate is None and info.data.get("arrivals_per_second", 0) is None:
            raise ValueError("is missing")
        return rate

    @field_validator("machine_rate")
    @classmethod
    def _answers(cls, rate: float, info: ValidationInfo) -> float:
        if rate + (info.data.get("answer_rate") or 0) > 1:
            raise ValueError("must not be more than 1 together with answer_rate")
        return rate

    @field_validator("no_answer_seconds")
    @classmethod
    def _patient(cls, seconds: float, info: ValidationInfo) -> float:
        if seconds < info.data.get("ring_seconds", 0):
            raise ValueError("must not be less than ring_seconds: such a call would never be answered")
        return seconds

    @field_validator("pacing")
    @classmethod
    def _one_source(cls, pacing: Pacing | None, info: ValidationInfo) -> Pacing | None:
        arrivals = info.data.get("arrivals_per_second", 0)
        if pacing is None and arrivals is None:
            raise ValueError("is missing; give it, or arrivals_per_second in its place")
        if pacing is not None and arrivals:
            raise ValueError("stands beside arrivals_per_second; leave one of them out")
        return pacing

    @field_validator("patience")
    @classmethod
    def _of_arrivals(cls, patience: Patience | None, info: ValidationInfo) -> Patience | None:
        if patience is not None and info.data.get("arrivals_per_second", 0) is None:
            raise ValueError("goes with arrivals_per_second; a dialled person is abandoned after 2 seconds")
        return patience

    @field_validator("staffing")
    @classmethod
    def _in_order(cls, changes: tuple[StaffChange, ...], info: ValidationInfo) -> tuple[StaffChange, ...]:
        times = [change.at_seconds for change in changes]
        if times != sorted(times):
            raise ValueError("must be in the order of at_seconds")
        if times and times[-1] >= info.data.get("hours", 24) * _HOUR:
            raise ValueError("must end before hours do")
        return changes

    @field_validator("replications")
    @classmethod
    def _bounded(cls, replications: int, info: ValidationInfo) -> int:
        calls = _calls_a_replication(info.data) * replications
        if calls > MAX_CALLS:
            raise ValueError(
                f"makes up to {calls:,.0f} calls with its warm-up, more than the {MAX_CALLS:,} allowed;"
                " take fewer, or fewer hours"
            )
        return replications


def _calls_a_replication(known: Mapping[str, Any]) -> float:
    """Return the most calls of a replication and its warm-up; 0 where a wrong field is named anyway."""
    try:
        seconds = _warm_up(known) + known["hours"] * _HOUR
        return float(seconds * (known["arrivals_per_second"] or 1000 / known["spacing_ms"]))
    except KeyError:
        return 0.0


def _warm_up(fields: Mapping[str, Any]) -> float:
    patience: Patience | None = fields["patience"]
    handling = fields["talk_seconds"].mean + fields["wrap_seconds"].mean
    mean = None if patience is None else (patience.exponential or patience.fixed or 0.0)
    return warm_up_seconds(fields["agents"], handling, fields["arrivals_per_second"], mean)
