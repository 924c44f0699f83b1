"""Each call is held against the rules, the consent and the calls before it, as they were at its start."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from outbound.call_audit.call_judge import NOT_PROVEN
from worlds.aws import AwsWorld, FakeClock
from worlds.call_audit import CAMPAIGN, END, NOON, START, AuditWorld, Place, call


def test_a_call_that_was_allowed_is_counted_and_not_listed(world: AuditWorld) -> None:
    assert world.judge([call("a"), call("b", "c2")]) == {}
    (result,) = world.results()
    assert (result["tally"]["calls"], result["tally"]["clean"], result["parts"]) == (2, 2, [])
    (fact,) = world.facts()
    assert (fact["calls"], fact["clean"], fact["violations"], fact["cannot_be_judged"]) == (2, 2, 0, 0)
    assert fact["result"] == f"manifests/call_audit/dt=2026-03-09/{CAMPAIGN}/{result['job_id']}.json"
    assert world.lake.read_document(fact["result"]) == result


def test_a_call_after_a_revocation_is_a_violation_with_what_it_rests_on(world: AuditWorld) -> None:
    world.says("revoked", -30)
    row = world.judge([call("a"), call("b", minutes=-45)])["a"]

    assert (row["verdict"], row["violations"], row["not_proven"]) == ("violation", ["consent_revoked"], [])
    assert row["citations"] == ["89 FR 15756"]
    assert row["rule_rows"] == ["NY-1"]
    assert row["zones"] == {"America/New_York": "area code 212"}
    (basis,) = row["consent"]
    assert (basis["register"], basis["value"]) == ("call_consent", "revoked")
    assert (basis["occurred_at"], basis["recorded_at"]) == ("2026-03-09T15:30:00Z", "2026-03-09T15:30:00Z")
    assert row["recorded_after_the_call"] is False
    assert list(world.judgements()) == ["a"], "the call before the revocation was allowed"


def test_a_refusal_that_was_recorded_after_the_call_is_a_violation_and_marked(world: AuditWorld) -> None:
    world.says("do_not_call", -30, recorded=90)
    row = world.judge([call("a"), call("b", minutes=-60)])["a"]

    assert row["violations"] == ["do_not_call"]
    assert row["recorded_after_the_call"] is True
    refusing = {each["register"]: each for each in row["consent"]}["do_not_call"]
    assert (refusing["occurred_at"], refusing["recorded_at"]) == (
        "2026-03-09T15:30:00Z",
        "2026-03-09T17:30:00Z",
    )
    (fact,) = world.facts()
    assert fact["recorded_after_the_call"] == 1
    assert list(world.judgements()) == ["a"]


def test_a_refusal_after_the_call_says_nothing_against_it(world: AuditWorld) -> None:
    world.says("revoked", 30)
    world.says("do_not_call", 40)
    assert world.judge([call("a")]) == {}


def test_what_is_lifted_by_the_call_forbids_no_more_and_what_is_lifted_after_it_does(
    world: AuditWorld,
) -> None:
    world.says("do_not_call", -60)
    world.says("do_not_call_lifted", 10)
    assert list(world.judge([call("a"), call("b", minutes=20)])) == ["a"]


def test_what_a_crm_sends_every_night_hides_no_refusal_before_it(world: AuditWorld) -> None:
    """The ledger says what was said last; of many contacts the histories are read at the same time."""
    contacts = [f"n{number}" for number in range(8)]
    for number, contact_id in enumerate(contacts):
        world.says("granted", -6000, contact_id)
        if number % 2:
            world.says("revoked", -10, contact_id)
        world.says("granted", 600, contact_id)
    rows = world.judge([call(contact_id, contact_id) for contact_id in contacts])
    assert sorted(rows) == contacts[1::2]
    assert {row["violations"][0] for row in rows.values()} == {"consent_revoked"}
    assert {row["consent"][0]["recorded_at"] for row in rows.values()} == {"2026-03-09T15:50:00Z"}


def test_the_refusal_of_a_contact_that_was_merged_counts_from_the_merge_on(world: AuditWorld) -> None:
    world.says("do_not_call", -600, "c2")
    world.says("merged", -10, merged_contact_id="c2")
    world.says("granted", 60)
    rows = world.judge([call("a"), call("b", minutes=-20)])
    assert {each: row["violations"] for each, row in rows.items()} == {"a": ["do_not_call"]}
    assert rows["a"]["recorded_after_the_call"] is False


def test_without_a_grant_there_is_no_consent(world: AuditWorld) -> None:
    row = world.judge([call("a", "stranger")])["a"]
    assert (row["verdict"], row["violations"], row["consent"]) == ("violation", ["no_consent"], [])


def test_a_grant_counts_from_when_it_was_given(world: AuditWorld) -> None:
    world.says("granted", 5, "late")
    assert list(world.judge([call("a", "late"), call("b", "late", minutes=6)])) == ["a"]


def test_the_kind_of_consent_is_looked_at(aws: AwsWorld, clock: FakeClock) -> None:
    world = AuditWorld(aws, clock, accept_bare_consent=False)
    world.says("granted", -6000)
    row = world.judge([call("a")])["a"]
    assert row["violations"] == ["consent_kind_insufficient"]
    assert [each["value"] for each in row["consent"]] == ["granted"]


@pytest.mark.parametrize(
    ("minutes", "listed"),
    [(-4 * 60 - 1, ["a"]), (-4 * 60, []), (9 * 60 - 1, []), (9 * 60, ["a"])],
    ids=["before 8:00", "8:00", "20:59", "21:00"],
)
def test_the_window_is_the_bare_rule_without_a_margin(
    world: AuditWorld, minutes: int, listed: list[str]
) -> None:
    assert list(world.judge([call("a", minutes=minutes)])) == listed


def test_zones_that_segmentation_knows_come_before_the_number(world: AuditWorld) -> None:
    world.places.known["c1"] = Place(state="HI", area_codes=("808",))
    row = world.judge([call("a")])["a"]
    assert row["violations"] == ["outside_window"], "noon in New York is six in the morning in Honolulu"
    assert row["zones"] == {"Pacific/Honolulu": "area code 808"}


def test_without_zone_or_number_a_call_cannot_be_judged(world: AuditWorld) -> None:
    row = world.judge([call("a", phone_number=None), call("b", "c2", phone_number="212")])["a"]
    assert (row["verdict"], row["violations"], row["not_proven"]) == (
        "cannot_be_judged",
        [],
        ["zone_unknown"],
    )
    (fact,) = world.facts()
    assert (fact["cannot_be_judged"], fact["by_reason"], fact["clean"]) == (1, {"zone_unknown": 1}, 1)


def test_a_violation_is_one_although_the_zone_is_unknown(world: AuditWorld) -> None:
    world.says("revoked", -30)
    row = world.judge([call("a", phone_number=None)])["a"]
    assert (row["verdict"], row["violations"], row["not_proven"]) == (
        "violation",
        ["consent_revoked"],
        ["zone_unknown"],
    )


def test_a_call_to_nobody_that_is_named_cannot_be_judged(world: AuditWorld) -> None:
    rows = world.judge([call("a", None), call("b", None, minutes=-5 * 60)])
    assert (rows["a"]["verdict"], rows["a"]["not_proven"]) == ("cannot_be_judged", ["contact_unknown"])
    assert rows["b"]["violations"] == ["outside_window"], "the number says as much"


def test_caps_count_calls_before_each_call_in_whatever_order_cxone_lists_them(world: AuditWorld) -> None:
    world.register(caps={"per_day": 2})
    # Of three parts the last one begins first.
    rows = world.judge([call("d", minutes=40)], [call("c", minutes=30)], [call("a"), call("b", minutes=10)])
    assert list(rows) == ["d", "c"]
    assert {row["violations"][0] for row in rows.values()} == {"cap_day"}


def test_caps_count_calls_of_other_windows_and_campaigns_about_the_same(world: AuditWorld) -> None:
    world.register(caps={"per_day": 2}, subject="solar")
    world.register("autumn", subject="solar")
    world.register("winter", subject="heating")
    earlier = {"start": START - timedelta(hours=6), "end": START}
    world.judge([call("a", minutes=-300), call("x", "c2", minutes=-300)], campaign_id="autumn", **earlier)
    world.judge([call("b", minutes=-295), call("c", minutes=-290)], campaign_id="winter", **earlier)
    rows = world.judge([call("d"), call("e", minutes=10), call("f", "c2")])
    # Two of the same subject before `e`; those of another do not count.
    assert {each: row["violations"] for each, row in rows.items() if each in "def"} == {"e": ["cap_day"]}


def test_caps_count_calls_to_a_contact_that_was_merged_into_the_called_one(world: AuditWorld) -> None:
    """The person is the same; what was called is another record of the CRM."""
    world.register(caps={"per_day": 1})
    world.says("granted", -6000, "c0")
    world.says("merged", -20, "c1", merged_contact_id="c0")
    rows = world.judge([call("a", "c0", minutes=-60), call("b", "c1"), call("c", "c2", minutes=5)])
    assert {each: row["violations"] for each, row in rows.items()} == {"b": ["cap_day"]}


def test_the_rule_of_the_state_and_its_cap_hold(world: AuditWorld) -> None:
    world.places.known["c1"] = Place(state="FL", zone="America/New_York", area_codes=("305",))
    rows = world.judge([call(f"{number}", minutes=number) for number in range(5)])
    assert {each: row["violations"] for each, row in rows.items()} == {"3": ["cap_24h"], "4": ["cap_24h"]}
    assert rows["3"]["citations"] == ["Fla. Stat. 501.616(6)"]


def test_rows_are_those_in_force_on_the_day_of_the_call(world: AuditWorld) -> None:
    """Pennsylvania closes at 19:00 since 2026-10-18, and at 21:00 before."""
    world.places.known["c1"] = Place(state="PA", zone="America/New_York")
    evening = {"minutes": 8 * 60, "phone_number": None}
    assert world.judge([call("a", **evening)]) == {}
    later = NOON.replace(month=10, day=20)
    world.clock.time = later + timedelta(days=1)
    row = {
        **call("b", phone_number=None),
        "start_time": later.replace(hour=23).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    day = later.replace(hour=0)
    world.judge([row], start=day, end=day + timedelta(hours=23))
    assert world.judgements()["b"]["rule_rows"] == ["PA-2"]
    assert world.judgements()["b"]["violations"] == ["outside_window"]


def test_calls_before_an_old_call_are_forgotten_so_its_caps_cannot_be_judged(world: AuditWorld) -> None:
    world.register(caps={"per_day": 2})
    world.clock.time = NOON + timedelta(days=29)
    row = world.judge([call("a")])["a"]
    assert (row["verdict"], row["not_proven"]) == ("cannot_be_judged", ["attempts_unknown"])


def test_purpose_comes_from_the_registration(aws: AwsWorld, clock: FakeClock) -> None:
    world = AuditWorld(aws, clock)
    world.register(purpose="debt_collection")
    world.says("granted", -6000)
    talked = call("a", minutes=-60, agent_id="agent-1")
    row = world.judge([talked, call("b")])["b"]
    assert row["violations"] == ["cap_conversation"]
    assert row["purpose"] == "debt_collection"
    (fact,) = world.facts()
    assert fact["purpose"] == "debt_collection"


def test_every_reason_that_proves_nothing_is_a_refusal_of_the_rules() -> None:
    # One that the rules rename would make calls violations that are not proven.
    from pathlib import Path

    import outbound.compliance

    source = "".join(path.read_text() for path in Path(outbound.compliance.__file__).parent.glob("*.py"))
    assert all(f'"{name}"' in source for name in NOT_PROVEN)


def test_a_check_of_numbers_that_is_not_known_proves_nothing(aws: AwsWorld, clock: FakeClock) -> None:
    world = AuditWorld(aws, clock, registry_required=True, reassigned_required=True)
    world.says("granted", -6000)
    row: dict[str, Any] = world.judge([call("a")])["a"]
    assert (row["verdict"], row["not_proven"]) == (
        "cannot_be_judged",
        ["registry_stale", "number_check_stale"],
    )


def test_a_window_without_calls_has_a_result(world: AuditWorld) -> None:
    world.judge(start=START, end=END)
    (fact,) = world.facts()
    assert (fact["calls"], fact["violations"]) == (0, 0)


def test_written_consent_of_the_seller_is_enough_where_a_bare_flag_is_not(
    aws: AwsWorld, clock: FakeClock
) -> None:
    world = AuditWorld(aws, clock, accept_bare_consent=False)
    world.register(seller="Acme")
    world.says("granted", -6000, kind="written", seller="Acme", evidence="form-17")
    world.says("granted", 600)
    world.says("granted", -6000, "c2", kind="written", seller="Bolt")
    rows = world.judge([call("a"), call("b", "c2")])
    assert {each: row["violations"] for each, row in rows.items()} == {"b": ["consent_other_seller"]}


def test_of_several_grants_the_one_that_serves_the_call_counts(aws: AwsWorld, clock: FakeClock) -> None:
    """The newest names another seller, or another category of calls."""
    world = AuditWorld(aws, clock, accept_bare_consent=False)
    world.register(seller="Acme")
    for contact_id, newer in (
        ("c1", {"seller": "Bolt"}),
        ("c2", {"seller": "Acme", "scope": "informational"}),
    ):
        world.says("granted", -6000, contact_id, kind="written", seller="Acme")
        world.says("granted", -600, contact_id, kind="written", **newer)
    world.says("granted", -6000, "c3", kind="written", seller="Acme", scope="informational")
    rows = world.judge([call("a"), call("b", "c2"), call("c", "c3")])
    assert {each: row["violations"] for each, row in rows.items()} == {"c": ["no_consent"]}


def test_a_contact_that_the_crm_has_no_more_is_not_called(world: AuditWorld) -> None:
    world.says("deleted", -30)
    row = world.judge([call("a")])["a"]
    assert row["violations"] == ["contact_deleted"]
    assert {each["register"] for each in row["consent"]} == {"call_consent", "record"}
