"""The handling of files, put together as its function and its tests need it."""

from __future__ import annotations

from outbound.clock import Clock
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
from outbound.events import Bus
from outbound.store.outbox import Outbox
from outbound.store.table import Table


def file_handler(
    table: Table,
    inbox: Inbox,
    queue: RowQueue,
    bus: Bus,
    tenant: str,
    clock: Clock,
    pace: Pace,
) -> FileHandler:
    """Give a handler of the files of an inbox, whose rows go to this queue."""
    files, ledger, outbox = (
        DispositionFiles(table, tenant),
        DispositionLedger(table, tenant),
        Outbox(table, bus),
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
