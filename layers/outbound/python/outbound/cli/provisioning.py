"""`outbound campaigns provision` and `show`: campaigns that are created in CXone, and how one is."""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from outbound.calling.settings import ComplianceSettings
from outbound.campaign_ids import is_campaign_id
from outbound.campaigns.checks import Checked, Lookups, check, named_things
from outbound.campaigns.lookups import PlanLookups, backup_chain
from outbound.campaigns.plan import CampaignPlan
from outbound.campaigns.provision_requests import differences, name_taken
from outbound.campaigns.provisions import Provision, Provisions
from outbound.cli.errors import REFUSED, explained
from outbound.cli.json_files import json_object
from outbound.cli.output import Output
from outbound.cli.stack import Stack, StackNotFound
from outbound.cli.steering import steering_of
from outbound.clock import Deadline, SystemClock, format_time
from outbound.complaints import Complaint
from outbound.compliance.rules import packaged_rules
from outbound.cxone.errors import CxoneError
from outbound.events import EventType, event_of_type
from outbound.events.requests.by_type import validated
from outbound.settings import ConfigurationError
from outbound.store.registry import Campaign

# What a look into CXone may take.
_SECONDS = 45.0
# Why something could not be looked at; the check goes on without it.
_OUT_OF_REACH = (StackNotFound, BotoCoreError, ClientError, ConfigurationError, CxoneError)


@dataclass(slots=True)
class _Plan:
    """A plan with what was found out about it."""

    document: Mapping[str, Any]
    checked: Checked
    not_checked: list[str]
    known: Provision | None = None


def add_provisioning(commands: Any) -> None:
    """Add these commands to their group."""
    provision = commands.add_parser("provision", help="create a campaign in CXone, paused, and register it")
    provision.description = (
        "Everything that is wrong with it is named at once. Sent again, it is the same campaign. It does not"
        " dial before it is started."
    )
    provision.add_argument("file", type=Path, metavar="FILE", help="a JSON document; README has an example")
    provision.add_argument(
        "--dry-run", action="store_true", help="check only; without a stack, what can be without one"
    )
    # A dry run needs no stack, so the command asks for it itself.
    provision.set_defaults(run=_provision, needs_stack=False)

    show = commands.add_parser("show", help="all that is known of a campaign, also while it is provisioned")
    show.add_argument("campaign_id", metavar="ID", help="its id in CXone, or its key or name as provisioned")
    show.set_defaults(run=_show)


def _provision(_: Stack | None, chosen: argparse.Namespace, output: Output) -> int | None:
    document = json_object(chosen.file)
    stack, why = _stack(chosen)
    plan = _checked(document, stack, why)
    if plan.checked.plan is None:
        output.text(_refusal(chosen.file, plan), _report(plan, chosen.dry_run))
        return REFUSED
    if chosen.dry_run or stack is None:
        output.text(_acceptance(plan.checked.plan, plan), _report(plan, dry_run=True))
        return None
    _request(stack, plan, plan.checked.plan, output)
    return None


def _stack(chosen: argparse.Namespace) -> tuple[Stack | None, str]:
    """Return the stack; for a dry run None where there is none, and why."""
    try:
        return Stack.named(chosen.stack), ""
    except (StackNotFound, BotoCoreError, ClientError) as error:
        if not chosen.dry_run:
            raise
        return None, explained(error)[0]


def _checked(document: Mapping[str, Any], stack: Stack | None, why: str) -> _Plan:
    if stack is None:
        today = SystemClock().now().date()
        checked = check(document, packaged_rules(), today)
        return _Plan(document, checked, [f"settings, list, backup and name: {why}"])
    rules, today = stack.documents.get("compliance", ComplianceSettings).rules, stack.clock.now().date()
    lookups, not_checked = _lookups(document, stack)
    checked = check(document, rules, today, lookups)
    if checked.plan is None:
        return _Plan(document, checked, not_checked)
    # Looked for first: what the function creates meanwhile is in the ledger by then.
    taken = None if not_checked else _taken(checked.plan.name, stack, not_checked)
    known = _provisions(stack).get(checked.plan.name)
    if complaints := _conflicts(checked.plan, known, taken):
        checked = Checked(None, tuple(complaints), checked.warnings)
    return _Plan(document, checked, not_checked, known)


def _conflicts(plan: CampaignPlan, known: Provision | None, taken: Complaint | None) -> list[Complaint]:
    """Return why a name cannot be this plan's; none where it is free, or the plan's own already."""
    if known and known.is_settled:
        return differences(known, plan) if known.digest != plan.digest() else []
    return [taken] if taken else []


def _taken(name: str, stack: Stack, not_checked: list[str]) -> Complaint | None:
    """Return the complaint where CXone has a campaign of the name already."""
    try:
        return name_taken(stack.cxone.until(Deadline(stack.clock, _SECONDS)).campaigns.find(name))
    except _OUT_OF_REACH as error:
        not_checked.append(f"name, by CXone: {error}")
        return None


def _lookups(document: Mapping[str, Any], stack: Stack) -> tuple[Lookups, list[str]]:
    """Look up what a plan names; where CXone is out of reach, in the registry alone."""
    try:
        cxone = stack.cxone.until(Deadline(stack.clock, _SECONDS))
        return PlanLookups(cxone.campaigns, cxone.contact_lists, stack.registry).look_up(document), []
    except _OUT_OF_REACH as error:
        chain = backup_chain(stack.registry, named_things(document)[1])
        return Lookups(backup_chain=chain), [f"list, backup and name, by CXone: {error}"]


