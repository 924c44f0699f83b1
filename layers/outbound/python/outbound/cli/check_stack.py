"""What of a stack's AWS resources is not as it should be: settings, secrets, schedules, queues, alarms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from outbound.cli.document_checks import objections
from outbound.cli.findings import Finding, put_secret, safely
from outbound.cli.outcomes import stuck_jobs
from outbound.cli.queues import dead_letters
from outbound.cli.settings_reference import MODELS
from outbound.cli.stack import Stack
from outbound.clock import format_time
from outbound.deliveries.settings import DeliverySettings
from outbound.deliveries.signature import Signer
from outbound.secrets import Secrets
from outbound.settings import ConfigurationError
from outbound.webhooks.settings import CXONE, Providers

_SCHEDULES = ("plan-pulls", "plan-archives", "sweep")
_SECRETS_OF_DESTINATIONS = {"crm": "CrmSecret", "warehouse": "WarehouseSecret", "wfm": "WfmSecret"}


def settings(stack: Stack) -> Iterator[Finding]:
    """Look at every settings document that is in force."""
    for capability, model in MODELS.items():
        fix = f"outbound config show {capability} > {capability}.json; mend it; outbound config put"
        try:
            wrong = objections(stack.documents.get(capability, model), stack)
        except ConfigurationError as error:
            wrong = [str(error)]
        if wrong:
            yield Finding("wrong", f"settings {capability}", "; ".join(wrong), f"{fix} {capability} ...")
        else:
            yield Finding("ok", f"settings {capability}")


def secrets(stack: Stack) -> Iterator[Finding]:
    """Look whether every secret that is needed has a value of the right form."""
    store = Secrets(stack.client("secretsmanager"), stack.clock)
    yield _texts(store, stack.outputs["CxoneSecret"], "client_id", "client_secret")
    yield from safely("secrets of destinations", lambda: _destinations(stack, store))
    yield from safely("secrets of senders", lambda: _senders(stack, store))


def _texts(store: Secrets, secret_id: str, *names: str) -> Finding:
    check = f"secret {secret_id}"
    try:
        value = store.current(secret_id)
    except ConfigurationError as error:
        return Finding("wrong", check, str(error), put_secret(secret_id, *names))
    if lacking := [name for name in names if not value.get(name)]:
        return Finding("wrong", check, f"lacks {', '.join(lacking)}", put_secret(secret_id, *names))
    return Finding("ok", check)


def _destinations(stack: Stack, store: Secrets) -> Iterator[Finding]:
    documents = stack.documents.get("deliveries", DeliverySettings)
    named = {name: one for name, one in documents.destinations.items() if one.url}
    if not named:
        fix = "outbound config put deliveries FILE, with a url; README, Deliveries"
        yield Finding("note", "destinations", "none has a url: outcomes are delivered to none", fix)
    for name in named:
        secret_id = stack.outputs.get(_SECRETS_OF_DESTINATIONS.get(name, ""), "")
        if not secret_id:
            continue
        try:
            Signer(store, secret_id).check()
            yield Finding("ok", f"secret {secret_id}")
        except ConfigurationError as error:
            yield Finding("wrong", f"secret {secret_id}", str(error), put_secret(secret_id, "key"))


def _senders(stack: Stack, store: Secrets) -> Iterator[Finding]:
    providers = stack.documents.get("ingress", Providers)
    names = [*([CXONE] if providers.cxone else []), *providers.providers]
    for name in names:
        found = _texts(store, f"{stack.stack_name}/webhooks/{name}", "secret")
        # An ed25519 key stands in the place of a secret that both sides know.
        if found.state == "wrong" and _has_public_key(store, f"{stack.stack_name}/webhooks/{name}"):
            found = Finding("ok", found.check)
        yield found if found.state == "ok" else _creating(found, f"{stack.stack_name}/webhooks/{name}")


def _has_public_key(store: Secrets, secret_id: str) -> bool:
    try:
        return bool(store.current(secret_id).get("public_key"))
    except ConfigurationError:
        return False


def _creating(found: Finding, secret_id: str) -> Finding:
    """Let a finding say how the secret is made: senders' secrets are not part of the template."""
    fix = f'aws secretsmanager create-secret --name {secret_id} --secret-string \'{{"secret": "..."}}\''
    return Finding(found.state, found.check, found.message, fix if "no value" in found.message else found.fix)


