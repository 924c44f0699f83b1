"""What is counted of rollouts."""

from __future__ import annotations

from outbound.metrics import Metric


class DialerMetric(Metric):
    """The metrics of rollouts; each is a count."""

    ROLLOUTS_STARTED = "DialerRolloutsStarted"
    ROLLOUTS_REFUSED = "DialerRolloutsRefused"
    ACTIVATED = "DialerSettingsActivated"
    ROLLED_BACK = "DialerSettingsRolledBack"
    ROLLOUTS_FAILED = "DialerRolloutsFailed"
    """A person has to look."""

    ROLLOUTS_INTERRUPTED = "DialerRolloutsInterrupted"
    GUARD_BLIND = "DialerGuardWithoutMetrics"
