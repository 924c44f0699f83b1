"""The control of campaigns, wired as its function wires it, on moto and a sandbox tenant."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from faults import QueueTrigger

from outbound.archive.campaign_hold import HoldReleaser
from outbound.campaign_records.held_campaigns import HeldCampaigns
from outbound.campaign_records.journals import CampaignJournal, Journals
from outbound.campaigns.control.controller import CampaignControl
from outbound.campaigns.control.messages import StateMessages
from outbound.campaigns.control.seen import Seen
from outbound.campaigns.control.situations import SituationReader
from outbound.campaigns.registration import Registrar
from outbound.clock import Deadline, format_time
from outbound.events import Event
from outbound.queues import work
from outbound.steering.transitions import Party, StateDecision, Target
from outbound.store.holds import Holds
from outbound.store.outbox import DUE_FACTS
from sandbox.running import StatusAsked, Tenant
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock, Invocation, sqs_event
from worlds.provisioning import message
from worlds.runtime import WorldRuntime
from worlds.subscriptions import configure

QUEUE = "control-campaigns"
TENANT = ENVIRONMENT["TENANT"]
DIALS, PAUSED, ENDED = "spring", "summer", "autumn"
# One that is not registered, and one whose calls take ten minutes to end.
STRAY, SLOW = "stray", "slow"


def tenant_of_campaigns() -> dict[str, Any]:
    """A tenant's world: campaigns that dial, one that is paused, one that has ended."""
    statuses = {DIALS: "ACTIVE", PAUSED: "PAUSED", ENDED: "COMPLETED", STRAY: "ACTIVE", SLOW: "ACTIVE"}
    span = {"calls": 0, "from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"}
    campaigns = [
        {"id": each, "status": status, **span, "pause_seconds": 600 if each == SLOW else 0}
        for each, status in statuses.items()
    ]
    return {"quotas": {"campaigns": None, "archive": None}, "campaigns": campaigns}


