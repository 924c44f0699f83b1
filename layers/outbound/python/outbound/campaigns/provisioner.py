"""Provisions campaigns: each is created in CXone once, paused, and registered, whatever is cut off.

    checked       --complaints--> rejected, all of them named
    known?        --registered--> what it still carries is published, nothing else
                  --the name has other fields, the key another name--> rejected as a conflict
    looked up     list, backup --complaints--> rejected
    opened        the name and the key are this plan's
    claimed       --another invocation has it--> comes back
    looked for    by name --CXone has one that we did not create--> rejected as a conflict
    noted         that the request leaves now, before it does
    created       --refused--> rejected   --no answer--> comes back, and looks for it by name; once what was
                  lost can no longer arrive, it is created again, with the same idempotency key
    registered    with what it says of its calls; the schedule's next tick plans its first pull
    published     `campaign.provisioned`, by which its webhooks are registered too

It is never started here: that is a request of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from outbound.calling.settings import ComplianceSettings
from outbound.campaigns.lookups import PlanLookups
from outbound.campaigns.metrics import CampaignMetric
from outbound.campaigns.plan import CampaignPlan
from outbound.campaigns.provision_facts import provision_rejected, provisioned
from outbound.campaigns.provision_requests import (
    Overtaken,
    ProvisionRejected,
    ProvisionRequests,
    created_for,
    name_taken,
)
from outbound.campaigns.provisions import Provision, Provisions, ProvisionState
from outbound.campaigns.registration import Registrar, RegistrationConflict
from outbound.clock import Clock, Deadline, Invocation
from outbound.complaints import Complaint
from outbound.compliance.rules import Rules
from outbound.cxone.errors import Conflict, CxoneError, InvalidRequest, OutOfTime
from outbound.cxone.ports.campaigns import CampaignRecord, CampaignsPort
from outbound.events import Bus, Event, EventType
from outbound.logs import logger
from outbound.metrics import measure
from outbound.queues import Refused, TryLater, event_of, exponential_backoff, work
from outbound.runtime import Runtime, Work
from outbound.store.outbox import Outbox

SETTLING = timedelta(seconds=120)
"""How long a request to create a campaign may still arrive after its answer was lost."""

# A claim runs out that long after the function was to hand over, at the least: by then it has ended.
_CLAIM_SECONDS = 15.0
# When CXone is down, or another invocation is at work, in seconds, at first.
_AGAIN_SECONDS = 5.0
# A refusal quotes a type that it does not know up to this length: it may be anything.
_LONGEST_QUOTED = 64


class Provisioner:
    """Provisions the campaigns of one tenant."""

    def __init__(
        self,
        port: CampaignsPort,
        requests: ProvisionRequests,
        provisions: Provisions,
        registrar: Registrar,
        outbox: Outbox,
        bus: Bus,
        clock: Clock,
    ) -> None:
        """Create campaigns through a port.

        Args:
            port: CXone's campaigns, whose calls end before the invocation does.
            requests: Checks what is asked for.
            provisions: Decides which request creates a campaign.
            registrar: Registers what was created.
            outbox: Publishes the facts that the ledger's items carry.
            bus: Takes refusals of what has no item.
            clock: What tells the time.
        """
        self._port = port
        self._requests = requests
        self._provisions = provisions
        self._registrar = registrar
        self._outbox = outbox
        self._bus = bus
        self._clock = clock

    @classmethod
    def of(cls, runtime: Runtime, deadline: Deadline) -> Provisioner:
        """Return the provisioner of one invocation, whose calls of CXone end before a deadline."""
        cxone, documents, clock = runtime.cxone.until(deadline), runtime.documents, runtime.clock
        provisions = Provisions(runtime.state, runtime.tenant)
        lookups = PlanLookups(cxone.campaigns, cxone.contact_lists, runtime.registry)

        def rules() -> Rules:
            return documents.get("compliance", ComplianceSettings).rules

        return cls(
            cxone.campaigns,
            ProvisionRequests(lookups, provisions, rules, clock),
            provisions,
            Registrar(runtime.registry, runtime.outbox, runtime.tenant, clock),
            runtime.outbox,
            runtime.bus,
            clock,
        )

    def take(self, record: Mapping[str, Any], deadline: Deadline) -> None:
        """Provision what one message asks for; return when its end is durable.

        Raises:
            TryLater: Time helps.
            Refused: The message is not a request to provision, or needs an operator.
        """
        event = event_of(record)
        if event.event_type != EventType.PROVISION_REQUESTED:
            quoted = event.event_type[:_LONGEST_QUOTED]
            raise Refused(f"an event of the type {quoted!r} asks for no campaign")
        logger.append_keys(correlation_id=event.correlation_id)
        try:
            self.provision(event, deadline)
        except CxoneError as error:
            if not error.retryable:
                # No other try of the same message helps; an operator puts it right, and redrives.
                raise Refused(str(error)) from error
            raise _later(error, record, self._clock.now()) from error
        except (Overtaken, RegistrationConflict) as error:
            raise exponential_backoff(record, "another run is at work on it", _AGAIN_SECONDS) from error

    def provision(self, event: Event, deadline: Deadline) -> None:
        """Create and register the campaign that an event asks for, or reject it with all complaints."""
        try:
            provision, plan = self._requests.open(event)
            self._resume(provision, plan, event, deadline)
        except ProvisionRejected as rejected:
            self._bus.publish([self._rejection(event, rejected.reason, rejected.complaints)])

    def _resume(self, known: Provision, plan: CampaignPlan, event: Event, deadline: Deadline) -> None:
        """Go on from where the provisioning of a campaign is."""
        if known.state in (ProvisionState.REGISTERED, ProvisionState.REJECTED):
            self._outbox.publish_or_leave(self._provisions.key(known.name), known.item)
            return
        now = self._clock.now()
        until = now + timedelta(seconds=max(0.0, deadline.left()) + _CLAIM_SECONDS)
        claimed = self._provisions.claim(known, now, until)
        if claimed is None:
            raise Overtaken
        try:
            created = claimed if claimed.campaign_id else self._create(claimed, plan, event)
            if created is not None:
                self._register(created, plan, event)
        finally:
            self._provisions.release(claimed)

    def _create(self, claimed: Provision, plan: CampaignPlan, event: Event) -> Provision | None:
        """Create a campaign, or find the one that was created; None where CXone refuses it."""
        found = self._port.find(plan.name)
        if claimed.posted_at is None:
            if complaint := name_taken(found):
                self._reject(claimed, "conflict", complaint, event)
                return None
        elif ours := created_for(plan, found):
            return self._record_created(claimed, ours)
        else:
            self._wait_until_settled(claimed.posted_at)
        return self._post(claimed, plan, event)

    def _wait_until_settled(self, posted_at: datetime) -> None:
        """Raise TryLater while a request whose answer was lost may still arrive."""
        left = (posted_at + SETTLING - self._clock.now()).total_seconds()
        if left > 0:
            raise TryLater(left, "a request to create the campaign may still arrive")

    def _post(self, claimed: Provision, plan: CampaignPlan, event: Event) -> Provision | None:
        posting = self._provisions.mark_posting(claimed, self._clock.now())
        if posting is None:
            raise Overtaken
        try:
            record = self._port.create(plan.to_cxone(), posting.idempotency_key())
        except (InvalidRequest, Conflict) as refusal:
            # What stands in the way may be what an earlier try of ours created.
            if (record_of_ours := self._found_after(refusal, plan)) is None:
                self._refused(posting, refusal, event)
                return None
            record = record_of_ours
        except CxoneError as error:
            self._not_created(posting, error)
            raise
        return self._record_created(posting, record)

    def _found_after(self, refusal: InvalidRequest | Conflict, plan: CampaignPlan) -> CampaignRecord | None:
        """Return the campaign that an earlier try created before CXone refused a later one."""
        if not (refusal.in_doubt or isinstance(refusal, Conflict)):
            return None
        return created_for(plan, self._port.find(plan.name))

    def _not_created(self, posting: Provision, error: CxoneError) -> None:
        """Note that nothing was created; raise TryLater where it may have been, or may still be."""
        if error.in_doubt:
            logger.warning("a campaign may have been created", extra={"reason": error.reason})
            raise TryLater(_AGAIN_SECONDS, error.reason) from error
        self._provisions.mark_not_posted(posting)

    def _record_created(self, provision: Provision, record: CampaignRecord) -> Provision:
        created = self._provisions.record_created(provision, record.campaign_id, self._clock.now())
        if created is None:
            raise Overtaken
        logger.info("a campaign is created", extra={"campaign_id": record.campaign_id})
        return created

    def _register(self, created: Provision, plan: CampaignPlan, event: Event) -> None:
        """Register what was created, and record that with its fact."""
        start = created.created_at or self._clock.now()
        changes = {"name": plan.name, "start": start, "calling": plan.profile()}
        self._registrar.change(created.campaign_id, changes, new=True)
        now = self._clock.now()
        fact = provisioned(created, plan, self._provisions.tenant, event.correlation_id, now)
        registered = self._provisions.record_registered(created, fact, now)
        if registered is None:
            raise Overtaken
        measure(CampaignMetric.CAMPAIGNS_PROVISIONED)
        self._outbox.publish_or_leave(self._provisions.key(created.name), registered.item)

    def _refused(self, posting: Provision, refusal: InvalidRequest | Conflict, event: Event) -> None:
        """Record that CXone refuses a campaign, with its fact; raise TryLater where that is in doubt."""
        if refusal.in_doubt:
            self._not_created(posting, refusal)
        field = refusal.field if isinstance(refusal, InvalidRequest) else ""
        complaint = Complaint(field, "refused_by_cxone", f"CXone refuses it: {refusal}")
        self._reject(posting, "refused_by_cxone", complaint, event)

    def _reject(self, claimed: Provision, reason: str, complaint: Complaint, event: Event) -> None:
        """Record why there is no campaign, with the fact, and publish that."""
        fact = self._rejection(event, reason, [complaint])
        rejected = self._provisions.reject(claimed, [str(complaint)], fact, self._clock.now())
        if rejected is None:
            raise Overtaken
        self._outbox.publish_or_leave(self._provisions.key(claimed.name), rejected.item)

    def _rejection(self, event: Event, reason: str, complaints: Sequence[Complaint]) -> Event:
        measure(CampaignMetric.PROVISIONS_REJECTED)
        rules = sorted({complaint.rule for complaint in complaints})
        extra = {"event_id": event.event_id, "reason": reason, "rules": rules}
        logger.warning("a request to provision was rejected", extra=extra)
        return provision_rejected(event, reason, complaints, self._provisions.tenant, self._clock.now())


def _later(error: CxoneError, record: Mapping[str, Any], now: datetime) -> TryLater:
    """Return when to come back after CXone, or the quota, or the time left did not allow it."""
    if isinstance(error, OutOfTime):
        return TryLater(0, error.reason)
    if error.retry_at is not None:
        return TryLater((error.retry_at - now).total_seconds(), error.reason)
    return exponential_backoff(record, error.reason, _AGAIN_SECONDS)


def build(runtime: Runtime) -> Work:
    """Return the work of the function behind the queue of requests to provision campaigns."""
    queue = runtime.queue
    runtime.warm_up("cxone", "outbox", "registry")

    def provision(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        deadline = runtime.deadline(invocation)
        provisioner = Provisioner.of(runtime, deadline)
        return work(event, queue, lambda record: provisioner.take(record, deadline), invocation)

    return provision
