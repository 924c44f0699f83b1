"""The plan of a rollout: what changes from what to what, what is wrong, and what the model expects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from outbound.complaints import Complaint
from outbound.dialer.checks import check
from outbound.dialer.configuration import FieldChange, Settings, changes, target_of
from outbound.dialer.expectations import Expectation, assumptions, expected
from outbound.dialer.requests import InvalidRollout, RolloutRequest
from outbound.dialer.settings import DialerSettings


@dataclass(frozen=True, slots=True)
class RolloutPlan:
    """What a document would do. `before` is expected of what is in force, where that is known."""

    changes: tuple[FieldChange, ...]
    complaints: tuple[Complaint, ...]
    warnings: tuple[Complaint, ...]
    before: Expectation | None
    after: Expectation | None
    assumed: Mapping[str, Any]
    target: Settings | None = None
    """What is to be in force, where the document could be read."""

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return {
            "changes": [each.as_document() for each in self.changes],
            "complaints": [asdict(each) for each in self.complaints],
            "warnings": [asdict(each) for each in self.warnings],
            "before": None if self.before is None else self.before.as_document(),
            "after": None if self.after is None else self.after.as_document(),
            "assumed": dict(self.assumed),
        }


def plan(
    document: Mapping[str, Any],
    configured: DialerSettings,
    in_force: Settings | None,
    snapshot: Settings | None = None,
) -> RolloutPlan:
    """Return the plan of a document.

    Args:
        document: The rollout document, as JSON has it.
        configured: Limits, trunks, and what is assumed of calls.
        in_force: What the dialer does now; None where that could not be read.
        snapshot: The settings that are to be restored, where the document names a rollout in place of them.
    """
    try:
        request = RolloutRequest.of(document)
    except InvalidRollout as invalid:
        return _refused(invalid.complaints, configured)
    asked = request.settings if snapshot is None else snapshot
    if asked is None:
        return _refused([Complaint("restore", "unknown", "its snapshot could not be read")], configured)
    target = asked if request.settings is None else target_of(asked, in_force or {})
    checked = check(target, configured, (request.override or {}).get("rules", ()))
    after = expected(target, configured)
    return RolloutPlan(
        () if in_force is None else changes(in_force, target),
        checked.complaints,
        (*_too_many_abandoned(after, configured), *checked.warnings),
        None if in_force is None else expected(in_force, configured),
        after,
        assumptions(configured),
        target,
    )


def _too_many_abandoned(after: Expectation, configured: DialerSettings) -> Iterator[Complaint]:
    """Warn where the abandonment that the model expects may be above the limit: its upper bound is."""
    limit = configured.limits.abandonment_target
    if after.capacity is None or after.capacity.abandonment.high <= limit.value:
        return
    mean, _, high = after.capacity.abandonment
    message = (
        f"the model expects {mean:.1%} of the calls that persons answer to be abandoned (up to {high:.1%});"
        f" at most {limit.value:.0%} may be"
    )
    yield Complaint("settings.algorithm", "expected_abandonment", message, limit.source)


def _refused(complaints: Sequence[Complaint], configured: DialerSettings) -> RolloutPlan:
    return RolloutPlan((), tuple(complaints), (), None, None, assumptions(configured))
