"""The pull as a whole: a tick, jobs, pages, parts, a manifest and a fact; resumed wherever it was left."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from disturbing import before_calls, calls_of

from outbound.clock import format_time
from outbound.cxone.ports.outcomes import OutcomePage, OutcomeQuery
from outbound.outcomes import part_writer
from outbound.outcomes.dispatcher import job_window
from sandbox.world import expected, expected_ids
from worlds.outcomes import MakePulls, PullWorld, hours_ago

SPRING = {"id": "spring", "calls": 2_000, "from": -10, "to": -1, "agents": 7}
BAD = {
    **SPRING,
    "inbound": 0.1,
    "bad": {"without_code": 0.05, "bad_start_time": 0.05, "end_before_start": 0.05, "not_an_object": 0.05},
}


def _ids(world: PullWorld) -> Counter[str]:
    return Counter(row["id"] for row in world.rows())


def _expected(world: PullWorld, start: float, end: float) -> Counter[str]:
    moments = hours_ago(world.clock, start), hours_ago(world.clock, end)
    return Counter(expected_ids(world.tenant.world, "spring", *moments))


def _asked(world: PullWorld, hours: float = 4, page_size: int = 50) -> str:
    """Register and ask for one window that ends three hours ago; give its message."""
    world.register("spring", page_size=page_size, enabled=False)
    world.ask("spring", hours_ago(world.clock, hours), hours_ago(world.clock, 3))
    [body] = world.messages()
    return body


def test_a_tick_pulls_every_call_of_every_window_once(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    world.register("spring", page_size=300, start=hours_ago(world.clock, 12))
    expected_calls = _expected(world, 12, 0)
    world.tick()
    world.work_off()
    assert _ids(world) == expected_calls
    assert {job.status for job in world.job_list("spring")} == {"completed"}


def test_bad_and_inbound_records_are_set_aside_and_counted(pulls: MakePulls) -> None:
    world = pulls(BAD, settings={"longest_window_hours": 24})
    world.register("spring", page_size=100, start=hours_ago(world.clock, 12))
    truth = expected(world.tenant.world, "spring", hours_ago(world.clock, 12), hours_ago(world.clock, 0))
    calls = _expected(world, 12, 0)
    world.tick()
    world.work_off()
    assert _ids(world) == calls
    counted: Counter[str] = Counter()
    for event in world.facts("outcomes.pulled"):
        counted.update(event["data"]["set_aside"])
    # A record whose start cannot be read is served with the window, and a border's with both its sides.
    assert counted["code_missing"] >= truth.set_aside["without_code"]
    assert counted["not_outbound"] >= truth.inbound
    assert counted["end_before_start"] >= truth.set_aside["end_before_start"]
    assert sum(counted.values()) >= truth.total - truth.valid
    assert len(world.rows("set-aside/")) == sum(counted.values())


def test_a_window_without_calls_completes_empty(pulls: MakePulls) -> None:
    world = pulls({**SPRING, "calls": 0})
    assert world.pull(_asked(world)) is None
    [fact] = world.facts("outcomes.pulled")
    assert fact["data"]["metrics"]["total_records"] == 0
    assert fact["data"]["metrics"]["conversion_rate"] == 0
    assert world.aws.objects("LAKE_BUCKET", "outcomes/") == {}


def test_calls_on_the_borders_of_windows_and_pages_come_once(pulls: MakePulls) -> None:
    world = pulls({**SPRING, "calls": 0}, settings={"longest_window_hours": 1})
    world.register("spring", page_size=3, enabled=False)
    start = hours_ago(world.clock, 6)
    moments = [start + timedelta(minutes=20 * n) for n in range(9)]
    for number, moment in enumerate(moments):
        for twin in range(2):
            record = {
                "id": f"call-{number}-{twin}",
                "campaignId": "spring",
                "dispositionCode": "BUSY",
                "startTime": format_time(moment),
                "endTime": format_time(moment),
                "direction": "OUTBOUND",
            }
            world.tenant.add_call("spring", record)
    world.ask("spring", start, start + timedelta(hours=2))
    world.work_off()
    assert _ids(world) == Counter(f"call-{n}-{twin}" for n in range(6) for twin in range(2))


def test_pages_that_overlap_bring_each_call_once(pulls: MakePulls) -> None:
    world = pulls({**SPRING, "calls": 90}, settings={"longest_window_hours": 24})
    body = _asked(world, hours=10, page_size=10)
    # The second page is answered with the first page's calls and its own token: they overlap whole.
    first = world.cxone.outcomes.page
    seen: list[object] = []

    def overlapping(query: object, token: str) -> object:
        page = first(query, token)  # type: ignore[arg-type]
        seen.append(page)
        if len(seen) == 2:
            page = type(page)([*seen[0].records[5:], *page.records], page.next_token, 1)  # type: ignore[attr-defined]
        return page

    world.runtime.override("outcomes", page=overlapping)
    world.pull(body)
    assert max(_ids(world).values()) == 1
    [fact] = world.facts("outcomes.pulled")
    assert fact["data"]["duplicates_dropped"] == 5
    assert _ids(world) == _expected(world, 10, 3)


def test_pages_that_overlap_where_a_run_goes_on_bring_each_call_once(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    body = _asked(world)
    assert world.pull(body, seconds=7.9) is not None
    before = world.rows()
    world.start_afresh()
    honest = world.cxone.outcomes.page
    first_page = honest(_query(world, body), "")

    def overlapping(query: OutcomeQuery, token: str) -> OutcomePage:
        page = honest(query, token)
        once_more = first_page.records[-5:] if token == first_page.next_token else []
        return replace(page, records=[*once_more, *page.records])

    world.runtime.override("outcomes", page=overlapping)
    world.work_off([body])
    assert len(before) == 50
    assert _ids(world) == calls_of(world, body)


def test_a_call_that_comes_again_pages_later_is_one_row(pulls: MakePulls) -> None:
    """In one run, and where another run has resumed it in between."""
    world = pulls({**SPRING, "calls": 90}, settings={"longest_window_hours": 24})
    body = _asked(world, hours=10, page_size=10)
    first: list[OutcomePage] = []

    def shift() -> None:
        honest = world.cxone.outcomes.page

        def shifting(query: OutcomeQuery, token: str) -> OutcomePage:
            page = honest(query, token)
            if not first:
                first.append(page)
            # Its fifth call comes again on every page.
            return replace(page, records=[*page.records, first[0].records[4]])

        world.runtime.override("outcomes", page=shifting)

    shift()
    for _ in range(4):
        assert world.pull(body, seconds=7.9) is not None
        world.start_afresh()
        shift()
    world.work_off([body])
    assert _ids(world) == _expected(world, 10, 3)
    [fact] = world.facts("outcomes.pulled")
    assert fact["data"]["duplicates_dropped"] == fact["data"]["pages"]


ODD = {
    "half a surrogate": '{"id": "odd", "note": "\\ud83d"}',
    "a raw tab": '{"id": "odd", "note": "\t"}',
    "NaN": '{"id": "odd", "seconds": NaN}',
    "1,200 levels": '{"id": "odd", "note": ' + "[" * 1200 + "]" * 1200 + "}",
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_a_record_that_is_no_json_is_set_aside_and_the_others_are_rows(pulls: MakePulls, odd: str) -> None:
    world = pulls({**SPRING, "calls": 0})
    body = _asked(world)
    moment = format_time(hours_ago(world.clock, 3.5))
    calls = [
        {
            "id": f"call-{number}",
            "campaignId": "spring",
            "dispositionCode": "BUSY",
            "startTime": moment,
            "direction": "OUTBOUND",
        }
        for number in range(2)
    ]
    answer = f'{{"calls": [{json.dumps(calls[0])}, {odd}, {json.dumps(calls[1])}]}}'
    headers = {"Content-Type": "application/json"}
    world.tenant.add_fault({"body": "\ufeff" + answer, "headers": headers}, path="/calls")
    assert world.pull(body) is None
    assert _ids(world) == Counter(["call-0", "call-1"])
    [aside] = world.rows("set-aside/")
    assert (aside["reason"], json.loads(aside["record"])) == ("unreadable", odd)


def test_an_answer_without_content_says_that_there_are_no_calls(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    body = _asked(world)
    world.tenant.add_fault({"status": 204, "body": ""}, path="/calls", times=None)
    assert world.pull(body) is None
    [fact] = world.facts("outcomes.pulled")
    assert fact["data"]["metrics"]["total_records"] == 0


def _query(world: PullWorld, body: str) -> OutcomeQuery:
    campaign_id, window = job_window(body)
    return OutcomeQuery(campaign_id, window.start, window.end, (), 50)


def test_a_run_hands_over_before_its_time_is_up_and_loses_no_page(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    body = _asked(world)
    runs = 0
    while (later := world.pull(body, seconds=7.9)) is not None:
        assert later.seconds == 0
        runs += 1
        [job] = world.job_list("spring")
        assert job.position.page == runs, "each run is to get one page further"
        world.start_afresh()
    assert runs >= 4
    assert _ids(world) == _expected(world, 4, 3)
    asked = world.tenant.stats().count("GET /api/v2/outbound/calls")
    assert asked == runs + 1, "no page is fetched and thrown away"


def test_hand_overs_without_end_do_not_count_as_failures_but_runs_that_get_nowhere_do(
    pulls: MakePulls,
) -> None:
    world = pulls(SPRING, settings={"max_failures": 2})
    body = _asked(world)
    for _ in range(3):
        assert world.pull(body, seconds=7.9) is not None
    for _ in range(2):
        later = world.pull(body, seconds=1)
        assert later is not None
        assert later.seconds > 0
    world.pull(body, seconds=1)
    [failed] = world.facts("outcomes.pull_failed")
    assert failed["data"]["reason"] == "too_many_failures"


def test_a_second_run_waits_for_the_lease_of_the_first(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    body = _asked(world)
    [job] = world.job_list("spring")
    key = world.jobs.key("spring", job.start, job.end)
    assert world.jobs.claim(key, world.clock.now(), 180).done
    later = world.pull(body)
    assert later is not None
    assert later.seconds == 180
    world.clock.advance(seconds=180)
    assert world.pull(body) is None


def test_a_run_that_lost_its_lease_writes_no_checkpoint_and_no_end(pulls: MakePulls) -> None:
    world = pulls(SPRING, settings={"part_records": 1})
    body = _asked(world)
    [job] = world.job_list("spring")
    key = world.jobs.key("spring", job.start, job.end)
    written = 0

    def steal(operation: str, parameters: object) -> None:
        nonlocal written
        if operation == "PutObject":
            written += 1
            if written == 2:
                world.clock.advance(seconds=200)
                assert world.jobs.claim(key, world.clock.now(), 180).done

    with before_calls(steal):
        later = world.pull(body, seconds=115)
    assert later is not None
    [now] = world.job_list("spring")
    assert (now.position.page, now.status) == (1, "running")
    assert world.facts("outcomes.pulled") == []
    world.clock.advance(seconds=200)
    assert world.pull(body) is None
    assert _ids(world) == calls_of(world, body)


def test_a_run_that_lost_its_lease_at_the_end_publishes_nothing(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    body = _asked(world)
    [job] = world.job_list("spring")
    key = world.jobs.key("spring", job.start, job.end)

    def steal(operation: str, parameters: dict[str, str]) -> None:
        if operation == "PutObject" and parameters["Key"].startswith("manifests/"):
            world.clock.advance(seconds=200)
            assert world.jobs.claim(key, world.clock.now(), 180).done

    with before_calls(steal):
        assert world.pull(body, seconds=115) is not None
    assert world.facts("outcomes.pulled") == []


def test_a_completed_job_is_not_pulled_again_by_a_late_message(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    body = _asked(world)
    world.pull(body)
    asked = world.tenant.stats().count("GET /api/v2/outbound/calls")
    assert world.pull(body) is None
    assert world.tenant.stats().count("GET /api/v2/outbound/calls") == asked
    assert len(world.facts("outcomes.pulled")) == 1


def test_codes_that_change_under_way_let_the_pull_begin_anew(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    body = _asked(world, page_size=20)
    for _ in range(4):
        assert world.pull(body, seconds=7.9) is not None
    world.register("spring", page_size=20, enabled=False, outcome_codes=["CONVERTED"])
    assert world.pull(body) is None
    assert {row["disposition_code"] for row in world.rows()} == {"CONVERTED"}
    [fact] = world.facts("outcomes.pulled")
    assert fact["data"]["metrics"]["total_records"] == len(world.rows())


def test_only_the_registered_codes_are_pulled(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    world.register("spring", outcome_codes=["CONVERTED", "BUSY"], enabled=False)
    world.ask("spring", hours_ago(world.clock, 4), hours_ago(world.clock, 3))
    world.work_off()
    assert {row["disposition_code"] for row in world.rows()} == {"CONVERTED", "BUSY"}


def test_a_campaign_that_is_not_registered_any_more_fails_its_pull(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    body = _asked(world)
    world.aws.delete(world.registry.key("spring"))
    world.pull(body)
    [failed] = world.facts("outcomes.pull_failed")
    assert failed["data"]["reason"] == "unknown_campaign"
    assert failed["data"]["field"] == "campaign_id"
    assert "register it again" in failed["data"]["message"]


def test_calls_that_are_added_late_are_found_by_a_refresh(pulls: MakePulls) -> None:
    world = pulls({**SPRING, "calls": 0})
    world.pull(_asked(world))
    moment = hours_ago(world.clock, 3.5)
    record = {
        "id": "late",
        "campaignId": "spring",
        "dispositionCode": "CONVERTED",
        "startTime": format_time(moment),
        "direction": "OUTBOUND",
    }
    world.tenant.add_call("spring", record)
    world.ask("spring", hours_ago(world.clock, 4), hours_ago(world.clock, 3), refresh=True)
    world.work_off()
    assert _ids(world) == Counter(["late"])


@pytest.mark.parametrize("page_size", [1, 7, 5000])
def test_any_page_size_brings_the_same_calls(pulls: MakePulls, page_size: int) -> None:
    world = pulls({**SPRING, "calls": 200})
    world.pull(_asked(world, page_size=page_size))
    assert _ids(world) == _expected(world, 4, 3)


def _parts(world: PullWorld) -> list[tuple[int, int]]:
    """The first page and the number of pages of each part of the campaign's one job."""
    [job] = world.job_list("spring")
    return [(part.page, part.pages) for part in world.jobs.parts.first(job.job_id, job.position.page)]