def _request(stack: Stack, plan: _Plan, checked: CampaignPlan, output: Output) -> None:
    known = plan.known
    if known and known.campaign_id and known.digest == checked.digest():
        sentence = f"{checked.name} is provisioned already: {known.campaign_id}"
        output.said(sentence, campaign_id=known.campaign_id, key=known.key, request_id=None)
        return
    now = stack.clock.now()
    # Asking twice is two requests, and one campaign.
    unique = [secrets.token_hex(16)]
    data = validated(EventType.PROVISION_REQUESTED, plan.document)
    event = event_of_type(EventType.PROVISION_REQUESTED, stack.tenant, now, unique, data)
    stack.bus.publish([event])
    lines = [
        *_remarks(plan),
        f"asked for {checked.name}; request {event.event_id}",
        f"see how far it is: outbound campaigns show {checked.key}",
    ]
    output.text("\n".join(lines), {**_report(plan, dry_run=False), "request_id": event.event_id})


def _report(plan: _Plan, dry_run: bool) -> dict[str, Any]:
    checked = plan.checked
    return {
        "accepted": checked.plan is not None,
        "dry_run": dry_run,
        "name": checked.plan.name if checked.plan else None,
        "key": checked.plan.key if checked.plan else None,
        "complaints": [asdict(each) for each in checked.complaints],
        "warnings": [asdict(each) for each in checked.warnings],
        "not_checked": plan.not_checked,
    }


def _refusal(file: Path, plan: _Plan) -> str:
    count = len(plan.checked.complaints)
    head = f"{file} is refused for {count} {'reason' if count == 1 else 'reasons'}:"
    return "\n".join([head, *_lines(plan.checked.complaints), *_remarks(plan)])


def _acceptance(checked: CampaignPlan, plan: _Plan) -> str:
    return "\n".join([f"{checked.name} may be provisioned (key {checked.key})", *_remarks(plan)])


def _remarks(plan: _Plan) -> list[str]:
    warnings = [f"  warning: {each}" for each in plan.checked.warnings]
    return [*warnings, *(f"  not checked: {each}" for each in plan.not_checked)]


def _lines(complaints: Sequence[Complaint]) -> list[str]:
    return [f"  {each.rule}: {each}" for each in complaints]


def _show(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    provision = _provision_of(stack, chosen.campaign_id)
    campaign_id = provision.campaign_id if provision and provision.campaign_id else chosen.campaign_id
    campaign = stack.registry.get(campaign_id)
    steering = steering_of(stack, campaign_id)
    if campaign is None and provision is None and steering is None:
        raise ValueError(
            f"{campaign_id} is neither registered nor provisioned; what was asked for a moment ago is seen in"
            " some seconds, what was refused in `outbound problems`; what CXone has already is known after:"
            f" outbound campaigns register {campaign_id if is_campaign_id(campaign_id) else 'ID'}"
        )
    has_id = provision is not None and provision.campaign_id != ""
    known = campaign is not None or steering is not None or has_id
    output.record(
        {
            "campaign_id": campaign_id if known else None,
            "name": campaign.name if campaign else provision.name if provision else None,
            "registration": _registration(campaign),
            "calling": dict(campaign.calling) if campaign else None,
            "provisioning": _provisioning(provision),
            "steering": steering,
            "cxone": _in_cxone(stack, campaign_id) if known else None,
        }
    )


def _provision_of(stack: Stack, wanted: str) -> Provision | None:
    """Return the provisioning of a campaign by its name, its key or its id in CXone."""
    provisions = _provisions(stack)
    named = provisions.get(wanted) or provisions.get(provisions.name_of_key(wanted))
    return named or next((each for each in provisions.all() if each.campaign_id == wanted), None)


def _provisions(stack: Stack) -> Provisions:
    return Provisions(stack.state, stack.tenant)


def _registration(campaign: Campaign | None) -> dict[str, Any] | None:
    if campaign is None:
        return None
    return {
        "enabled": campaign.enabled,
        "revision": campaign.revision,
        "outcome_codes": list(campaign.outcome_codes),
        "start": format_time(campaign.start) if campaign.start else None,
        "planned_until": format_time(campaign.planned_until) if campaign.planned_until else None,
    }


def _provisioning(provision: Provision | None) -> dict[str, Any] | None:
    if provision is None:
        return None
    return {
        "state": provision.state.value,
        "key": provision.key,
        "request_id": provision.request_id,
        "requested_at": format_time(provision.requested_at),
        "created_at": format_time(provision.created_at) if provision.created_at else None,
        "complaints": list(provision.complaints),
    }


def _in_cxone(stack: Stack, campaign_id: str) -> dict[str, Any]:
    """Return how a campaign is in CXone, or why that cannot be said."""
    try:
        record = stack.cxone.until(Deadline(stack.clock, _SECONDS)).campaigns.read(campaign_id)
    except _OUT_OF_REACH as error:
        return {"status": None, "why": str(error)}
    return {
        "status": record.status_name or None,
        "calls_under_way": record.calls_under_way,
        "contact_list_id": record.contact_list_id or None,
        "queue_id": record.queue_id or None,
        "version": record.version or None,
    }
