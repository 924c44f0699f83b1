"""What the sweeper does for rollouts: a lock that is not renewed goes to the function that sees to it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from outbound.dialer.rollouts import DUE_ROLLOUTS
from outbound.runtime import Runtime
from outbound.store.table import Item
from outbound.sweeper import Duty

# A lock that is still there by then is sent once more.
_AGAIN_SECONDS = 300


def duties(runtime: Runtime) -> Sequence[Duty]:
    """Return the duties of this capability."""
    sqs, url = runtime.client("sqs"), runtime.name("END_ROLLOUT_QUEUE_URL")

    def send(item: Item) -> None:
        # Only a function that may start executions can see to it.
        message = {"rollout": {"rollout_id": item["rollout_id"]}}
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(message))

    return (Duty(DUE_ROLLOUTS, _AGAIN_SECONDS, send),)