def test_pages_are_gathered_to_parts_of_so_many_records(pulls: MakePulls) -> None:
    world = pulls(SPRING, settings={"part_records": 120})
    world.pull(_asked(world))
    assert _parts(world) == [(0, 3), (3, 2)]
    assert [key.rpartition("-")[2] for key in sorted(world.aws.objects("LAKE_BUCKET", "outcomes/"))] == [
        "000000.jsonl.gz",
        "000003.jsonl.gz",
    ]
    assert _ids(world) == _expected(world, 4, 3)


def test_pages_are_gathered_for_twenty_seconds_at_most(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    body = _asked(world)
    honest = world.cxone.outcomes.page

    def slow(query: OutcomeQuery, token: str) -> OutcomePage:
        world.clock.advance(seconds=7)
        return honest(query, token)

    world.runtime.override("outcomes", page=slow)
    world.pull(body)
    assert len(_parts(world)) > 1
    assert all(pages <= 4 for _, pages in _parts(world))
    assert _ids(world) == calls_of(world, body)


def test_long_records_make_parts_of_fewer(pulls: MakePulls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_writer, "_ENOUGH_BYTES", 1000)
    world = pulls(SPRING)
    world.pull(_asked(world))
    assert {pages for _, pages in _parts(world)} == {1}


@pytest.mark.parametrize("action", [{"status": 503}, {"status": 429, "headers": {"Retry-After": "30"}}])
def test_a_run_that_cxone_stops_checks_off_what_it_has_read(
    pulls: MakePulls, action: dict[str, object]
) -> None:
    world = pulls(SPRING)
    body = _asked(world)
    world.tenant.add_fault(action, path="/calls", nth=3, times=None)
    world.pull(body)
    assert _parts(world) == [(0, 2)]
    world.tenant.clear_faults()
    asked = world.tenant.stats().count("GET /api/v2/outbound/calls")
    world.clock.advance(hours=2)
    world.pull(body)
    assert _ids(world) == calls_of(world, body)
    assert world.tenant.stats().count("GET /api/v2/outbound/calls") == asked + 3, "each page is read once"


def test_a_run_that_dies_repeats_no_more_than_the_part_that_it_gathered(pulls: MakePulls) -> None:
    world = pulls(SPRING, settings={"part_records": 100})
    body = _asked(world, page_size=10)

    def die(operation: str, parameters: dict[str, str]) -> None:
        if operation == "PutObject" and "-000020" in parameters["Key"]:
            raise KeyboardInterrupt

    with before_calls(die), pytest.raises(KeyboardInterrupt):
        world.pull(body, seconds=115)
    [job] = world.job_list("spring")
    assert job.position.page in {10, 20}
    before = world.tenant.stats().count("GET /api/v2/outbound/calls")
    world.start_afresh()
    world.clock.advance(seconds=200)
    assert world.pull(body) is None
    assert _ids(world) == calls_of(world, body)
    [fact] = world.facts("outcomes.pulled")
    again = world.tenant.stats().count("GET /api/v2/outbound/calls") - before
    assert again == fact["data"]["pages"] - job.position.page


def test_parts_of_other_pages_that_an_earlier_pull_left_are_neither_read_nor_kept(pulls: MakePulls) -> None:
    """Codes change under way: the pull begins anew, and gathers other pages."""
    world = pulls(SPRING, settings={"part_records": 60})
    body = _asked(world, page_size=20)
    assert world.pull(body, seconds=7.9) is not None
    assert world.pull(body, seconds=7.9) is not None
    assert world.pull(body, seconds=7.9) is not None
    codes = ["BUSY", "CONVERTED", "INTERESTED"]
    world.register("spring", page_size=20, enabled=False, outcome_codes=codes)
    assert world.pull(body) is None
    assert len(_parts(world)) < 3
    assert {row["disposition_code"] for row in world.rows()} <= set(codes)
    assert max(_ids(world).values()) == 1
    [fact] = world.facts("outcomes.pulled")
    assert fact["data"]["metrics"]["total_records"] == len(world.rows())
    manifest = json.loads(world.aws.objects("LAKE_BUCKET", "manifests/")[fact["data"]["manifest"]])
    assert {part["key"] for part in manifest["parts"]} == set(world.aws.objects("LAKE_BUCKET", "outcomes/"))


@pytest.mark.parametrize(("first", "second"), [(50, 170), (170, 50)])
def test_a_refresh_that_gathers_other_pages_replaces_every_part(
    pulls: MakePulls, first: int, second: int
) -> None:
    world = pulls(BAD, settings={"part_records": first})
    world.pull(_asked(world, page_size=25))
    world.facts()
    world.settings = world.settings.model_copy(update={"part_records": second})
    world.ask("spring", hours_ago(world.clock, 4), hours_ago(world.clock, 3), refresh=True)
    world.work_off()
    assert _ids(world) == _expected(world, 4, 3)
    [fact] = world.facts("outcomes.pulled")
    assert set(fact["data"]["changes"].values()) == {0}
    assert len(world.rows("set-aside/")) == sum(fact["data"]["set_aside"].values())
    manifest = json.loads(world.aws.objects("LAKE_BUCKET", "manifests/")[fact["data"]["manifest"]])
    assert {part["key"] for part in manifest["parts"]} == set(world.aws.objects("LAKE_BUCKET", "outcomes/"))
    assert world.aws.objects("LAKE_BUCKET", "staged/") == {}