def campaigns(stack: Stack) -> Iterator[Finding]:
    """Look whether there is something to pull, and how far each campaign is."""
    found = list(stack.registry.all())
    if not found:
        yield Finding("note", "campaigns", "none is registered", "outbound campaigns register ID")
    for campaign in found:
        reached = format_time(campaign.planned_until) if campaign.planned_until else ""
        state = f"planned until {reached}" if reached else "not planned yet"
        state = state if campaign.enabled else "disabled"
        yield Finding("ok", f"campaign {campaign.campaign_id}", state)


def pulls(stack: Stack) -> Iterator[Finding]:
    """Look for pull jobs that wait after a failure, or have failed: one finding a reason."""
    reasons: dict[str, set[str]] = {}
    stuck = stuck_jobs(stack)
    for job in stuck:
        reason = job.interruption or str(job.result.get("message") or f"the job is {job.status}")
        reasons.setdefault(reason, set()).add(job.campaign_id)
    for reason, ids in sorted(reasons.items()):
        fix = "mend the reason, then: outbound outcomes retry"
        yield Finding("wrong", f"pulls of {', '.join(sorted(ids))}", reason, fix)
    if not stuck:
        yield Finding("ok", "pulls", "none waits after a failure")


def schedules(stack: Stack) -> Iterator[Finding]:
    """Look whether every schedule is there and ticks."""
    client = stack.client("scheduler")
    for name in (f"{stack.stack_name}-{schedule}" for schedule in _SCHEDULES):
        yield from safely(f"schedule {name}", lambda name=name: [_schedule(client, name)])  # type: ignore[misc]


def _schedule(client: Any, name: str) -> Finding:
    try:
        found: Mapping[str, Any] = client.get_schedule(Name=name)
    except client.exceptions.ResourceNotFoundException:
        return Finding("wrong", f"schedule {name}", "is not there", "deploy the stack again")
    if found.get("State", "ENABLED") != "ENABLED":
        fix = "enable it in EventBridge Scheduler, or deploy the stack again"
        return Finding("wrong", f"schedule {name}", "is switched off", fix)
    return Finding("ok", f"schedule {name}", str(found.get("ScheduleExpression", "")))


def queues(stack: Stack) -> Iterator[Finding]:
    """Look for dead letters."""
    dead = {name: count for name, count in dead_letters(stack).items() if count}
    for name, count in dead.items():
        yield Finding("wrong", f"queue {name}", f"{count} dead letters", f"outbound queues dead {name}")
    if not dead:
        yield Finding("ok", "queues", "no dead letters")


def alarms(stack: Stack) -> Iterator[Finding]:
    """Look for alarms that ring, and for subscribers who hear them."""
    client = stack.client("cloudwatch")
    pages = client.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=f"{stack.stack_name}-", StateValue="ALARM"
    )
    ringing = [alarm for page in pages for alarm in page.get("MetricAlarms", [])]
    for alarm in ringing:
        about = str(alarm.get("AlarmDescription") or "see README, When an alarm rings")
        yield Finding("wrong", f"alarm {alarm['AlarmName']}", about, "README, When an alarm rings")
    if not ringing:
        yield Finding("ok", "alarms", "none rings")


def alarm_listeners(stack: Stack) -> Iterator[Finding]:
    """Look whether anybody is told of alarms."""
    client = stack.client("sns")
    found = client.list_subscriptions_by_topic(TopicArn=stack.outputs["AlarmTopic"])["Subscriptions"]
    if not found:
        yield Finding("note", "alarm listeners", "alarms have no subscriber", "deploy with AlarmEmail=...")
    for one in found:
        if one["SubscriptionArn"] == "PendingConfirmation":
            message = "has not confirmed the subscription"
            yield Finding("note", "alarm listeners", message, "open the mail from AWS and confirm")
        else:
            yield Finding("ok", "alarm listeners", str(one["Protocol"]))
