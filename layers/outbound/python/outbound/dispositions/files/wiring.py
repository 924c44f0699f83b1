"""The handling of files, put together as its function and its tests need it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from outbound.dispositions.do_not_call import DoNotCall
from outbound.dispositions.facts import Facts
from outbound.dispositions.files.completion import RowWatch
from outbound.dispositions.files.ending import Endings
from outbound.dispositions.files.inbox import Inbox
from outbound.dispositions.files.ledger import DispositionFiles
from outbound.dispositions.files.opt_out_reader import RefusalReader
from outbound.dispositions.files.processor import FileHandler, Steps
from outbound.dispositions.files.reader import Pace, RowReader
from outbound.dispositions.files.rejecting import RowRejecter
from outbound.dispositions.files.results import Answerer
from outbound.dispositions.files.sending import RowQueue
from outbound.dispositions.ledger import DispositionLedger
from outbound.dispositions.settings import DispositionSettings
from outbound.do_not_call import DoNotCallCodes
from outbound.queues import Invocation, work
from outbound.runtime import Runtime, Work

# A slice of rows takes about a second, and is what a run that is cut off repeats.
_PACE = Pace(rows=500, at_once=8)
# Enough to end a slice of rows.
_MARGIN_SECONDS = 20.0


def file_handler(runtime: Runtime, inbox: Inbox, pace: Pace = _PACE) -> FileHandler:
    """Return the handler of an inbox's files, whose rows go to the stack's queue of dispositions."""
    table, tenant, clock = runtime.state, runtime.tenant, runtime.clock
    queue = RowQueue(runtime.client("sqs"), runtime.name("DISPOSITIONS_QUEUE_URL"), clock)
    files, ledger, outbox = (
        DispositionFiles(table, tenant),
        DispositionLedger(table, tenant),
        runtime.outbox,
    )
    facts = Facts(tenant)
    do_not_call = DoNotCall(ledger, outbox, facts)
    rejecter = RowRejecter(ledger, do_not_call, facts, clock)
    steps = Steps(
        RefusalReader(files, do_not_call, clock, pace),
        RowReader(files, rejecter, queue, tenant, clock, pace),
        RowWatch(files, ledger, clock),
        Answerer(files, ledger, inbox, clock),
        Endings(files, inbox, outbox, tenant, clock),
    )
    return FileHandler(files, inbox, steps, clock)


def build(runtime: Runtime) -> Work:
    """Return the work of the function that is told of new files."""
    documents, queue = runtime.documents, runtime.queue
    settings = partial(documents.get, "dispositions", DispositionSettings)
    files = file_handler(runtime, Inbox(runtime.client("s3"), runtime.name("LAKE_BUCKET")))

    def codes() -> Iterable[str]:
        return documents.get("dispositions", DoNotCallCodes, else_packaged=True).codes

    def read(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        until = runtime.deadline(invocation, _MARGIN_SECONDS)
        take = partial(files.take, settings=settings, until=until, do_not_call_codes=codes)
        return work(event, queue, take, invocation)

    return read
