"""The senders, and a destination that subscribes to consent, for as long as the load test lasts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from local import Stack
from local.stack import eventually
from sandbox.senders import SENDERS, HubSpot, SalesforceCallout, Sender, StudioScript
from scenario.cast import Cast
from webhook_load.sizes import Size

DESTINATION = "wfm"
"""The receiver that the load's facts go to; the scenario does not use it."""

RECEIVERS = ("crm_webhook", "cxone_webhook")
QUEUES = ("RouteWebhooks", "RecordConsent", f"Deliver{DESTINATION.title()}")
"""The queues that the load goes through."""

# The copies of a delivery come over minutes, and each was signed before the first.
_TOLERANCE_SECONDS = 3600
_MAPPINGS = {HubSpot.name: "hubspot", SalesforceCallout.name: "salesforce"}


@contextmanager
def connected(cast: Cast, size: Size) -> Iterator[Sequence[Sender]]:
    """Let every kind of sender in and have the destination told of consent; all as it was afterwards."""
    before = {name: _document(cast.stack, name) for name in ("ingress", "deliveries")}
    senders = [_with_a_secret(cast.stack, kind) for kind in SENDERS]
    cast.operator.configure("ingress", _ingress(before["ingress"], cast, senders))
    cast.operator.configure("deliveries", _deliveries(before["deliveries"], cast, size))
    # A function that is ended at work leaves its messages hidden until their queue shows them again.
    eventually(lambda: waiting(cast.stack) == 0, seconds=60)
    renew(cast.stack, *RECEIVERS, "route_webhooks", f"deliver_{DESTINATION}")
    try:
        yield senders
    finally:
        for name, document in before.items():
            cast.operator.configure(name, document)


def path_of(sender: Sender) -> str:
    """Return the path that a sender calls."""
    if isinstance(sender, StudioScript):
        return "/webhooks/cxone"
    return f"/webhooks/crm/{_provider(sender)}"


def waiting(stack: Stack) -> int:
    """Count the messages in the queues that the load goes through."""
    return sum(stack.queue_depth(stack.outputs[f"{name}QueueUrl"]) for name in QUEUES)


def renew(stack: Stack, *functions: str) -> None:
    """End the environments of functions, as a deployment does: new ones read the settings anew."""
    lambdas = stack.client("lambda")
    names = [stack.physical(function) for function in functions]
    for name in names:
        known = lambdas.get_function_configuration(FunctionName=name)
        lambdas.update_function_configuration(FunctionName=name, Timeout=known["Timeout"])
    for name in names:
        lambdas.get_waiter("function_updated_v2").wait(
            FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )


def _with_a_secret(stack: Stack, kind: type[Sender]) -> Sender:
    """Return a sender whose secret the stack knows: CXone's is the stack's own, the others are new."""
    secrets = stack.client("secretsmanager")
    if kind is StudioScript:
        known = secrets.get_secret_value(SecretId=stack.outputs["CxoneWebhookSecret"])
        return kind(json.loads(known["SecretString"])["secret"])
    sender = kind()
    name = f"{stack.name}/webhooks/{_provider(sender)}"
    secrets.create_secret(Name=name, SecretString=json.dumps({"secret": sender.secret}))
    return sender


def _ingress(known: dict[str, Any], cast: Cast, senders: Sequence[Sender]) -> dict[str, Any]:
    asks = {"request_types": ["consent.changed"], "tolerance_seconds": _TOLERANCE_SECONDS}
    providers = {
        _provider(sender): {"scheme": sender.scheme, "mapping": _MAPPINGS.get(sender.name, "plain"), **asks}
        for sender in senders
        if not isinstance(sender, StudioScript)
    }
    return {
        **known,
        "public_base_url": cast.stack.outputs["WebhookUrl"],
        "cxone": {"scheme": "bearer", "request_types": ["consent.changed", "disposition.requested"]},
        "providers": {**known.get("providers", {}), **providers},
    }


def _deliveries(known: dict[str, Any], cast: Cast, size: Size) -> dict[str, Any]:
    destination = {
        "url": f"{cast.receivers.url_of(DESTINATION)}/consent",
        # What was asked for, by each delivery once, and what of it took effect.
        "event_types": ["consent.changed", "consent.recorded"],
        "circuit": dict(size.circuit),
        "waits_seconds": [1, 1, 1, 2, 2, 2, 5, 5, 5, 5],
        "allow_insecure": True,
        "allow_private": True,
    }
    return {"destinations": {**known.get("destinations", {}), DESTINATION: destination}}


def _document(stack: Stack, capability: str) -> dict[str, Any]:
    ssm = stack.client("ssm")
    try:
        found = ssm.get_parameter(Name=f"/{stack.name}/config/{capability}")["Parameter"]["Value"]
    except ssm.exceptions.ParameterNotFound:
        return {}
    document: dict[str, Any] = json.loads(found)
    return document


def _provider(sender: Sender) -> str:
    return f"load-{sender.name}"
