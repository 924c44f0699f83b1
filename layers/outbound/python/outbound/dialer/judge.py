"""The first step of a rollout: its settings judged by our rules, and by CXone's own policies.

Nothing goes on that was not said to be right: where CXone cannot be asked, the rollout waits, and is refused
in the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from outbound.clock import Clock
from outbound.complaints import Complaint
from outbound.cxone.ports.dialer import DialerPort, PolicyFinding, TrunkCapacity
from outbound.dialer.checks import Checked, check, messages
from outbound.dialer.configuration import Settings, canonical, read_canonical, target_of
from outbound.dialer.facts import RolloutFacts
from outbound.dialer.rollouts import Rollout, Rollouts, Stage
from outbound.dialer.settings import DialerSettings
from outbound.dialer.step_result import RolloutEnds, StepOutcome, StepResult
from outbound.logs import logger


class Judge:
    """Judges the settings of rollouts."""

    def __init__(self, port: DialerPort, rollouts: Rollouts, facts: RolloutFacts, clock: Clock) -> None:
        """Ask CXone through this port."""
        self._port = port
        self._rollouts = rollouts
        self._facts = facts
        self._clock = clock

    def check(self, rollout: Rollout, settings: DialerSettings) -> StepResult:
        """Take the step. Raises RolloutEnds where the settings are refused."""
        if rollout.stage is not Stage.PLANNED:
            return StepResult(StepOutcome.COMPLETE)
        in_force = self._port.settings(rollout.campaigns)
        target = wanted(rollout, in_force.settings)
        warnings = self.judge(rollout, target, settings)
        now = self._clock.now()
        self._rollouts.advance(
            rollout,
            now,
            Stage.CHECKED,
            [self._facts.advanced(rollout, Stage.CHECKED, now, version=in_force.version)],
            warnings=[asdict(each) for each in warnings],
        )
        return StepResult(StepOutcome.COMPLETE)

    def judge(self, rollout: Rollout, target: Settings, settings: DialerSettings) -> Sequence[Complaint]:
        """Return the warnings about settings. Raises RolloutEnds where they are refused."""
        overridden = (rollout.override or {}).get("rules", ())
        checked = check(target, settings, overridden)
        if checked.complaints:
            raise _refused("rules", checked.complaints)
        policies = judged_by_policies(self._port, target, settings)
        if policies.complaints:
            raise _refused("policies", policies.complaints)
        for warning in checked.warnings:
            extra = {"field": warning.field, "rule": warning.rule}
            logger.warning("a rollout is warned of", extra=extra)
        return [*checked.warnings, *policies.warnings]


def judged_by_policies(port: DialerPort, target: Settings, settings: DialerSettings) -> Checked:
    """Return what CXone's own policies say of settings; there are complaints unless they pass."""
    trunks = settings.trunks
    capacity = None if trunks is None else TrunkCapacity(trunks.count, trunks.used)
    verdict = port.validate(target, capacity)
    found: Sequence[PolicyFinding] = ()
    if not verdict.passed:
        found = verdict.violations or (PolicyFinding("", "CXone's policies do not let them pass"),)
    return Checked(tuple(map(_complaint, found)), tuple(map(_complaint, verdict.warnings)))


def wanted(rollout: Rollout, in_force: Settings) -> Settings:
    """Return what a rollout wants in force: a snapshot as it is, a document over what it cannot name."""
    asked = read_canonical(rollout.asked)
    return asked if rollout.restore else target_of(asked, in_force)


def is_same(settings: Settings, text: str) -> bool:
    """Return True if settings are those of a canonical JSON, byte for byte."""
    return canonical(settings) == text


def _refused(reason: str, complaints: Sequence[Complaint]) -> RolloutEnds:
    return RolloutEnds(Stage.REFUSED, reason, messages(complaints), complaints=complaints)


def _complaint(finding: PolicyFinding) -> Complaint:
    return Complaint("settings", finding.check or "policies", finding.message, "CXone's policies")
