"""Runs a load test: sends all dispositions, by webhook and on the bus, and waits until each has ended."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import groupby
from operator import attrgetter
from random import Random
from typing import Any

from disposition_load.dispositions import SentDisposition, dispositions
from disposition_load.result import LoadResult, ResultReader
from disposition_load.sizes import Size
from local.stack import eventually
from outbound.clock import SystemClock
from outbound.events import Bus
from sandbox.senders import StandardWebhooksCrm, deliver_all, mischief, plain_event
from scenario.cast import Cast

EventsOnBus = Callable[[], Sequence[Any]]


def run(cast: Cast, size: Size, events_on_bus: EventsOnBus) -> LoadResult:
    """Run a load test and return its result; `events_on_bus` returns what the bus has carried so far."""
    sent = dispositions(cast.tenant.world, size)
    by_webhook, on_the_bus = _parted(sent, size)
    began = time.monotonic()
    correlations = _send(cast, by_webhook, size)
    correlations += _publish(cast, on_the_bus, size)
    reader = ResultReader(cast, size)
    # What is missing after that the comparison names.
    with suppress(AssertionError):
        eventually(lambda: reader.ended(correlations) >= len(sent), seconds=size.seconds, every=2)
    seconds = time.monotonic() - began
    facts = [event for event in events_on_bus() if event["correlation_id"] in correlations]
    return reader.read(sent, correlations, facts, seconds)


def _parted(
    sent: Sequence[SentDisposition], size: Size
) -> tuple[list[SentDisposition], list[SentDisposition]]:
    """Part each campaign's dispositions: the first so many come by webhook."""
    by_webhook: list[SentDisposition] = []
    on_the_bus: list[SentDisposition] = []
    for _, mine in groupby(sent, attrgetter("campaign_id")):
        all_of_it = list(mine)
        by_webhook += all_of_it[: size.by_webhook]
        on_the_bus += all_of_it[size.by_webhook :]
    return by_webhook, on_the_bus


def _send(cast: Cast, sent: Sequence[SentDisposition], size: Size) -> list[str]:
    """Send signed deliveries, each so many times; return their ids, which what they ask for is known by."""
    name = f"{cast.stack.name}/webhooks/plain"
    secrets = cast.stack.client("secretsmanager")
    secret = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])["secret"]
    crm = StandardWebhooksCrm(secret=secret)
    url = f"{cast.stack.outputs['WebhookUrl']}/webhooks/crm/plain"
    deliveries = [
        crm.request(url, {"events": [plain_event("disposition.requested", one.data) for one in some]})
        for some in _some(sent, size.in_a_delivery)
    ]
    copies = mischief.shuffled(mischief.repeated(deliveries, size.times), size.seed)
    return sorted({answered.json()["delivery_id"] for answered in deliver_all(copies)})


def _publish(cast: Cast, sent: Sequence[SentDisposition], size: Size) -> list[str]:
    """Put requests on the bus, each so many times, in no order; return their correlation ids."""
    tenant = cast.stack.outputs["Tenant"]
    events = [one.event(tenant, f"load-{size.seed}-{one.campaign_id}") for one in sent] * size.times
    Random(size.seed).shuffle(events)
    Bus(cast.stack.client("events"), cast.stack.outputs["BusName"], SystemClock()).publish(events)
    return sorted({event.correlation_id for event in events})


def _some(sent: Sequence[SentDisposition], many: int) -> list[Sequence[SentDisposition]]:
    return [sent[start : start + many] for start in range(0, len(sent), many)]
