"""The workflow's parts, put together."""

from __future__ import annotations

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
from outbound.clock import Clock, Deadline
from outbound.cxone.ports import AttemptsPort, CampaignsPort
from outbound.events import Bus
from outbound.store.holds import Holds
from outbound.store.lake import Lake
from outbound.store.outbox import Outbox
from outbound.store.table import Table


def workflow(
    ports: tuple[CampaignsPort, AttemptsPort],
    table: Table,
    stores: tuple[Lake, ColdStorage],
    bus: Bus,
    executions: Executions,
    tenant: str,
    clock: Clock,
) -> Steps:
    """Give the steps of the workflow."""
    (campaigns, attempts), (lake, storage) = ports, stores
    runs, batches, holds = Runs(table, tenant), Batches(table, tenant), Holds(table, tenant)
    outbox, facts, listing = Outbox(table, bus), Facts(tenant), Listing(attempts)
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
