"""What is judged again takes the place of what stood, is counted once, and late refusals find their calls."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from outbound.call_audit.metrics import CallAuditMetric
from outbound.call_audit.requests import LONGEST_AUDIT
from outbound.metrics import metrics
from worlds.call_audit import CAMPAIGN, END, NOON, START, AuditWorld, call


def _measured(world: AuditWorld, capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    metrics.flush_metrics()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    names = list(CallAuditMetric)
    return {name.value: sum(sum(line.get(name.value, [])) for line in lines) for name in names}


def test_a_window_that_is_pulled_again_has_the_result_of_its_newest_calls(
    world: AuditWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    world.says("revoked", -30)
    world.judge([call("a")], [call("b", minutes=5), call("c", "c2")])
    assert _measured(world, capsys) == {"CallsJudged": 3, "CallViolations": 2, "CallsNotJudged": 0}
    world.facts()

    rows = world.judge([call("b", minutes=5), call("d", minutes=6), call("c", "c2")], generation=2)

    assert list(rows) == ["b", "d"]
    assert list(world.aws.objects("LAKE_BUCKET", "staged/")) == []
    (fact,) = world.facts()
    assert (fact["generation"], fact["revision"]) == (2, 2)
    assert (fact["violations"], fact["new_violations"]) == (2, 1), "b is known"
    assert _measured(world, capsys) == {"CallsJudged": 0, "CallViolations": 1, "CallsNotJudged": 0}


def test_a_fact_that_comes_twice_is_one_result(world: AuditWorld) -> None:
    event = world.pulled(world.put_window([call("a")]))
    for _ in range(3):
        world.take(event)
    assert len(world.facts()) == 1


def test_an_older_fact_does_not_judge_again(world: AuditWorld) -> None:
    manifest = world.put_window([call("a")], generation=2)
    world.take(world.pulled(manifest), world.pulled(manifest))
    assert [fact["generation"] for fact in world.facts()] == [2]


def test_what_comes_to_the_same_is_not_published_again(world: AuditWorld) -> None:
    world.says("revoked", -30)
    world.judge([call("a")])
    world.clock.advance(minutes=5)
    world.take(world.audit_of())
    assert len(world.facts()) == 1


def test_a_refusal_that_comes_late_finds_its_call_within_minutes(world: AuditWorld) -> None:
    assert world.judge([call("a"), call("b", "c2")]) == {}
    world.facts()
    world.says("revoked", -30, recorded=60 * 20)
    assert world.deliver_requests() == 1
    world.trigger.poll()
    assert world.facts() == [], "the hour is only marked"

    world.clock.advance(minutes=6)
    assert world.runtime.sweep()["call_audits"] == 1
    world.deliver_requests()
    world.trigger.poll()

    (row,) = world.judgements().values()
    assert (row["call_id"], row["violations"], row["recorded_after_the_call"]) == (
        "a",
        ["consent_revoked"],
        True,
    )
    (fact,) = world.facts()
    assert (fact["new_violations"], fact["revision"]) == (1, 2)
    world.clock.advance(minutes=6)
    assert world.runtime.sweep()["call_audits"] == 0


def test_a_thousand_refusals_have_an_hour_judged_once(world: AuditWorld) -> None:
    world.judge([call("a"), call("b", "c2", minutes=2)])
    world.says("revoked", -30, recorded=60 * 20)
    world.says("do_not_call", -30, "c2", recorded=60 * 20)
    world.deliver_requests()
    world.trigger.poll()
    world.clock.advance(minutes=6)
    assert world.runtime.sweep()["call_audits"] == 1
    assert world.deliver_requests() == 1


@pytest.mark.parametrize(
    ("change", "minutes"), [("granted", -30), ("do_not_call_lifted", -20), ("revoked", 5)]
)
def test_what_forbids_no_call_that_was_made_marks_nothing(
    world: AuditWorld, change: str, minutes: float
) -> None:
    world.judge([call("a")])
    world.says(change, minutes, recorded=60 * 20)
    world.deliver_requests()
    world.trigger.poll()
    world.clock.advance(minutes=6)
    assert world.runtime.sweep()["call_audits"] == 0


def test_a_period_is_judged_window_by_window_in_the_order_of_time(world: AuditWorld) -> None:
    """Of a cap of two a day the third call is wrong, whichever window was put into the lake first."""
    world.register(caps={"per_day": 2})
    later = {"start": END, "end": END + timedelta(hours=2)}
    world.put_window([call("c", minutes=150)], **later)
    world.put_window([call("a"), call("b", minutes=10)])
    world.put_window(
        [call("z", minutes=-60 * 24 * 3)], start=START - timedelta(days=3), end=END - timedelta(days=3)
    )

    world.take(world.audit_of(START, END + timedelta(hours=2), campaign_id=CAMPAIGN))

    assert {each: row["violations"] for each, row in world.judgements().items()} == {"c": ["cap_day"]}
    assert [fact["window"]["start"] for fact in world.facts()] == [
        "2026-03-09T12:00:00Z",
        "2026-03-09T18:00:00Z",
    ]


def test_a_call_that_was_judged_before_an_earlier_one_was_known_is_judged_again(world: AuditWorld) -> None:
    """The backup called the person an hour before, and its window was pulled behind the primary's."""
    world.register(caps={"per_day": 1}, subject="solar")
    world.register("backup", caps={"per_day": 1}, subject="Solar ")
    world.register("other", caps={"per_day": 1}, subject="heating")
    assert world.judge([call("late"), call("alone", "c2")]) == {}
    assert world.judge([call("heat", minutes=-90)], campaign_id="other") == {}
    world.clock.advance(minutes=6)
    assert world.runtime.sweep()["call_audits"] == 0, "calls about something else do not count"

    assert world.judge([call("early", minutes=-60)], campaign_id="backup") == {}
    world.facts()
    world.clock.advance(minutes=6)
    assert world.runtime.sweep()["call_audits"] == 1
    world.deliver_requests()
    world.trigger.poll()

    assert {each: row["violations"] for each, row in world.judgements().items()} == {"late": ["cap_day"]}
    (fact,) = world.facts()
    assert (fact["campaign_id"], fact["new_violations"], fact["revision"]) == (CAMPAIGN, 1, 2)
    world.clock.advance(minutes=6)
    assert world.runtime.sweep()["call_audits"] == 0, "what is judged again marks nothing"


