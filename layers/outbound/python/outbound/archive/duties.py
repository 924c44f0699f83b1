"""What the sweeper does for the archive: a hold that is not renewed is looked after."""

from __future__ import annotations

import json
from collections.abc import Sequence

from outbound.runtime import Runtime
from outbound.store.holds import DUE_HOLDS
from outbound.store.table import Item
from outbound.sweeper import Duty

# A hold that nobody has released by then is looked after once more.
_AGAIN_SECONDS = 300


def duties(runtime: Runtime) -> Sequence[Duty]:
    """Return the duties of this capability."""
    sqs, url = runtime.client("sqs"), runtime.name("END_ARCHIVE_QUEUE_URL")

    def look_after(item: Item) -> None:
        # Only a function that may speak to CXone can see to it.
        message = {"hold": {"campaign_id": item["campaign_id"], "owner": item["owner"]}}
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(message))

    return (Duty(DUE_HOLDS, _AGAIN_SECONDS, look_after),)
