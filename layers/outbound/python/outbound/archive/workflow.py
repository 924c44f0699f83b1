"""The workflow's parts, put together."""

from __future__ import annotations

from typing import Any

from outbound.archive.batches import Batches
from outbound.archive.campaign_hold import Holder, owner_of
from outbound.archive.cold_storage import ColdStorage
from outbound.archive.collector import Collector
from outbound.archive.copier import Copier
from outbound.archive.executions import Executions
from outbound.archive.facts import Facts
from outbound.archive.finishing import Finisher
from outbound.archive.listing import Listing
from outbound.archive.partitioner import Partitioner
from outbound.archive.releasing import Releaser
from outbound.archive.runs import Run, Runs
from outbound.archive.sender import Sender
from outbound.archive.settings import ArchiveSettings
from outbound.archive.settling import Settler
from outbound.archive.step_result import Answer, Outcome
from outbound.archive.steps import Step, Steps
from outbound.archive.verifier import Checker
from outbound.clock import Deadline
from outbound.observability import logger
from outbound.queues import Invocation
from outbound.runtime import Runtime, Work
from outbound.store.holds import Holds


def steps_of(runtime: Runtime, deadline: Deadline) -> Steps:
    """Return the steps of the workflow for one invocation, whose calls of CXone end before a deadline."""
    cxone, tenant, clock = runtime.cxone.until(deadline), runtime.tenant, runtime.clock
    campaigns, attempts, table, lake = cxone.campaigns, cxone.attempts, runtime.state, runtime.lake
    storage = ColdStorage(
        runtime.client("s3"), runtime.name("ARCHIVE_BUCKET"), runtime.name("ARCHIVE_STORAGE_CLASS")
    )
    executions = Executions(runtime.client("stepfunctions"), runtime.name("STATE_MACHINE_ARN"))
    runs, batches, holds = Runs(table, tenant), Batches(table, tenant), Holds(table, tenant)
    outbox, facts, listing = runtime.outbox, Facts(tenant), Listing(attempts)
    settler = Settler(batches, outbox, facts, clock)
    collector = Collector(listing, runs, lake)
    copier = Copier(runs, batches, lake, storage, clock)
    holder = Holder(campaigns, holds, runs, clock)
    checker = Checker(listing, runs, batches, copier, holder, settler, lake)
    finisher = Finisher(runs, batches, lake, outbox, facts, clock)
    steps: dict[str, Step] = {
        "collect": collector.collect,
        "partition": Partitioner(collector, runs, lake).partition,
        "copy": lambda run, _, deadline: copier.copy(run, deadline),
        "hold": holder.hold,
        "send": Sender(attempts, runs, batches, copier, holder, settler, clock).send,
        "check": lambda run, settings, deadline: checker.check(run, settings, deadline, clock),
        "release": releasing(Releaser(campaigns, holds, clock)),
        "finish": lambda run, settings, _: finisher.finish(run, settings),
    }
    return Steps(runs, steps, executions, clock)


def releasing(releaser: Releaser) -> Step:
    """Make the step that releases a run's hold."""

    def release(run: Run, _: ArchiveSettings, __: Deadline) -> Answer:
        # Where somebody has to look again it is noted when; the run need not wait for it.
        releaser.release(run.campaign_id, owner_of(run.run_id), run.attempt)
        return Answer(Outcome.COMPLETE)

    return release


def build(runtime: Runtime) -> Work:
    """Return the work of the workflow's function: a step of a run in, its outcome out."""
    documents = runtime.documents
    runtime.warm_up("cxone", "outbox", "lake")

    def take(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        deadline = runtime.deadline(invocation)
        logger.append_keys(step=event["step"], **event["run"])
        steps = steps_of(runtime, deadline)
        answer = steps.take(event, documents.get("archiving", ArchiveSettings), deadline)
        logger.info("step taken", extra={"outcome": answer.outcome.value, "counts": dict(answer.counts)})
        return answer.document()

    return take
