"""What of a stack's AWS resources is not as it should be: settings, secrets, schedules, queues, alarms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from outbound.cli.document_checks import objections
from outbound.cli.findings import Finding, safely
from outbound.cli.outcomes import stuck_jobs
from outbound.cli.queues import dead_letters
from outbound.cli.settings_reference import MODELS
from outbound.cli.stack import Stack
from outbound.clock import format_time
from outbound.settings import ConfigurationError

SCHEDULES = (
    "plan-pulls",
    "plan-archives",
    "monitor-campaigns",
    "record-overviews",
    "collect-dialer-reports",
    "sweep",
)
"""Every schedule of the stack, by its name without the stack's."""


def settings(stack: Stack) -> Iterator[Finding]:
    """Look at every settings document that is in force."""
    for capability, model in MODELS.items():
        shown = f"outbound config show {capability}"
        try:
            wrong = objections(stack.documents.get(capability, model), stack)
        except ConfigurationError as error:
            wrong = [str(error)]
            # What is not valid is not in force, so `config show` has nothing to show.
            name = stack.documents.parameter_name(capability)
            shown = f"aws ssm get-parameter --name {name} --query Parameter.Value --output text"
        if wrong:
            file = f"{capability}.json"
            fix = f"{shown} > {file}\ncorrect it, then: outbound config put {capability} {file}"
            yield Finding("wrong", f"settings {capability}", "; ".join(wrong), fix)
        else:
            yield Finding("ok", f"settings {capability}")


def campaigns(stack: Stack) -> Iterator[Finding]:
    """Look whether there is something to pull, and how far each campaign is."""
    found = list(stack.registry.all())
    if not found:
        yield Finding("note", "campaigns", "none is registered", "outbound campaigns register ID")
    for campaign in found:
        reached = format_time(campaign.planned_until) if campaign.planned_until else ""
        state = f"planned until {reached}" if reached else "waits for the schedule's first tick"
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
        fix = "fix the reason, then: outbound outcomes retry"
        yield Finding("wrong", f"pulls of {', '.join(sorted(ids))}", reason, fix)
    if not stuck:
        yield Finding("ok", "pulls", "none waits after a failure")


def schedules(stack: Stack) -> Iterator[Finding]:
    """Look whether every schedule is there and ticks."""
    client = stack.client("scheduler")
    for name in (f"{stack.stack_name}-{schedule}" for schedule in SCHEDULES):
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
        about = str(alarm.get("AlarmDescription") or "see docs/alarms.md")
        fix = "outbound problems\nthen what docs/alarms.md says of this alarm"
        yield Finding("wrong", f"alarm {alarm['AlarmName']}", about, fix)
    if not ringing:
        yield Finding("ok", "alarms", "none rings")


def alarm_listeners(stack: Stack) -> Iterator[Finding]:
    """Look whether alarms have a subscriber who confirmed."""
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
