"""Killed anywhere, refused anywhere: planned and pulled all the same, without gap or double."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from faults import QueueTrigger, check_every_cut, check_every_refusal

from outbound.clock import Deadline, format_time
from outbound.events import EventType, event_of_type
from outbound.outcomes.dispatcher import job_window
from outbound.outcomes.puller import Puller
from outbound.queues import Queue, event_of, work
from sandbox.running import Tenant
from sandbox.world import expected_ids
from worlds.aws import ACCOUNT, REGION, FakeClock, Invocation
from worlds.outcomes import PullWorld, evening, fresh_aws, hours_ago, make_pulls

SPRING = {
    "id": "spring",
    "calls": 30,
    "from": -4,
    "to": -3,
    "agents": 2,
    "bad": {"end_before_start": 0.1, "not_an_object": 0.1},
}


@dataclass
class Pulling:
    """Both functions with their queues, as Lambda runs them."""

    world: PullWorld
    plans: QueueTrigger = field(init=False)
    pulls: QueueTrigger = field(init=False)

    def __post_init__(self) -> None:
        self.plans = self._trigger("plan-pulls", self._plan)
        self.pulls = self._trigger("pull-outcomes", self._pull)

    def _trigger(self, queue: str, handle: Callable[[Mapping[str, Any]], None]) -> QueueTrigger:
        aws = self.world.aws
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"
        works_off = Queue(aws.sqs, aws.queue_urls[f"{queue}-dlq"])
        return QueueTrigger(
            aws.sqs, aws.queue_urls[queue], arn, lambda event: work(event, works_off, handle, Invocation())
        )

    def _plan(self, record: Mapping[str, Any]) -> None:
        self.world.requests.answer(event_of(record), self.world.settings)

    def _pull(self, record: Mapping[str, Any]) -> None:
        campaign_id, window = job_window(record["body"])
        deadline = Deadline(self.world.clock, 100)
        Puller.of(self.world.runtime, deadline).pull(campaign_id, window, self.world.settings, deadline)

    def request(self, event_type: EventType, **data: Any) -> None:
        """Put an event onto the plan queue, as a rule of the bus does."""
        self.world.clock.advance(seconds=1)
        now = self.world.clock.now()
        event = event_of_type(event_type, "acme", now, [format_time(now)], data)
        self.world.aws.sqs.send_message(
            QueueUrl=self.world.aws.queue_urls["plan-pulls"], MessageBody=f'{{"detail": {event.to_json()}}}'
        )

    def invoke(self) -> None:
        """One life of each function."""
        self.plans.poll()
        self.pulls.poll()

    def recover(self) -> None:
        """Time passes: leases end, messages come back, the sweeper runs, until nothing is left to do."""
        self.world.start_afresh()
        for hours in (0.25, 0.25, 7, 0.25, 0.25):
            self.world.clock.advance(hours=hours)
            for trigger in (self.plans, self.pulls):
                trigger.let_time_pass()
                while trigger.poll():
                    pass
            self.world.sweep()


def _worlds(
    tenant: Tenant, prepare: Callable[[Pulling], object], page_size: int = 10, part_records: int = 1
) -> Callable[[], AbstractContextManager[Pulling]]:
    """Make worlds in which a campaign is registered, its token is known, and something waits to be done."""

    @contextmanager
    def make() -> Iterator[Pulling]:
        settings = {"part_records": part_records}
        world = make_pulls(fresh_aws(), tenant, FakeClock(evening()), SPRING, settings=settings)
        world.register("spring", page_size=page_size, enabled=False, start=hours_ago(world.clock, 5))
        world.runtime.cxone.http._tokens.get("outcomes")
        world.facts()
        pulling = Pulling(world)
        prepare(pulling)
        yield pulling

    return make


def _request(pulling: Pulling, **more: Any) -> None:
    window = {
        "start": format_time(evening() - timedelta(hours=3.75)),
        "end": format_time(evening() - timedelta(hours=3.25)),
    }
    pulling.request(EventType.PULL_REQUESTED, campaign_id="spring", **window, **more)


def _planned(pulling: Pulling, **more: Any) -> None:
    _request(pulling, **more)
    pulling.plans.poll()


def _pulled_with_smaller_pages(pulling: Pulling) -> None:
    """Two pages were pulled, and one that holds all calls is to take their place."""
    _planned(pulling)
    pulling.pulls.poll()
    pulling.world.register("spring", page_size=50, enabled=False, start=hours_ago(pulling.world.clock, 5))
    _planned(pulling, refresh=True)


def _call_late(pulling: Pulling) -> None:
    """A call of the window that was under way when it was pulled."""
    moment = format_time(evening() - timedelta(hours=3.5))
    record = {"campaignId": "spring", "dispositionCode": "BUSY", "startTime": moment, "direction": "OUTBOUND"}
    pulling.world.tenant.add_call("spring", {"id": "late", **record})


def _changed(pulling: Pulling) -> None:
    """Pages were pulled, and more of them are to take their places."""
    _planned(pulling)
    pulling.pulls.poll()
    _call_late(pulling)
    _planned(pulling, refresh=True)


def _pull(pulling: Pulling) -> None:
    pulling.pulls.poll()


def _plan(pulling: Pulling) -> None:
    pulling.plans.poll()


def _end(pulling: Pulling) -> object:
    return pulling.world.end_of("spring")


# Some 170 lives of the functions, a tenth of a second each.
pytestmark = [pytest.mark.usefixtures("moto"), pytest.mark.slow]


@pytest.mark.parametrize(("part_records", "objects"), [(1, 4), (10_000, 3)])
def test_a_backfill_cut_off_anywhere_ends_as_one_undisturbed(
    tenant_process: Tenant, part_records: int, objects: int
) -> None:
    """With a part a page, and with one part of all pages."""
    worlds = _worlds(tenant_process, _request, part_records=part_records)
    done = check_every_cut(worlds, Pulling.invoke, Pulling.recover, _end)
    made = Counter(done.calls)
    assert made["http GET /api/v2/outbound/calls"] == 2
    assert made["s3 PutObject"] >= objects
    assert made["events PutEvents"] == 1
    assert made["sqs SendMessageBatch"] == 1


def test_a_plan_that_is_refused_anything_once_ends_as_one_undisturbed(tenant_process: Tenant) -> None:
    check_every_refusal(_worlds(tenant_process, _request, page_size=50), _plan, Pulling.recover, _end)


def test_a_pull_that_is_refused_anything_once_ends_as_one_undisturbed(tenant_process: Tenant) -> None:
    check_every_refusal(_worlds(tenant_process, _planned, page_size=50), _pull, Pulling.recover, _end)


def test_a_refresh_cut_off_anywhere_ends_as_one_undisturbed(tenant_process: Tenant) -> None:
    done = check_every_cut(_worlds(tenant_process, _pulled_with_smaller_pages), _pull, Pulling.recover, _end)
    made = Counter(done.calls)
    assert made["s3 CopyObject"] == 2, "the page and what was set aside of it"
    assert made["s3 DeleteObjects"] >= 2


def test_a_refresh_that_is_refused_anything_once_ends_as_one_undisturbed(tenant_process: Tenant) -> None:
    check_every_refusal(_worlds(tenant_process, _changed, page_size=50), _pull, Pulling.recover, _end)


def test_a_quiet_pull_cut_off_anywhere_ends_as_one_undisturbed(tenant_process: Tenant) -> None:
    def prepare(pulling: Pulling) -> None:
        _planned(pulling)
        pulling.pulls.poll()
        _call_late(pulling)
        pulling.world.clock.advance(hours=2)

    def work(pulling: Pulling) -> None:
        pulling.world.sweep()
        pulling.pulls.poll()

    done = check_every_cut(_worlds(tenant_process, prepare), work, Pulling.recover, _end)
    assert Counter(done.calls)["s3 CopyObject"] >= 2


def test_a_refresh_that_fails_leaves_the_lake_as_it_was_wherever_it_is_cut_off(
    tenant_process: Tenant,
) -> None:
    def prepare(pulling: Pulling) -> None:
        _changed(pulling)
        refusal = {"status": 404, "json": {"message": "no such campaign"}}
        pulling.world.tenant.add_fault(refusal, path="/calls", nth=2, times=None)

    def recover(pulling: Pulling) -> None:
        pulling.world.start_afresh()
        pulling.world.clock.advance(minutes=15)
        pulling.pulls.let_time_pass()
        pulling.pulls.poll()

    def end(pulling: Pulling) -> object:
        found = pulling.world.end_of("spring")
        return {name: found[name] for name in ("rows", "aside", "manifests")}

    def untouched(pulling: Pulling) -> None:
        assert len(pulling.world.rows()) == len({row["id"] for row in pulling.world.rows()})
        assert "late" not in {row["id"] for row in pulling.world.rows()}

    def recovered(pulling: Pulling) -> None:
        recover(pulling)
        untouched(pulling)

    check_every_cut(_worlds(tenant_process, prepare), _pull, recovered, end)


def test_a_failing_pull_cut_off_anywhere_fails_once_and_completes_after_repair(
    tenant_process: Tenant,
) -> None:
    def prepare(pulling: Pulling) -> None:
        _planned(pulling)
        pulling.world.tenant.add_fault({"repeat_page_token": True}, path="/calls", nth=1, times=None)

    def recover(pulling: Pulling) -> None:
        # What had not been noticed before the cut is noticed by the next run, and then CXone is repaired.
        pulling.world.start_afresh()
        pulling.world.clock.advance(minutes=15)
        for _ in range(2):
            pulling.pulls.let_time_pass()
            pulling.pulls.poll()
            pulling.world.sweep()
        pulling.world.tenant.clear_faults()
        pulling.recover()

    check_every_cut(_worlds(tenant_process, prepare), _pull, recover, _end)


def test_a_tick_cut_off_anywhere_leaves_no_gap_and_no_double(tenant_process: Tenant) -> None:
    """Windows may end elsewhere, for the next tick comes later; the calls are the same."""

    def prepare(pulling: Pulling) -> None:
        pulling.world.register("spring", page_size=50, start=hours_ago(pulling.world.clock, 5))
        pulling.world.facts()
        pulling.request(EventType.PULL_DUE)

    def end(pulling: Pulling) -> object:
        world = pulling.world
        jobs = world.job_list("spring")
        assert all(one.end == other.start for one, other in pairwise(jobs))
        ids = Counter(row["id"] for row in world.rows())
        assert ids == Counter(expected_ids(world.tenant.world, "spring", jobs[0].start, jobs[-1].end))
        pulled = {fact["data"]["job_id"]: fact["data"]["metrics"] for fact in world.facts("outcomes.pulled")}
        records = sum(metrics["total_records"] for metrics in pulled.values())
        return ids, records, {job.status for job in jobs}, jobs[0].start

    check_every_cut(_worlds(tenant_process, prepare), _plan, Pulling.recover, end)
