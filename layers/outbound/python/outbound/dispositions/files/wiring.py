"""The handling of files, put together as its function and its tests need it."""

from __future__ import annotations

from outbound.clock import Clock
from outbound.dispositions.do_not_call import DoNotCall
from outbound.dispositions.facts import Facts
from outbound.dispositions.files.answering import Answerer
from outbound.dispositions.files.ending import Endings
from outbound.dispositions.files.handling import FileHandler, Steps
from outbound.dispositions.files.reading import Pace, RowReader
from outbound.dispositions.files.refusal_reader import RefusalReader
from outbound.dispositions.files.rejecting import RowRejecter
from outbound.dispositions.files.sending import RowQueue
from outbound.dispositions.files.waiting import RowWatch
from outbound.events import Bus
from outbound.store.disposition_files import DispositionFiles
from outbound.store.dispositions import DispositionLedger
from outbound.store.inbox import Inbox
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
