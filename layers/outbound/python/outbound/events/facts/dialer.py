"""Facts about rollouts of dialer settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from outbound.events.facts.base import Fact, Part, fact_class
from outbound.events.types import EventType


@fact_class
class RolloutAdvanced(Fact):
    """A rollout took a step; the audit record has them all."""

    TYPE: ClassVar = EventType.ROLLOUT_ADVANCED

    rollout_id: str
    """The rollout."""

    stage: str
    """`planned`, `checked`, `snapshotted`, `activating`, `guarding`, `rolling_back` or how it ended."""

    attempt: int
    """Which of its executions took the step, counted from 1."""

    requested_by: str
    """Who wanted the rollout, where the request says."""

    why: str
    """Why the rollout was asked for; of `rolling_back`, why it is undone."""

    version: str
    """The version of the settings that the step read, or that CXone gave to a change."""

    operation_id: str
    """CXone's operation, where the step began one."""

    override: Mapping[str, Any] | None
    """The rules that it goes beyond, and who approved that."""


@fact_class
class DialerActivated(Fact):
    """Dialer settings of a rollout are in force, and verified field by field."""

    TYPE: ClassVar = EventType.DIALER_ACTIVATED

    rollout_id: str
    """The rollout."""

    campaigns: Sequence[str]
    """The campaigns that it concerns."""

    why: str
    """Why, as the request says."""

    requested_by: str
    """Who wanted it, where the request says."""

    version_before: str
    """The version that was in force before."""

    version: str
    """The version that is in force."""

    operation_id: str
    """CXone's operation; empty where its answer was lost."""

    changes: Sequence[Mapping[str, Any]]
    """Every field that changed: `field`, `before`, `after`."""

    snapshot: str
    """The key of the snapshot in the lake."""

    guarded_minutes: float
    """How long the campaigns are watched from now on."""


@fact_class
class DialerRolledBack(Fact):
    """What a rollout changed was undone: the settings from before it are in force, and verified."""

    TYPE: ClassVar = EventType.DIALER_ROLLED_BACK

    rollout_id: str
    """The rollout."""

    campaigns: Sequence[str]
    """The campaigns that it concerns."""

    reason: str
    """Why, as a short name like `operation_failed`, `timed_out`, `mismatch`, `guard_abandonment`."""

    message: str
    """Why."""

    version: str
    """The version of the rollback; empty where the settings from before were still in force."""

    version_undone: str
    """The version that was undone, where CXone named it."""

    snapshot: str
    """The key of the snapshot in the lake."""

    operation_open: bool
    """Whether CXone has, or may have, a change of the rollout under way: what it does yet is not known."""


@fact_class
class RolloutComplaint(Part):
    """What is wrong with a rollout."""

    field: str
    """The field that is wrong, like `settings.algorithm.dial_ratio`; empty where it is none."""

    rule: str
    """The rule that it breaks, as a short name."""

    message: str
    """What is wrong."""

    citation: str
    """Where the rule stands, where it has a source."""


@fact_class
class RolloutRefused(Fact):
    """A rollout was refused, or ended before it changed anything."""

    TYPE: ClassVar = EventType.ROLLOUT_REFUSED

    rollout_id: str
    """The rollout; empty where none was made of the request."""

    request_id: str
    """The event that asked."""

    reason: str
    """`invalid_request`, `busy`, `rules`, `policies`, `version_conflict`, or why CXone was not asked."""

    message: str
    """All complaints in one text, or why."""

    complaints: Sequence[RolloutComplaint]
    """Each of them."""

    current: str | None
    """The rollout that has the dialer, where that is why."""


@fact_class
class RolloutUnchanged(Fact):
    """A rollout ended because what it asks for is in force already."""

    TYPE: ClassVar = EventType.ROLLOUT_UNCHANGED

    rollout_id: str
    """The rollout."""

    request_id: str
    """The event that asked."""

    version: str
    """The version in force."""


@fact_class
class RolloutFailed(Fact):
    """A rollout was left as it is, and a person has to look: docs/alarms.md says what to do."""

    TYPE: ClassVar = EventType.ROLLOUT_FAILED

    rollout_id: str
    """The rollout."""

    campaigns: Sequence[str]
    """The campaigns that it concerns."""

    reason: str
    """`changed_by_others`, `rollback_failed`, `guard_abandonment` and the like, as a short name."""

    message: str
    """What happened."""

    version_before: str
    """The version that was in force before the rollout."""

    version: str
    """The version that the rollout made, where CXone named it."""

    version_found: str
    """The version in force that is not the rollout's, where that is why; else empty."""

    snapshot: str
    """The key of the snapshot in the lake."""

    operation_open: bool
    """Whether CXone has, or may have, a change of the rollout under way: what it does yet is not known."""
