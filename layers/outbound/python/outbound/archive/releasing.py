"""Releasing a hold: a campaign dials again exactly when it should, whoever releases and however often.

It is resumed when this hold was the last one, it dialled before, nobody asked for a pause meanwhile, and it
is still paused: one that dials already, or that somebody has ended, is left as it is. A pause that was asked
for by a run that was cut off may still be on its way: its hold then stays, and somebody looks again once it
can no longer arrive.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from outbound.clock import Clock
from outbound.cxone.errors import NotFound
from outbound.cxone.ports.campaigns import CampaignsPort, CampaignStatus
from outbound.observability import Metric, logger, measure
from outbound.store.holds import Hold, Holds, others

# What our own pause makes of a campaign. From any other state we must not make it dial.
_OUR_PAUSE = frozenset({CampaignStatus.PAUSED, CampaignStatus.PAUSING})
# A call that left before its function was ended has arrived by then.
_UNDER_WAY = timedelta(seconds=60)


class Releaser:
    """Releases holds."""

    def __init__(self, port: CampaignsPort, holds: Holds, clock: Clock) -> None:
        """Resume through this port."""
        self._port = port
        self._holds = holds
        self._clock = clock

    def release(self, campaign_id: str, owner: str, fence: int) -> bool:
        """Release an owner's hold and say whether that is all; False where somebody has to look again.

        Without effect where a later execution of the owner holds the campaign. Raises the errors of CXone.
        """
        hold = self._holds.get(campaign_id, owner)
        if hold is None or hold.fence > fence or not self._holds.releasing(hold):
            return True
        if self._is_last(hold):
            self._resume(hold)
        now = self._clock.now()
        if hold.asking_until > now.timestamp():
            at = datetime.fromtimestamp(hold.asking_until, UTC) + _UNDER_WAY
            self._holds.look_again(hold, at)
            return False
        self._holds.take_out(hold, now)
        return True

    def _is_last(self, hold: Hold) -> bool:
        return not others(self._holds.standing(hold.campaign_id), hold.owner)

    def _resume(self, hold: Hold) -> None:
        """Let a campaign dial again, if it should and does not."""
        if not hold.was_active or hold.to_stay_paused:
            return
        try:
            status = self._port.status(hold.campaign_id)
            if status not in _OUR_PAUSE:
                said = {"campaign_id": hold.campaign_id, "status": status.value}
                logger.info("a held campaign is not paused any more and is left as it is", extra=said)
                return
            self._port.resume(hold.campaign_id)
        except NotFound:
            logger.warning("a held campaign is gone", extra={"campaign_id": hold.campaign_id})
            return
        measure(Metric.CAMPAIGNS_RESUMED)
        logger.info("a campaign is resumed", extra={"campaign_id": hold.campaign_id, "owner": hold.owner})
