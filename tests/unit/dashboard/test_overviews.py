"""What the stack's work has come to is gathered from the ledgers as the capabilities write them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from faults import check_every_cut, check_every_refusal, fresh

from outbound.archive.runs import ArchiveRun, ArchiveRuns, RunStatus
from outbound.campaign_records.overviews import CampaignOverview, Overviews, StackOverview, WaitingView
from outbound.dispositions.ledger import DispositionLedger, DispositionRequest
from outbound.events import Event, EventType, event_of_type
from outbound.metrics import metrics
from outbound.outcomes.job import new_job
from outbound.outcomes.jobs import Jobs
from outbound.overview import build
from outbound.problems.log import ProblemLog
from outbound.segments.runs import SegmentRun, SegmentRuns
from outbound.segments.tally import Tally
from outbound.store.registry import Registry, registration_fields
from outbound.store.table import Table
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock, Invocation
from worlds.runtime import WorldRuntime

SPRING = "spring-renewals"
TENANT = ENVIRONMENT["TENANT"]


class Gathering:
    """A stack whose work is gathered."""

    def __init__(self, aws: AwsWorld, clock: FakeClock) -> None:
        self.aws, self.clock = aws, clock
        self.table: Table = aws.table()
        self.overviews = Overviews(self.table, TENANT)
        queues = ["outbound-PlanPullsDeadLetters-AB12", "outbound-DeliverCrmDeadLetters-CD34"]
        for name in queues:
            aws.sqs.create_queue(QueueName=name)
        self.queues = queues
        self.runtime = WorldRuntime(aws, clock, DEAD_LETTER_QUEUES=",".join(queues))
        self.work = build(self.runtime)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def gather(self, seconds: float = 60) -> dict[str, int]:
        """Do what the schedule does each minute."""
        found: dict[str, int] = self.work({}, Invocation(seconds))  # type: ignore[arg-type]
        return found

    def fact(self) -> Event:
        return event_of_type(EventType.CAMPAIGN_REGISTERED, TENANT, self.now, [SPRING], {})

    def register(self, *campaign_ids: str, until: timedelta | None = None) -> None:
        registry = Registry(self.table, TENANT)
        for campaign_id in campaign_ids:
            fields = registration_fields(f"The {campaign_id}", (), 1000, None, True)
            registry.register(campaign_id, fields, registry.revision(campaign_id), self.fact(), self.now)
            campaign = registry.get(campaign_id)
            assert campaign is not None
            if until is not None:
                self.table.transact([registry.planning(campaign, self.now - until, [], self.now)])

    def plan_pull(self, begins: timedelta, records: int | None = None, **changes: Any) -> None:
        """Have a window of fifteen minutes planned, and pulled where records are given."""
        start = self.now - begins
        jobs = Jobs(self.table, TENANT)
        job = new_job(SPRING, start, start + timedelta(minutes=15), "schedule", self.now, "c")
        assert self.table.transact([jobs.planning(job, self.now)])
        key = jobs.key(SPRING, job.start, job.end)
        if records is not None:
            done = {"status": "completed", "result": {"records": records, "manifest": "m"}}
            values = {":status": done["status"], ":result": done["result"]}
            expression = "SET #status = :status, #result = :result REMOVE #due_kind, #due_at"
            self.table.update(key, expression, values)
        for name, value in changes.items():
            self.table.update(key, f"SET #{name} = :value", {":value": value})

    def spring(self) -> CampaignOverview:
        found = self.overviews.get(SPRING)
        assert found is not None
        return found

    def stack(self) -> StackOverview:
        found = self.overviews.stack()
        assert found is not None
        return found


def _busy(aws: AwsWorld, clock: FakeClock) -> Gathering:
    """Return a stack with something of everything."""
    stack = Gathering(aws, clock)
    stack.register(SPRING, "autumn", until=timedelta(minutes=15))
    stack.plan_pull(timedelta(minutes=30), records=344)
    _segment(stack, _row("callable"), _row("later", "cap_day"))
    return stack


def _gathered(stack: Gathering) -> Any:
    return list(stack.overviews.all()), stack.overviews.stack()


def test_every_cut_of_gathering_ends_like_the_undisturbed_work() -> None:
    checked = check_every_cut(fresh(_busy), Gathering.gather, Gathering.gather, _gathered)
    assert len(checked.calls) > 10


def test_every_refusal_of_gathering_ends_like_the_undisturbed_work() -> None:
    check_every_refusal(fresh(_busy), Gathering.gather, Gathering.gather, _gathered)


@pytest.fixture
def stack(aws: AwsWorld, clock: FakeClock) -> Gathering:
    return Gathering(aws, clock)


def test_every_registered_campaign_is_gathered_with_its_name(stack: Gathering) -> None:
    stack.register(SPRING, "autumn")
    assert stack.gather() == {"campaigns": 2}
    assert [(each.campaign_id, each.name) for each in stack.overviews.all()] == [
        ("autumn", "The autumn"),
        (SPRING, f"The {SPRING}"),
    ]


def test_a_campaign_of_which_nothing_was_done_says_so(stack: Gathering) -> None:
    stack.register(SPRING)
    stack.gather()
    overview = stack.spring()
    assert overview.pulls is not None
    assert (overview.pulls.pulled_until, overview.pulls.records) == (None, None)
    assert (overview.contacts, overview.archive) == (None, None)
    assert overview.waiting == WaitingView(0)


def test_pulls_reach_as_far_as_no_window_waits(stack: Gathering) -> None:
    stack.register(SPRING, until=timedelta(minutes=15))
    stack.plan_pull(timedelta(minutes=60), records=812)
    stack.plan_pull(timedelta(minutes=45), interruption="CXone answers 503")
    stack.plan_pull(timedelta(minutes=30), records=344)
    stack.gather()
    pulls = stack.spring().pulls
    assert pulls is not None
    assert pulls.pulled_until == stack.now - timedelta(minutes=45)
    assert (pulls.last_end, pulls.records) == (stack.now - timedelta(minutes=15), 344)
    assert (pulls.waiting, pulls.reason) == (1, "CXone answers 503")


def test_where_nothing_waits_pulls_reach_to_the_watermark(stack: Gathering) -> None:
    stack.register(SPRING, until=timedelta(minutes=15))
    stack.plan_pull(timedelta(minutes=30), records=344)
    stack.gather()
    pulls = stack.spring().pulls
    assert pulls is not None
    assert pulls.pulled_until == stack.now - timedelta(minutes=15)
    assert (pulls.waiting, pulls.reason) == (0, "")


def _segment(stack: Gathering, *rows: dict[str, Any]) -> None:
    runs = SegmentRuns(stack.table, TENANT)
    asked = SegmentRun(SPRING, runs.name(SPRING, "r1"), "r1", "c", {})
    run = runs.claim(asked, stack.now, 60).run
    assert run is not None
    for row in rows:
        run.tally.add(row)
    assert runs.finish(run, {}, stack.fact(), stack.now)


def _row(state: str, *refusals: str) -> dict[str, Any]:
    opening = "2026-03-11T09:00:00Z" if state == "later" else ""
    return {"state": state, "refusals": refusals, "next_opening": opening, "conflict": ""}


def test_contacts_are_those_of_the_current_segment_and_each_capped_one_counts_once(stack: Gathering) -> None:
    stack.register(SPRING)
    _segment(
        stack,
        _row("callable"),
        _row("callable"),
        _row("later", "cap_day", "cap_week"),
        _row("later", "outside_window"),
        _row("refused", "revoked", "cap_day"),
        _row("refused", "no_consent"),
    )
    stack.gather()
    contacts = stack.spring().contacts
    assert contacts is not None
    assert (contacts.callable, contacts.later, contacts.refused, contacts.capped) == (2, 2, 2, 2)
    assert contacts.judged_at == stack.now


def test_a_segment_from_before_capped_contacts_were_counted_does_not_know_how_many() -> None:
    assert Tally.of({"read": 3, "states": {"later": 3}}).capped is None
    assert Tally.of({}).capped == 0
    assert Tally.of(Tally.of({"read": 3}).stored()).capped is None


def test_the_latest_archive_run_is_shown_with_what_it_came_to(stack: Gathering) -> None:
    stack.register(SPRING)
    runs = ArchiveRuns(stack.table, TENANT)
    run = ArchiveRun(SPRING, "2026-03-10T11", RunStatus.PLANNED, 0, 1, stack.now, "c")
    assert runs.plan(run, stack.now)
    stack.gather()
    archive = stack.spring().archive
    assert archive is not None
    assert (archive.status, archive.finished_at, archive.archived) == ("planned", None, None)
    runs.finish(run, RunStatus.INCOMPLETE, {"archived": 812, "failed": 14}, [stack.fact()], stack.now)
    stack.clock.advance(minutes=1)
    stack.gather()
    archive = stack.spring().archive
    assert archive is not None
    assert (archive.status, archive.archived, archive.failed) == ("incomplete", 812, 14)
    assert archive.finished_at == stack.now - timedelta(minutes=1)


def test_deferred_dispositions_are_counted_for_their_campaign_and_for_all(stack: Gathering) -> None:
    stack.register(SPRING, "autumn")
    ledger = DispositionLedger(stack.table, TENANT)
    for number in range(3):
        request = DispositionRequest(f"r{number}", "c", SPRING, f"k{number}", "BUSY", "a", stack.now, "x")
        ledger.defer(request, "dialing", stack.now)
        stack.clock.advance(minutes=1)
    stack.gather()
    oldest = stack.now - timedelta(minutes=3)
    assert stack.spring().waiting == WaitingView(3, oldest)
    assert stack.stack().waiting == WaitingView(3, oldest)
    autumn = stack.overviews.get("autumn")
    assert autumn is not None
    assert autumn.waiting == WaitingView(0)


def test_dead_letters_are_counted_under_the_names_that_the_command_has(stack: Gathering) -> None:
    url = stack.aws.sqs.get_queue_url(QueueName=stack.queues[1])["QueueUrl"]
    for number in range(3):
        stack.aws.sqs.send_message(QueueUrl=url, MessageBody=str(number))
    stack.gather()
    assert stack.stack().dead_letters == {"PlanPulls": 0, "DeliverCrm": 3}


def test_a_queue_that_cannot_be_counted_is_unknown_and_not_empty(stack: Gathering) -> None:
    url = stack.aws.sqs.get_queue_url(QueueName=stack.queues[0])["QueueUrl"]
    stack.aws.sqs.delete_queue(QueueUrl=url)
    stack.gather()
    assert stack.stack().dead_letters == {"PlanPulls": None, "DeliverCrm": 0}
    assert metrics.metric_set["MessagesFailed"]["Value"] == [1.0]


def test_problems_of_the_last_day_are_counted_by_type(stack: Gathering) -> None:
    log = ProblemLog(stack.table, TENANT, stack.clock)
    for number in range(3):
        log.note(event_of_type(EventType.PULL_FAILED, TENANT, stack.now, [str(number)], {}))
    stack.clock.advance(hours=23)
    log.note(event_of_type(EventType.DELIVERY_DEAD, TENANT, stack.now, ["d"], {}))
    stack.gather()
    assert stack.stack().problems == {"delivery.dead_lettered": 1, "outcomes.pull_failed": 3}
    stack.clock.advance(hours=2)
    stack.gather()
    assert stack.stack().problems == {"delivery.dead_lettered": 1}


def test_a_campaign_that_cannot_be_gathered_keeps_what_it_had_and_stops_no_other(stack: Gathering) -> None:
    stack.register(SPRING, "autumn")
    stack.gather()
    before = stack.spring()
    stack.clock.advance(minutes=1)
    runs = ArchiveRuns(stack.table, TENANT)
    stack.table.put(runs.key(SPRING, "broken"), {"status": "no such status"})
    assert stack.gather() == {"campaigns": 1}
    assert stack.spring() == before
    autumn = stack.overviews.get("autumn")
    assert autumn is not None
    assert autumn.noted_at == stack.now
    assert metrics.metric_set["MessagesFailed"]["Value"] == [1.0]


def test_with_too_little_time_the_oldest_come_first(stack: Gathering) -> None:
    stack.register("a", "b", "c")
    stack.gather()
    stack.clock.advance(minutes=1)
    stack.register("d")

    class Passing:
        """A deadline of which each campaign takes a second."""

        def __init__(self, seconds: float) -> None:
            self.seconds = seconds

        def left(self) -> float:
            self.seconds -= 1
            return self.seconds

    from outbound.overview import DeadLetters, OverviewRecorder

    recorder = OverviewRecorder(stack.runtime, DeadLetters(stack.aws.sqs, stack.queues, "outbound"))
    assert recorder.record(Passing(2.5)) == {"campaigns": 2}  # type: ignore[arg-type]
    fresh = {each.campaign_id for each in stack.overviews.all() if each.noted_at == stack.now}
    assert "d" in fresh
    assert len(fresh) == 2


def test_of_two_that_gather_the_later_one_counts(stack: Gathering) -> None:
    late = CampaignOverview(SPRING, "late", stack.now + timedelta(seconds=1))
    assert stack.overviews.put(late)
    assert not stack.overviews.put(CampaignOverview(SPRING, "early", stack.now))
    assert stack.spring() == late
    assert stack.overviews.put_stack(StackOverview(stack.now))
    assert not stack.overviews.put_stack(StackOverview(stack.now - timedelta(seconds=1), {"A": 1}))
    assert stack.stack().dead_letters == {}
