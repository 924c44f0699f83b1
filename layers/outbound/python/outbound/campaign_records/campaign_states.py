"""What CXone's words for a campaign's status mean for those who steer it."""

from __future__ import annotations

from outbound.cxone.ports.campaigns import CampaignRecord, CampaignStatus
from outbound.steering.situation import CampaignState

# Assumption: these words tell of a campaign that dials no more. Any other word that is not known is UNKNOWN.
_ENDED = frozenset(
    {
        "COMPLETED",
        "STOPPING",
        "STOPPED",
        "ARCHIVED",
        "DISABLED",
        "ENDED",
        "FINISHED",
        "CANCELLED",
        "CANCELED",
        "EXPIRED",
        "DELETED",
    }
)
_STATES = {
    "ACTIVE": CampaignState.ACTIVE,
    "PAUSING": CampaignState.PAUSING,
    "PAUSED": CampaignState.PAUSED,
}
_OF_STATUS = {
    CampaignStatus.ACTIVE: CampaignState.ACTIVE,
    CampaignStatus.PAUSING: CampaignState.PAUSING,
    CampaignStatus.PAUSED: CampaignState.PAUSED,
    CampaignStatus.OTHER: CampaignState.UNKNOWN,
}


def state_named(status_name: str) -> CampaignState:
    """Return the state that CXone's word stands for, in capitals or not; UNKNOWN for any other word."""
    word = status_name.strip().upper()
    return CampaignState.ENDED if word in _ENDED else _STATES.get(word, CampaignState.UNKNOWN)


def state_of(record: CampaignRecord) -> CampaignState:
    """Return the state of a campaign as CXone has it."""
    known = _OF_STATUS[record.status]
    return state_named(record.status_name) if known is CampaignState.UNKNOWN else known
