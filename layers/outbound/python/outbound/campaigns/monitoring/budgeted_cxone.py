"""CXone as a tick of the monitor asks it: so many calls and no more, and what fails is not known.

A call that finds no place in the quota, or no time, is the tick's last one.
"""

from __future__ import annotations

from dataclasses import dataclass

from outbound.campaign_records.journals import JournalBusy
from outbound.campaigns.control.controller import CampaignControl
from outbound.campaigns.control.seen import Seen
from outbound.clock import Deadline
from outbound.cxone.adapters import Cxone
from outbound.cxone.errors import CxoneError, NotFound, OutOfTime, RateLimited
from outbound.cxone.ports.metrics import CampaignMetrics
from outbound.logs import logger
from outbound.runtime import Runtime

# What a question takes of the tick's calls; bringing a campaign to another state takes two more.
_QUESTION, _COMMAND = 1, 2
_LONGEST_REASON = 300


@dataclass(slots=True)
class CallBudget:
    """How many calls of CXone a tick has left."""

    left: int

    def take(self, calls: int) -> bool:
        """Take so many calls; return False where there are fewer."""
        if self.left < calls:
            return False
        self.left -= calls
        return True

    def end(self) -> None:
        """Leave none: CXone takes no more calls now, or time is up."""
        self.left = 0


class BudgetedCxone:
    """Asks CXone about campaigns in one tick."""

    def __init__(
        self, cxone: Cxone, control: CampaignControl, budget: CallBudget, window_minutes: int
    ) -> None:
        """Ask through these ports.

        Args:
            cxone: The ports, whose calls end before the invocation does.
            control: Brings campaigns to what is wanted of them.
            budget: How many calls there may be.
            window_minutes: The length of the windows that metrics are asked for.
        """
        self._cxone = cxone
        self.control = control
        self._budget = budget
        self._window_minutes = window_minutes

    @classmethod
    def of(
        cls, runtime: Runtime, deadline: Deadline, budget: CallBudget, window_minutes: int
    ) -> BudgetedCxone:
        """Return the CXone of one tick, whose calls end before a deadline."""
        control = CampaignControl.of(runtime, deadline)
        return cls(runtime.cxone.until(deadline), control, budget, window_minutes)

    def seen(self, campaign_id: str, *, with_command: bool = False) -> Seen | None:
        """Return a campaign as CXone has it, brought to what is wanted; None where CXone does not say.

        `with_command` takes the calls of a change of its state into account.
        """
        if not self._budget.take(_QUESTION + (_COMMAND if with_command else 0)):
            return None
        try:
            return self.control.reconcile(campaign_id)
        except (CxoneError, JournalBusy) as error:
            self._note_failure("a campaign could not be seen, or brought to its state", campaign_id, error)
            return None

    def metrics_of(self, campaign_id: str) -> CampaignMetrics | None:
        """Return a campaign's metrics of now; None where nothing was measured, or CXone does not say."""
        if not self._budget.take(_QUESTION):
            return None
        try:
            return self._cxone.metrics.of_campaign(campaign_id, self._window_minutes)
        except CxoneError as error:
            self._note_failure("metrics of a campaign could not be had", campaign_id, error)
            return None

    def list_passes(self, list_id: str) -> bool | None:
        """Return True if a contact list has a contact; None where that could not be found out."""
        if not list_id or not self._budget.take(_QUESTION):
            return None
        try:
            page = self._cxone.contact_lists.page(list_id, "", page=1, page_size=1)
        except NotFound:
            return False
        except CxoneError as error:
            self._note_failure("a contact list could not be looked at", list_id, error)
            return None
        return bool(page.contacts or page.total)

    def _note_failure(self, message: str, about: str, error: Exception) -> None:
        if isinstance(error, OutOfTime | RateLimited):
            self._budget.end()
        logger.warning(message, extra={"about": about, "reason": str(error)[:_LONGEST_REASON]})