def test_an_earlier_window_of_the_same_campaign_has_the_later_one_judged_again(world: AuditWorld) -> None:
    world.register(caps={"per_day": 1})
    world.judge([call("c", minutes=150)], start=END, end=END + timedelta(hours=2))
    assert world.judge([call("a")]) == {}
    world.clock.advance(minutes=6)
    world.runtime.sweep()
    world.deliver_requests()
    world.trigger.poll()
    assert {each: row["violations"] for each, row in world.judgements().items()} == {"c": ["cap_day"]}


def test_a_request_without_a_campaign_is_about_all(world: AuditWorld) -> None:
    for campaign in ("spring", "autumn"):
        world.put_window([call("a")], campaign_id=campaign)
    world.take(world.audit_of())
    assert {fact["campaign_id"] for fact in world.facts()} == {"spring", "autumn"}


def test_a_long_audit_goes_on_where_its_time_was_up(world: AuditWorld) -> None:
    days = [timedelta(days=number) for number in range(3)]
    for day in days:
        world.put_window(
            [call(f"call-{day.days}", minutes=day.days * 24 * 60)], start=START + day, end=END + day
        )
    world.clock.advance(days=3)
    request = world.audit_of(START, END + days[-1])
    short = world.runtime.lake.lines

    # Each part takes so long that an invocation has time for one window.
    def slow(key: str) -> Any:
        world.clock.advance(seconds=45)
        return short(key)

    world.runtime.lake.lines = slow  # type: ignore[method-assign]
    answers = [world.take(request) for _ in range(8)]
    assert answers[0]["batchItemFailures"], "it is not done at once"
    assert answers[-1] == {"batchItemFailures": []}
    assert len(world.facts()) == 3


