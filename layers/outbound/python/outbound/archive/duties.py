"""What the sweeper does for the archive: a hold that is not renewed goes to the function that releases it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from outbound.runtime import Runtime
from outbound.store.holds import DUE_HOLDS
from outbound.store.table import Item
from outbound.sweeper import Duty

# A hold that is still there by then is sent once more.
_AGAIN_SECONDS = 300


def duties(runtime: Runtime) -> Sequence[Duty]:
    """Return the duties of this capability."""
    sqs, url = runtime.client("sqs"), runtime.name("END_ARCHIVE_QUEUE_URL")

    def send(item: Item) -> None:
        # Only a function that may call CXone can release it.
        message = {"hold": {"campaign_id": item["campaign_id"], "owner": item["owner"]}}
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(message))

    return (Duty(DUE_HOLDS, _AGAIN_SECONDS, send),)
