"""Facts about calls that were made, and whether they were allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from outbound.events.facts.base import Fact, Part, fact_class
from outbound.events.types import EventType


@fact_class
class AuditedWindow(Part):
    """A half-open window of time."""

    start: str
    """Included."""

    end: str
    """Not included."""


@fact_class
class CallsAudited(Fact):
    """The calls of a window were judged, or judged again and some of them otherwise than before."""

    TYPE: ClassVar = EventType.CALLS_AUDITED

    campaign_id: str
    """The campaign's id in CXone."""

    job_id: str
    """The job that pulled the window."""

    window: AuditedWindow
    """When the calls of the window began."""

    generation: int
    """Which pull of the window was judged."""

    revision: int
    """Which result of the window it is, counted from 1; it takes the place of those before."""

    result: str
    """The key in the lake of the window's result, which names its judgements."""

    calls: int
    """How many calls the window has."""

    clean: int
    """How many of them were allowed."""

    violations: int
    """How many were not."""

    new_violations: int
    """How many of these the result before did not have."""

    cannot_be_judged: int
    """How many are not violations, and not known to be allowed."""

    by_violation: Mapping[str, int]
    """The violations by name; a call can have several."""

    by_reason: Mapping[str, int]
    """The calls that cannot be judged by what is not known; a call can have several reasons."""

    recorded_after_the_call: int
    """How many violations rest on a refusal that was recorded after the call."""

    purpose: str
    """What the campaign calls for."""

    rules_version: str
    """The rules that the calls were judged by."""
