"""Facts about pulls of outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from outbound.events.facts.base import UNSET, Fact, Part, Unset, fact_class
from outbound.events.types import EventType


@fact_class
class PulledWindow(Part):
    """A half-open window of time."""

    start: str
    """Included."""

    end: str
    """Not included."""


@fact_class
class OutcomesPulled(Fact):
    """A window was pulled whole."""

    TYPE: ClassVar = EventType.OUTCOMES_PULLED

    job_id: str
    """The job whose window it is."""

    campaign_id: str
    """The campaign's id in CXone."""

    window: PulledWindow
    """When the calls of the window began."""

    manifest: str
    """The key in the lake of the list of its parts, with their hashes."""

    pages: int
    """How many pages CXone had."""

    set_aside: Mapping[str, int]
    """How many records were set aside because they cannot be read, by reason."""

    duplicates_dropped: int
    """How many records CXone showed twice."""

    generation: int
    """Which pull of the window it is, counted from 0."""

    changes: Mapping[str, int] | None
    """How many calls a later pull found added, changed and removed; null for the first pull."""

    metrics: Mapping[str, Any]
    """What the calls amount to: latency, success rate, records, conversion and the five categories."""

    audit: Mapping[str, Any]
    """What was done: job, window, when, status, records, the hash over all parts, error."""


@fact_class
class OutcomesPullFailed(Fact):
    """A pull cannot go on, or a request for one cannot be."""

    TYPE: ClassVar = EventType.PULL_FAILED

    job_id: str | Unset = UNSET
    """The job, where there is one."""

    campaign_id: str
    """The campaign, as the request names it."""

    request_id: str | Unset = UNSET
    """The event that asked, where the request cannot be."""

    window: PulledWindow | Unset = UNSET
    """The window of the job."""

    reason: str
    """A short name of what is wrong, like `invalid_query` or `unknown_campaign`."""

    field: str | None
    """The field that is wrong, where it is one."""

    message: str
    """What is wrong, and what to do."""

    again_at: str | Unset | None = UNSET
    """When the job is tried again by itself; null where it is not."""

    metrics: None = None
    """Always null: nothing is reported of calls that were not all pulled."""

    audit: Mapping[str, Any]
    """What was done: as of an `outcomes.pulled`."""


@fact_class
class CoverageLost(Fact):
    """A window passed out of CXone's retention before it was pulled."""

    TYPE: ClassVar = EventType.COVERAGE_LOST

    campaign_id: str
    """The campaign's id in CXone."""

    start: str
    """The window's start, included."""

    end: str
    """The window's end, not included."""
