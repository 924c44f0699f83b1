"""What a request to provision comes to before anything is created: checked, looked up, opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from outbound.campaigns.checks import check, messages
from outbound.campaigns.lookups import PlanLookups
from outbound.campaigns.plan import CampaignPlan
from outbound.campaigns.provisions import Provision, Provisions, ProvisionState
from outbound.clock import Clock
from outbound.complaints import Complaint
from outbound.compliance.rules import Rules
from outbound.cxone.ports.campaigns import CampaignRecord
from outbound.events import Event

# What fields of a plan are called where it is written.
_WRITTEN = {"pacing": "predictive"}


class ProvisionRejected(Exception):
    """A request to provision that cannot be fulfilled: all complaints, and the reason as a short name."""

    def __init__(self, reason: str, complaints: Sequence[Complaint]) -> None:
        """Object to these fields."""
        super().__init__(messages(complaints))
        self.reason = reason
        self.complaints = complaints


class Overtaken(Exception):
    """Another invocation is at work on the same campaign, or took it over."""


class ProvisionRequests:
    """Opens the provisioning that events ask for."""

    def __init__(
        self, lookups: PlanLookups, provisions: Provisions, rules: Callable[[], Rules], clock: Clock
    ) -> None:
        """Check by the rules as they are now."""
        self._lookups = lookups
        self._provisions = provisions
        self._rules = rules
        self._clock = clock

    def open(self, event: Event) -> tuple[Provision, CampaignPlan]:
        """Return the ledger's item of a request, and its plan.

        Raises:
            ProvisionRejected: The plan breaks rules, or its name or key is another campaign's.
            Overtaken: Another invocation is at work on the name.
            CxoneError: It is not known whether list and backup are there.
        """
        rules, today = self._rules(), self._clock.now().date()
        plan = check(event.data, rules, today).plan
        known = self._provisions.get(plan.name) if plan else None
        if plan and known and _is_known(known, plan, event):
            return known, plan
        checked = check(event.data, rules, today, self._lookups.look_up(event.data))
        if checked.plan is None:
            raise ProvisionRejected("invalid_request", checked.complaints)
        return self._opened(checked.plan, event), checked.plan

    def _opened(self, plan: CampaignPlan, event: Event) -> Provision:
        name = self._provisions.name_of_key(plan.key)
        if name and name != plan.name:
            message = f"the key {plan.key} is that of another campaign; leave it out, or write another one"
            raise _conflict(Complaint("key", "key_taken", message))
        opened = self._provisions.open(plan, event.event_id, self._clock.now())
        provision = self._provisions.get(plan.name) if opened else None
        # Another request may have taken the name since: its fields are not this plan's.
        if provision is None or provision.digest != plan.digest():
            raise Overtaken
        return provision


def _is_known(known: Provision, plan: CampaignPlan, event: Event) -> bool:
    """Return True if an item is this plan's, so that nothing is looked up and opened again.

    What was rejected is, for the request that was rejected; sent again it is a new one.
    """
    if known.state is ProvisionState.REJECTED:
        return known.request_id == event.event_id
    if known.digest == plan.digest():
        return known.is_settled
    if known.is_settled:
        raise _conflict(*differences(known, plan))
    return False


def differences(known: Provision, plan: CampaignPlan) -> list[Complaint]:
    """Return a complaint for every field in which a plan differs from the campaign that has its name."""
    which = f"the campaign {known.campaign_id}" if known.campaign_id else "a campaign that is being created"
    message = f"differs from that of {which}, which has this name; nothing was changed"
    fields = plan.fields()
    return [
        Complaint(_WRITTEN.get(name, name), "name_taken", message)
        for name in fields
        if fields[name] != known.fields.get(name)
    ]


def _conflict(*complaints: Complaint) -> ProvisionRejected:
    return ProvisionRejected("conflict", complaints)


def name_taken(found: Sequence[CampaignRecord]) -> Complaint | None:
    """Return the complaint where CXone has a campaign of the name, which this stack did not create."""
    if not found:
        return None
    which = found[0].campaign_id
    message = f"CXone has a campaign of that name, {which}; write another name, or register that one"
    return Complaint("name", "name_taken", message)


def created_for(plan: CampaignPlan, found: Sequence[CampaignRecord]) -> CampaignRecord | None:
    """Return the campaign that a request of ours created, of those of its name; None where none is ours."""
    for record in sorted(found, key=lambda each: each.campaign_id):
        same_list = record.contact_list_id in ("", plan.contact_list_id)
        if same_list and record.queue_id in ("", plan.queue_id):
            return record
    return None
