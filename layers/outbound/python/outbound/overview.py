"""Gathers, each minute, what the stack's work has come to, so that the dashboard reads it with few calls.

Each capability tells what it has of a campaign; here it becomes one item a campaign, and one of the stack. A
campaign whose ledgers cannot be read keeps its last item, whose age the page shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from outbound.archive.overview import archive_view
from outbound.archive.runs import ArchiveRuns
from outbound.campaign_records.overviews import CampaignOverview, ContactsView, Overviews, StackOverview
from outbound.clock import Clock, Deadline, Invocation
from outbound.dispositions.ledger import DispositionLedger
from outbound.dispositions.overview import WaitingDispositions
from outbound.logs import logger
from outbound.metrics import FunctionMetric, measure
from outbound.outcomes.jobs import Jobs
from outbound.outcomes.overview import PullOverviews
from outbound.problems.log import ProblemLog
from outbound.problems.overview import problems_of_the_day
from outbound.runtime import Runtime, Work
from outbound.segments.overview import contacts_views
from outbound.segments.runs import SegmentRuns
from outbound.store.registry import Campaign

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# What one campaign can do wrong: AWS refuses, or an item is not what it should be.
_FAILURES = (BotoCoreError, ClientError, LookupError, TypeError, ValueError)
_COUNTS: Sequence[Any] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class DeadLetters:
    """Counts the messages of dead-letter queues."""

    def __init__(self, client: SQSClient, names: Sequence[str], stack: str) -> None:
        """Look at the queues of these names."""
        self._client = client
        self._names = names
        self._stack = stack
        self._urls: dict[str, str] = {}

    def counted(self) -> dict[str, int | None]:
        """Return how many messages each queue has, by its name in `outbound queues`; None: unknown."""
        return {self._shown(name): self._count(name) for name in self._names}

    def _count(self, name: str) -> int | None:
        try:
            if name not in self._urls:
                self._urls[name] = self._client.get_queue_url(QueueName=name)["QueueUrl"]
            answer = self._client.get_queue_attributes(QueueUrl=self._urls[name], AttributeNames=_COUNTS)
            return sum(int(count) for count in answer["Attributes"].values())
        except (BotoCoreError, ClientError) as error:
            logger.error("a queue cannot be counted", extra={"queue": name, "reason": type(error).__name__})
            measure(FunctionMetric.MESSAGES_FAILED)
            return None

    def _shown(self, name: str) -> str:
        return name.removeprefix(f"{self._stack}-").partition("DeadLetters")[0]


class OverviewRecorder:
    """Writes the overviews of all registered campaigns and of the stack."""

    def __init__(self, runtime: Runtime, dead_letters: DeadLetters) -> None:
        """Read the ledgers of the runtime's stack."""
        table, tenant = runtime.state, runtime.tenant
        self._clock: Clock = runtime.clock
        self._registry = runtime.registry
        self._overviews = Overviews(table, tenant)
        self._jobs = Jobs(table, tenant)
        self._segments = SegmentRuns(table, tenant)
        self._archives = ArchiveRuns(table, tenant)
        self._dispositions = DispositionLedger(table, tenant)
        self._problems = ProblemLog(table, tenant, runtime.clock)
        self._dead_letters = dead_letters

    def record(self, deadline: Deadline) -> dict[str, int]:
        """Write all overviews, the oldest first, until the deadline; return how many of campaigns."""
        waiting = WaitingDispositions(self._dispositions, self._clock.now())
        self._record_stack(waiting)
        noted = self._overviews.noted()
        campaigns = sorted(self._registry.all(), key=lambda each: noted.get(each.campaign_id, 0.0))
        contacts = contacts_views(self._segments, [each.campaign_id for each in campaigns])
        pulls = PullOverviews(self._jobs)
        done = 0
        for campaign in campaigns:
            if deadline.left() <= 0:
                logger.warning("more campaigns than a minute has time for", extra={"recorded": done})
                break
            done += self._record(campaign, pulls, contacts, waiting)
        return {"campaigns": done}

    def _record_stack(self, waiting: WaitingDispositions) -> None:
        now = self._clock.now()
        problems, are_least = problems_of_the_day(self._problems, now)
        overview = StackOverview(now, self._dead_letters.counted(), problems, are_least, waiting.of_all())
        self._overviews.put_stack(overview)

    def _record(
        self,
        campaign: Campaign,
        pulls: PullOverviews,
        contacts: Mapping[str, ContactsView],
        waiting: WaitingDispositions,
    ) -> bool:
        try:
            overview = CampaignOverview(
                campaign_id=campaign.campaign_id,
                name=campaign.name,
                noted_at=self._clock.now(),
                is_pulled=campaign.enabled,
                pulls=pulls.of(campaign),
                contacts=contacts.get(campaign.campaign_id),
                archive=archive_view(self._archives, campaign.campaign_id),
                waiting=waiting.of(campaign.campaign_id),
            )
            return self._overviews.put(overview)
        except _FAILURES:
            logger.exception(
                "a campaign's overview was not written", extra={"campaign_id": campaign.campaign_id}
            )
            measure(FunctionMetric.MESSAGES_FAILED)
            return False


def build(runtime: Runtime) -> Work:
    """Return the work of the function that writes the overviews; it answers with how many it wrote."""
    names = runtime.name("DEAD_LETTER_QUEUES").split(",")
    dead_letters = DeadLetters(runtime.client("sqs"), names, runtime.name("STACK_NAME"))
    recorder = OverviewRecorder(runtime, dead_letters)

    def record(_: dict[str, Any], invocation: Invocation) -> dict[str, int]:
        return recorder.record(runtime.deadline(invocation))

    return record
