"""What the page calls states, reasons for attention and reasons against a failover."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from outbound.campaign_records.health_records import Attention
from outbound.steering.evidence import Finding
from outbound.steering.failover import Idle
from outbound.steering.situation import CampaignState, Refusal


@dataclass(frozen=True, slots=True)
class Word:
    """How something is said; its `grade` (bad, warn, calm, plain) has an icon beside its colour."""

    said: str
    grade: str
    more: str = ""


ICONS = {"bad": "▲", "warn": "◆", "calm": "●", "plain": "○"}

ATTENTION: Mapping[Attention, Word] = {
    Attention.ABANDONMENT_OVER: Word(
        "Abandonment over 3 %", "bad", "Lower the pacing or pause: the law counts 30 days of this offer."
    ),
    Attention.UNATTENDED: Word("Calls without agents", "bad", "Calls are under way and no agent is at work."),
    Attention.FAILOVER_FAILED: Word(
        "Failover failed", "bad", "It was not complete in time; what is paused stays paused."
    ),
    Attention.CANNOT_FAIL_OVER: Word(
        "Cannot fail over", "bad", "Calls fail, and the backup may not be started."
    ),
    Attention.NOT_AS_WANTED: Word("Not as wanted", "bad", "CXone does not do what was decided."),
    Attention.METRICS_STALE: Word("Metrics are old", "warn", "Nothing is decided on them."),
    Attention.NOT_SEEN: Word("Not seen", "warn", "CXone could not be asked, or has no such campaign."),
    Attention.BREACH: Word("Below the threshold", "warn", "Too few calls succeed, and that is proven."),
    Attention.FAILOVER_UNDER_WAY: Word("Failing over", "warn", "Its calls are moving."),
    Attention.ABANDONMENT_NEAR: Word("Abandonment near 3 %", "warn", "The alarm's share is passed."),
    Attention.FAILED_OVER: Word("With its backup", "warn", "Its calls are with its backup."),
}

NEVER_SEEN = Word("Not looked at yet", "warn", "No tick of the monitor has seen it.")
OLD_DATA = Word("Old data", "warn", "The monitor has not looked for a while.")

STATES: Mapping[CampaignState, Word] = {
    CampaignState.ACTIVE: Word("Active", "calm"),
    CampaignState.PAUSING: Word("Pausing", "plain", "No new calls, some are under way."),
    CampaignState.PAUSED: Word("Paused", "plain"),
    CampaignState.ENDED: Word("Ended", "plain"),
    CampaignState.MISSING: Word("Missing in CXone", "warn"),
    CampaignState.UNKNOWN: Word("State unknown", "warn"),
}

REFUSALS: Mapping[str, str] = {
    Refusal.DISABLED: "failover is switched off",
    Refusal.HELD_BY_PERSON: "a person holds it",
    Refusal.COOLING_DOWN: "it failed over a short while ago",
    Refusal.SWITCH_UNDER_WAY: "another switch is under way",
    Refusal.NO_BACKUP: "it has no backup",
    Refusal.OWN_BACKUP: "it is named as its own backup",
    Refusal.MISSING: "CXone has no such backup",
    Refusal.ENDED: "the backup has ended",
    Refusal.STATE_UNKNOWN: "the backup's state is unknown",
    Refusal.HELD: "the backup is held",
    Refusal.OUTSIDE_WINDOW: "the backup is outside its hours",
    Refusal.WINDOW_UNKNOWN: "the backup's hours are unknown",
    Refusal.LIST_REFUSED: "the backup's list fails its checks",
    Refusal.LIST_UNKNOWN: "the backup's list could not be checked",
    Refusal.UNHEALTHY: "the backup's own calls fail",
    Idle.PRIMARY_NOT_ACTIVE: "it does not dial",
    Idle.PRIMARY_OUTSIDE_WINDOW: "it is outside its hours",
    Idle.BACKUP_NOT_ACTIVE: "the backup was stopped since",
    Idle.FAIL_BACK_DISABLED: "failing back is switched off",
    Finding.BREACH: "its calls are proven to fail",
    Finding.RECOVERY: "it is proven to have recovered",
    Finding.NOT_PROVEN: "nothing is proven",
    Finding.TOO_FEW_CALLS: "too few calls to prove anything",
    Finding.TOO_FEW_WINDOWS: "too few windows to prove anything",
    Finding.METRICS_STALE: "the metrics are old",
    Finding.METRICS_MISSING: "there are no metrics",
}


def refusal(name: str) -> str:
    """Return why there is no failover, in words; a name that is not known as it is."""
    return REFUSALS.get(name, name.replace("_", " "))
