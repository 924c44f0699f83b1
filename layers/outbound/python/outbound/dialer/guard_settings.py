"""How long and how a rollout is guarded: as its document says, else as the settings do."""

from __future__ import annotations

from outbound.dialer.rollouts import Rollout
from outbound.dialer.settings import GuardSettings


def guard_of(rollout: Rollout, settings: GuardSettings) -> GuardSettings:
    """Return the guard of a rollout."""
    return settings.model_copy(update=dict(rollout.guard))


def guard_minutes(rollout: Rollout, settings: GuardSettings) -> float:
    """Return how long a rollout's campaigns are watched; without campaigns there is nothing to watch."""
    return guard_of(rollout, settings).minutes if rollout.campaigns else 0.0
