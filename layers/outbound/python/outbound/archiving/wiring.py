"""The workflow's parts, put together."""

from __future__ import annotations

from outbound.archiving.checking import Checker
from outbound.archiving.collecting import Collector
from outbound.archiving.copying import Copier
from outbound.archiving.executions import Executions
from outbound.archiving.facts import Facts
from outbound.archiving.finishing import Finisher
from outbound.archiving.holding import Holder, owner_of
from outbound.archiving.listing import Listing
from outbound.archiving.outcomes import Answer, Outcome
from outbound.archiving.partitioning import Partitioner
from outbound.archiving.releasing import Releaser
from outbound.archiving.sending import Sender
from outbound.archiving.settings import ArchiveSettings
from outbound.archiving.settling import Settler
from outbound.archiving.steps import Step, Steps
from outbound.clock import Clock, Deadline
from outbound.cxone.ports import AttemptsPort, CampaignsPort
from outbound.events import Bus
from outbound.store.archive_batches import Batches
from outbound.store.archive_objects import ColdStorage
from outbound.store.archive_runs import Run, Runs
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
