"""How many dispositions wait for contacts in the dialer's hands, for the overview."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from outbound.campaign_records.overviews import WaitingView
from outbound.clock import parse_time
from outbound.dispositions.ledger import DispositionLedger

# The oldest of all campaigns together; where there are more, a count says that it is the least.
MOST_COUNTED = 2000


class WaitingDispositions:
    """Counts what waits, as it is when it is made."""

    def __init__(self, ledger: DispositionLedger, now: datetime) -> None:
        """Look what waits."""
        self._since: dict[str, list[datetime]] = defaultdict(list)
        for item in ledger.waiting(now, MOST_COUNTED):
            self._since[str(item.get("campaign_id", ""))].append(parse_time(item["deferred_since"]))
        self._is_least = sum(map(len, self._since.values())) >= MOST_COUNTED

    def of(self, campaign_id: str) -> WaitingView:
        """Return what waits for contacts of a campaign."""
        return self._view(self._since.get(campaign_id, []))

    def of_all(self) -> WaitingView:
        """Return what waits for contacts of all campaigns."""
        return self._view([since for of_one in self._since.values() for since in of_one])

    def _view(self, since: list[datetime]) -> WaitingView:
        return WaitingView(len(since), min(since, default=None), self._is_least)
