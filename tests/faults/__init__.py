"""The fault harness: cut work off at every outside call, let it recover, and compare the end.

A process can end anywhere; what matters are its outside calls, to AWS or over HTTP, for between two of them
nothing changes that anybody else could see. So a piece of work with three calls has six places to be cut
off at: before a call leaves, and after it had its effect, before its answer is seen::

    undisturbed     work  --1--------2--------3--------.   recover   state: expected
                          |        |        |
    cut before 1    work  x                    the process is gone: no thread and no
    cut after 1     work  --1-x                `finally` of it makes another call
    cut before 2    work  --1--------x              |
    cut after 2     work  --1--------2-x            v
    ...                                        recover: time passes, leases end, messages
                                               come back, the sweeper runs, until it is quiet
                                                    |
                                                    v
                                               state == expected, or the check fails and says
                                               which cut it was and what is different

The same places serve a second question: what if the other side fails that call once? It is throttled,
unavailable, or has its effect and loses its answer; a batch is taken in part; HTTP answers 429 or 503.

An example; `Claim` is one of the project's capabilities::

    def build(aws: AwsWorld, clock: FakeClock) -> Claim: ...    # everything a function wires, once

    def work(claim: Claim) -> None:                             # one invocation
        claim.trigger.poll()                                    # a QueueTrigger: Lambda's part of it

    def recover(claim: Claim) -> None:
        claim.clock.advance(minutes=15)                         # beyond every lease
        claim.start_afresh()                                    # a new process remembers nothing
        claim.trigger.let_time_pass()
        until_quiet(claim.trigger.poll)
        claim.runtime.sweep()

    def state(claim: Claim) -> object:                          # without what may differ: times, tries
        return claim.items(), sorted({event["event_id"] for event in claim.aws.published()})

    check_every_cut(fresh(build), work, recover, state)
    check_every_refusal(fresh(build), work, recover, state)

Where more than three calls are made in the same place, by the lines on the stack, the first and the last are
disturbed; `make load` disturbs every one.

A cut is a `Cut`, a BaseException: work that catches it catches everything, and the check says so.
"""

from faults.checking import Checked, check_every_cut, check_every_refusal, until_quiet
from faults.outside import Cut, OutsideCall, unwatched
from faults.redelivery import QueueTrigger
from faults.worlds import fresh, recover, work_off_a_batch

__all__ = [
    "Checked",
    "Cut",
    "OutsideCall",
    "QueueTrigger",
    "check_every_cut",
    "check_every_refusal",
    "fresh",
    "recover",
    "until_quiet",
    "unwatched",
    "work_off_a_batch",
]
