"""What the sweeper does for outcomes: jobs whose message is due, calls that had not ended, corrections."""

from __future__ import annotations

from collections.abc import Sequence

from outbound.outcomes.corrections import DUE_CORRECTIONS, Corrections
from outbound.outcomes.dispatcher import Dispatcher
from outbound.outcomes.job import job_of
from outbound.outcomes.jobs import DUE_DISPATCH, DUE_LONG_CALLS, Jobs
from outbound.outcomes.long_calls import LongCalls
from outbound.runtime import Runtime
from outbound.store.table import Item
from outbound.sweeper import Duty

# A job that the queue refused is offered again two sweeps later; one that was sent is watched for hours.
_AGAIN_SECONDS = 120


def duties(runtime: Runtime) -> Sequence[Duty]:
    """Return the duties of this capability."""
    jobs, clock = Jobs(runtime.state, runtime.tenant), runtime.clock
    dispatcher = Dispatcher.of(runtime)
    corrections = Corrections(runtime.state, jobs, runtime.bus, runtime.tenant, clock)
    long_calls = LongCalls(jobs, dispatcher, clock)

    def dispatch(item: Item) -> None:
        dispatcher.send([job_of(item)], clock.now())

    return (
        Duty(DUE_DISPATCH, _AGAIN_SECONDS, dispatch),
        Duty(DUE_CORRECTIONS, _AGAIN_SECONDS, corrections.request),
        Duty(DUE_LONG_CALLS, _AGAIN_SECONDS, long_calls.pull_again),
    )
