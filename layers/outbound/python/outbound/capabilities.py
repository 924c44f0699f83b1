"""The list of capabilities: whatever is to be done for each of them is collected here.

A new capability adds its lines here, its folder, and its part of the template.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import outbound.archive.duties
import outbound.call_audit.duties
import outbound.deliveries.duties
import outbound.dialer.duties
import outbound.outcomes.duties
from outbound.clock import Invocation
from outbound.runtime import Runtime, Work
from outbound.store.outbox import DUE_FACTS
from outbound.store.table import Item, Key, Table
from outbound.sweeper import Duty, Sweeper

# Every kind of unfinished work that a capability leaves, and how it is finished.
_DUTIES = (
    outbound.outcomes.duties.duties,
    outbound.deliveries.duties.duties,
    outbound.archive.duties.duties,
    outbound.call_audit.duties.duties,
    outbound.dialer.duties.duties,
)
# A fact that the bus refused is offered again two sweeps later.
_FACTS_AGAIN_SECONDS = 120


def duties(runtime: Runtime) -> Sequence[Duty]:
    """Return every duty of the sweeper: facts that wait for the bus first, then those of each capability."""
    facts = [publishing(runtime, table) for table in (runtime.state, runtime.consent)]
    return [*facts, *(duty for of_capability in _DUTIES for duty in of_capability(runtime))]


def publishing(runtime: Runtime, table: Table) -> Duty:
    """Return the duty to publish the facts that items of a table still carry."""
    outbox = runtime.outbox_of(table)

    def publish(item: Item) -> None:
        outbox.publish(Key(item["pk"], item["sk"]), item)

    return Duty(DUE_FACTS, _FACTS_AGAIN_SECONDS, publish, table)


def sweeping(runtime: Runtime) -> Work:
    """Return the work of the function that sweeps; it answers with how many of each kind it finished."""
    sweeper = Sweeper(runtime.state, duties(runtime), runtime.clock)

    def sweep(_: dict[str, Any], invocation: Invocation) -> dict[str, int]:
        return sweeper.sweep(runtime.deadline(invocation, margin_seconds=0))

    return sweep