class ControlWorld:
    """Journals, the queue before them, the bus behind them, and a tenant with campaigns; it is midday."""

    def __init__(self, aws: AwsWorld, clock: FakeClock, tenant: Tenant) -> None:
        self.aws = aws
        self.clock = clock
        self.tenant = tenant
        clock.advance(hours=4)
        tenant.reset()
        tenant.clear_faults()
        configure(aws, tenant.url)
        arn = f"arn:aws:sqs:us-east-1:123456789012:{QUEUE}"
        self.trigger = QueueTrigger(aws.sqs, aws.queue_urls[QUEUE], arn, self.handle)
        self._numbers = count(1)
        self.start_afresh()
        for campaign_id in (DIALS, PAUSED, ENDED):
            self.register(campaign_id, time_zone="America/New_York")

    def start_afresh(self) -> None:
        """Wire everything anew, as a cold start does."""
        self.runtime = WorldRuntime(self.aws, self.clock, QUEUE)
        self.journals = Journals(self.runtime.state, self.runtime.tenant)
        self.holds = Holds(self.runtime.state, self.runtime.tenant)

    def register(self, campaign_id: str, **calling: Any) -> None:
        """Register a campaign, or change what it says of its calls."""
        registrar = Registrar(self.runtime.registry, self.runtime.outbox, TENANT, self.clock)
        registrar.change(campaign_id, {"calling": calling}, new=True)

    @property
    def control(self) -> CampaignControl:
        return CampaignControl.of(self.runtime, Deadline(self.clock, 50))

    @property
    def reader(self) -> SituationReader:
        return SituationReader.of(self.runtime, Deadline(self.clock, 50))

    # What happens

    def hold(self, campaign_id: str, owner: str = "archive#1") -> None:
        """Let an archive hold a campaign."""
        self.holds.place(campaign_id, owner, 1, True, self.clock.now())

    def release(self, campaign_id: str, owner: str = "archive#1") -> None:
        """End a hold, without a resume."""
        hold = self.holds.get(campaign_id, owner)
        assert hold is not None
        self.holds.mark_releasing(hold)
        self.holds.end(hold, self.clock.now())

    @property
    def held_campaigns(self) -> HeldCampaigns:
        return HeldCampaigns(self.runtime.ports.campaigns, self.journals, self.clock)

    def archive_pauses(self, campaign_id: str, owner: str = "archive#1") -> None:
        """Let an archive hold a campaign that dials, and pause it."""
        self.clock.advance(seconds=1)
        now = self.clock.now()
        self.holds.place(campaign_id, owner, 1, True, now)
        self.holds.request_pause(campaign_id, owner, 1, now, now + timedelta(seconds=60))
        self.held_campaigns.pause(campaign_id)
        self.holds.confirm_pause(campaign_id, owner, 1, self.clock.now())

    def archive_releases(self, campaign_id: str, owner: str = "archive#1") -> None:
        """Let an archive release its hold, as its run or the sweeper does."""
        self.clock.advance(seconds=1)
        HoldReleaser(self.held_campaigns, self.holds, self.clock).release(campaign_id, owner, 1)

    def requested(self, campaign_id: str, target: str, event_id: str = "", **data: Any) -> Event:
        """A request of now."""
        data = {"campaign_id": campaign_id, "target_state": target, **data}
        return self.event("campaign.transition.requested", data, event_id)

    def reported(self, campaign_id: str, status: str, at: datetime | None = None) -> Event:
        """A report of CXone's, of now unless it says otherwise."""
        data = {"campaign_id": campaign_id, "campaign": {"id": campaign_id, "status": status}}
        return self.event("campaign.state_changed", data, "", at)

    def event(
        self, event_type: str, data: Mapping[str, Any], event_id: str = "", at: datetime | None = None
    ) -> Event:
        """An event of now, unless it says otherwise."""
        event_id = event_id or f"event-{next(self._numbers)}"
        return Event(event_id, event_type, format_time(at or self.clock.now()), event_id, TENANT, data)

    def handle(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Take a batch, as the function does."""
        messages = StateMessages.of(self.runtime, Deadline(self.clock, 50))
        return work(event, self.runtime.queue, messages.take, Invocation(60))

    def take(self, *events: Event) -> list[str]:
        """Hand events to the function in one batch; return the ids of the messages that come back."""
        answer = self.handle(sqs_event(QUEUE, *(message(event) for event in events)))
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def put(self, *events: Event) -> None:
        """Put events on the queue."""
        for event in events:
            self.aws.sqs.send_message(QueueUrl=self.aws.queue_urls[QUEUE], MessageBody=message(event))

    def ask(self, campaign_id: str, target: str, event_id: str = "", **data: Any) -> None:
        """Ask for a state, and let the function come to its end with it; a second passes before."""
        self.clock.advance(seconds=1)
        assert self.take(self.requested(campaign_id, target, event_id, **data)) == []

    def another_party(self, campaign_id: str, status: str) -> None:
        """Let another party bring a campaign into a state in CXone."""
        self.tenant.set_campaign_status(campaign_id, status)

    def decide(self, campaign_id: str, target: Target, party: Party = Party.FAILOVER) -> str:
        """Decide for a state, as a failover does; return what becomes of it."""
        self.clock.advance(seconds=1)
        decision = StateDecision(f"decision-{next(self._numbers)}", target, self.clock.now(), party)
        verdict = self.control.request(
            campaign_id, decision, reason="", requested_by=party.value, correlation_id=""
        )
        return verdict.outcome.value

    def tick(self, campaign_id: str) -> Seen:
        """What the schedule does of a campaign, some minutes later."""
        self.clock.advance(minutes=3)
        return self.control.reconcile(campaign_id)

    def sweep(self) -> int:
        """Publish what was left behind."""
        self.clock.advance(minutes=10)
        return self.runtime.sweep()[DUE_FACTS]

    # What came of it

    def status(self, campaign_id: str) -> str:
        """What the campaign does in CXone."""
        return self.tenant.campaign_status(campaign_id).status

    def changes(self, campaign_id: str) -> list[StatusAsked]:
        """What CXone was asked to do with the campaign, and by whom."""
        return list(self.tenant.campaign_status(campaign_id).changes)

    def journal(self, campaign_id: str) -> CampaignJournal:
        return self.journals.get(campaign_id)

    def facts(self, campaign_id: str = "") -> list[dict[str, Any]]:
        """Every fact about a transition, once, as it was published."""
        told = {fact["event_id"]: fact for fact in self.aws.published()}.values()
        kinds = ("campaign.transitioned", "campaign.transition_refused")
        found = [fact for fact in told if fact["event_type"] in kinds]
        return [fact for fact in found if campaign_id in ("", fact["data"]["campaign_id"])]

    def said(self, campaign_id: str) -> list[tuple[str, ...]]:
        """What was said of a campaign, shortly: who and what became of it."""
        return [_shortly(fact) for fact in self.facts(campaign_id)]


def _shortly(fact: Mapping[str, Any]) -> tuple[str, ...]:
    data = fact["data"]
    if fact["event_type"] == "campaign.transitioned":
        return data["party"], data["from_state"], data["to_state"]
    return data["party"], data["target_state"], data["status"], *data["reasons"]
