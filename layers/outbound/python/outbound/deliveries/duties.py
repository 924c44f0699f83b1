"""What the sweeper does for deliveries: parked ones go back to their queues when they are due."""

from __future__ import annotations

import json
from collections.abc import Sequence

from outbound.deliveries.ledger import DUE_DELIVERIES
from outbound.deliveries.redelivery import SENT_AGAIN_SECONDS, Redelivery
from outbound.runtime import Runtime
from outbound.sweeper import Duty


def duties(runtime: Runtime) -> Sequence[Duty]:
    """Return the duties of this capability."""
    redelivery = Redelivery(runtime.client("sqs"), json.loads(runtime.name("QUEUE_URLS")))
    return (Duty(DUE_DELIVERIES, SENT_AGAIN_SECONDS, redelivery.redeliver),)