def test_a_window_judged_before_the_request_is_judged_again_and_one_after_it_is_not(
    world: AuditWorld,
) -> None:
    world.judge([call("a")])
    world.says("revoked", -30, recorded=60 * 20)
    world.clock.advance(minutes=1)
    request = world.audit_of()
    world.take(request)
    assert list(world.judgements()) == ["a"]
    world.facts()
    world.says("revoked", -30, "c2", recorded=60 * 20)
    world.take(request)
    assert world.facts() == []


@pytest.mark.parametrize(
    "data",
    [
        {"start": "2026-03-09T12:00:00Z"},
        {"start": "2026-03-09T12:00:00Z", "end": "yesterday"},
        {"start": "2026-03-09T12:00:00Z", "end": "2026-03-09T12:00:00Z"},
        {"start": "2020-01-01T12:00:00Z", "end": "2026-03-09T12:00:00Z"},
        {"start": "2026-03-09T12:00:00Z", "end": "2026-03-10T12:00:00Z", "campaign_id": "../x"},
    ],
)
def test_a_request_that_cannot_be_followed_is_heard(world: AuditWorld, data: dict[str, Any]) -> None:
    event = world.event("calls.audit.requested", data)
    assert world.take(event) == {"batchItemFailures": []}
    (dead,) = world.aws.drain("audit-calls-dlq")
    assert event.event_id in dead["MessageAttributes"]["reason"]["StringValue"]
    assert timedelta(days=365) < LONGEST_AUDIT


def test_a_manifest_that_is_gone_is_heard(world: AuditWorld) -> None:
    manifest = world.put_window([call("a")])
    world.aws.s3.delete_object(Bucket="outbound-lake", Key=manifest)
    world.take(world.pulled(manifest), world.event("outcomes.pulled", {"manifest": "secrets/x"}))
    assert len(world.aws.drain("audit-calls-dlq")) == 2


def test_a_part_that_is_just_being_replaced_is_waited_for(world: AuditWorld) -> None:
    manifest = world.put_window([call("a")])
    (key,) = world.aws.objects("LAKE_BUCKET", "outcomes/")
    world.aws.s3.delete_object(Bucket="outbound-lake", Key=key)
    world.put(world.pulled(manifest))
    world.trigger.poll()
    assert world.aws.drain("audit-calls-dlq") == []
    world.put_window([call("a")], generation=2)
    world.trigger.let_time_pass()
    world.trigger.poll()
    assert [fact["calls"] for fact in world.facts()] == [1]


def test_two_runs_do_not_judge_a_window_at_once(world: AuditWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    event = world.pulled(world.put_window([call("a")]))
    lines, answers = world.lake.lines, []

    def other_at_once(key: str) -> Any:
        monkeypatch.setattr(world.lake, "lines", lines)
        answers.append(world.take(event))
        return lines(key)

    monkeypatch.setattr(world.lake, "lines", other_at_once)
    assert world.take(event) == {"batchItemFailures": []}
    assert answers[0]["batchItemFailures"], "it comes back when the first must have ended"
    assert len(world.facts()) == 1


def test_a_window_that_is_pulled_again_while_it_is_judged_is_begun_again(
    world: AuditWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.says("revoked", -30)
    event, lines = world.pulled(world.put_window([call("a")])), world.lake.lines

    def replaced(key: str) -> Any:
        monkeypatch.setattr(world.lake, "lines", lines)
        found = lines(key)
        world.put_window([call("b")], generation=2)
        return found

    monkeypatch.setattr(world.lake, "lines", replaced)
    world.put(event)
    for _ in range(3):
        world.trigger.poll()
        world.clock.advance(minutes=5)
        world.trigger.let_time_pass()
    assert list(world.judgements()) == ["b"]
    assert [fact["generation"] for fact in world.facts()] == [2]


def test_an_event_of_another_type_is_refused(world: AuditWorld) -> None:
    world.take(world.event("campaign.registered", {}))
    assert len(world.aws.drain("audit-calls-dlq")) == 1


def test_calls_at_the_edge_of_the_window_are_of_that_window(world: AuditWorld) -> None:
    assert NOON > START
    world.put_window([call("a")])
    world.take(world.audit_of(END, END + timedelta(hours=1)))
    assert world.facts() == []
