"""What forbids is recorded whatever else is wrong with it; what permits is not; merges pass refusals on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from faults import check_every_cut, check_every_refusal, fresh, until_quiet

from outbound.clock import format_time
from outbound.events import Event
from outbound.store.consent_state import Register, Value
from worlds.aws import AwsWorld, FakeClock
from worlds.consent import NOON, ConsentWorld, changed

_SHORT, _LONG = "0035g00000AbCdE", "0035g00000AbCdEAAV"


@pytest.mark.parametrize(
    "odd",
    [
        {"reason": "asked twice", "campaign_id": 5},
        {"occurred_at": None},
        {"occurred_at": "yesterday"},
        {"occurred_at": "2026-03-10T11:00:00"},
        {"occurred_at": 1773140400},
        {"occurred_at": "0001-01-01T00:00:00Z"},
        {"occurred_at": "2026-03-10T12:06:00Z"},
        {"occurred_at": "2099-03-10T12:06:00Z"},
        {"source": None},
        {"source": "s" * 5000},
        {"source": {"name": "hubspot"}},
        {"source": "\ud800"},
        {"contact_id": " c1 "},
        {"change": "Do not call."},
        {"change": "REVOKED"},
    ],
)
@pytest.mark.parametrize("change", ["do_not_call", "revoked"])
def test_a_refusal_is_recorded_whatever_else_is_wrong(
    world: ConsentWorld, change: str, odd: dict[str, Any]
) -> None:
    world.take(changed("granted", -60))
    fields = {"change": change, **odd}
    event = changed(fields.pop("change"), -30, "odd", **fields)
    world.take(event, event)

    consent = world.consents.get("c1")
    assert not consent.callable
    assert max(one.occurred_at for one in consent.registers.values()) <= world.clock.now()
    assert max(len(one.source) for one in consent.registers.values()) <= 200
    assert len(list(world.consents.history("c1"))) == 2
    assert not world.aws.published("consent.rejected")


@pytest.mark.parametrize(
    ("given", "contact_id"),
    [("+4930123456", "+4930123456"), (17, "17"), ("Kühn-17", "Kühn-17"), ("c" * 128, "c" * 128)],
)
def test_a_contacts_id_is_read_in_one_way(world: ConsentWorld, given: Any, contact_id: str) -> None:
    world.take(changed("granted", -60, contact_id=given))
    assert world.consents.get(contact_id).callable
    world.take(changed("do_not_call", -50, contact_id=given))
    assert world.consents.get(contact_id).refusal == "do_not_call"


def test_a_salesforce_id_of_15_and_of_18_characters_is_one_contact(world: ConsentWorld) -> None:
    world.take(changed("granted", -60, contact_id=_SHORT), changed("do_not_call", -30, contact_id=_LONG))

    for spelt in (_SHORT, _LONG):
        assert world.consents.get(spelt).refusal == "do_not_call"
        assert [told.change.value for told in world.consents.history(spelt)] == [Value.GRANTED, Value.SET]
        assert world.consents.get_many([spelt])[spelt].refusal == "do_not_call"
    assert world.consents.get(_SHORT.swapcase()).refusal == "no_consent"


def test_an_opt_out_without_a_time_counts_once_and_from_its_receipt(
    world: ConsentWorld, clock: FakeClock
) -> None:
    refusal = replace(changed("revoked", event_id="r", occurred_at="?"), occurred_at="?")
    world.take(refusal)
    clock.advance(minutes=10)
    world.take(changed("granted", 5))
    clock.advance(minutes=10)
    world.take(refusal)

    assert world.consents.get("c1").callable, "told again it is no new refusal"
    assert len(list(world.consents.history("c1"))) == 2


def test_a_refusal_before_2000_counts_from_its_receipt(world: ConsentWorld) -> None:
    world.take(changed("granted", -60), changed("revoked", occurred_at="1970-01-01T00:00:00Z"))

    assert world.state()["call_consent"] == ("revoked", "hubspot", NOON)


def test_what_permits_from_a_clock_ahead_does_not_overrule_a_refusal_that_follows(
    world: ConsentWorld, clock: FakeClock
) -> None:
    lifted = changed("do_not_call_lifted", 4)
    world.take(lifted)
    clock.advance(minutes=1)
    world.take(changed("do_not_call", 1), lifted)
    clock.advance(minutes=10)
    world.take(lifted)

    assert world.state()["do_not_call"][0] == "set"
    assert len(list(world.consents.history("c1"))) == 2, "told again it is the same change"


@pytest.mark.parametrize("ahead", [-5, 0, 3, 4.9])
@pytest.mark.parametrize("refuses_ahead", [-5, 0, 3, 60, 60 * 24 * 365])
def test_of_two_senders_with_skewed_clocks_none_loses_the_others_refusal(
    world: ConsentWorld, clock: FakeClock, ahead: float, refuses_ahead: float
) -> None:
    """One grants and its clock is ahead; the other's refusal comes a minute later by the true clock."""
    world.take(changed("granted", ahead))
    clock.advance(minutes=1)
    refused_at = NOON + timedelta(minutes=max(1 + refuses_ahead, ahead if ahead < 0 else 0))
    world.take(changed("revoked", event_id="r", occurred_at=format_time(refused_at)))
    assert world.consents.get("c1").refusal == "consent_revoked"

    clock.advance(minutes=1)
    world.take(changed("granted", 2 if ahead < 0 else 2 + ahead, "again"))
    assert world.consents.get("c1").callable, "and neither clock keeps a contact from consenting again"


def test_consent_that_was_given_until_a_time_expires(world: ConsentWorld, clock: FakeClock) -> None:
    world.take(changed("granted", -60, expires_at="2026-03-10T13:00:00Z"))
    assert world.consents.get("c1").callable
    clock.advance(hours=1)

    assert world.consents.get("c1").refusal == "consent_expired"
    assert world.consents.get_many(["c1"])["c1"].refusal == "consent_expired"
    assert world.consents.as_known_at("c1", NOON).callable
    assert world.consents.as_known_at("c1", clock.now()).refusal == "consent_expired"
    world.take(changed("granted", 30))
    assert world.consents.get("c1").callable


def test_an_end_of_consent_that_cannot_be_read_is_refused(world: ConsentWorld) -> None:
    world.take(changed("granted", -60, expires_at="next year"))

    (fact,) = world.aws.published()
    assert (fact["event_type"], fact["data"]["field"]) == ("consent.rejected", "expires_at")


def test_a_contact_that_the_crm_has_no_more_is_not_called_until_it_is_restored(world: ConsentWorld) -> None:
    world.take(changed("granted", -60), changed("deleted", -50))
    assert world.consents.get("c1").refusal == "deleted"
    world.take(changed("granted", -40))
    assert world.consents.get("c1").refusal == "deleted"
    world.take(changed("restored", -30))
    assert world.consents.get("c1").callable


def merged(loser: str, survivor: str, minutes: float = -20) -> Event:
    return changed("merged", minutes, f"m-{loser}-{survivor}", contact_id=survivor, merged_contact_id=loser)


_STORIES: dict[str, tuple[list[Event], str]] = {
    "the loser was do-not-call": (
        [changed("granted", -60, contact_id="s"), changed("do_not_call", -90, contact_id="l")],
        "do_not_call",
    ),
    "the loser revoked before the survivor consented": (
        [changed("granted", -60, contact_id="s"), changed("revoked", -90, contact_id="l")],
        "consent_revoked",
    ),
    "the survivor consented after the merge": (
        [changed("granted", -10, contact_id="s"), changed("revoked", -90, contact_id="l")],
        "",
    ),
    "the loser refuses after the merge": (
        [changed("granted", -10, contact_id="s"), changed("revoked", -5, contact_id="l")],
        "consent_revoked",
    ),
    "the loser consented": ([changed("granted", -60, contact_id="l")], "no_consent"),
    "the loser refused and consented again": (
        [
            changed("granted", -60, contact_id="s"),
            changed("revoked", -90, contact_id="l"),
            changed("granted", -80, contact_id="l"),
        ],
        "",
    ),
    "the loser was deleted": (
        [changed("granted", -60, contact_id="s"), changed("deleted", -20, contact_id="l")],
        "",
    ),
}


@pytest.mark.parametrize("story", _STORIES)
def test_in_any_order_the_refusals_of_a_merged_contact_are_its_survivors(
    world: ConsentWorld, story: str
) -> None:
    events, refusal = _STORIES[story]
    for number, order in enumerate(permutations([*events, merged("l", "s")])):
        names = {"s": f"s{number}", "l": f"l{number}"}
        for event in order:
            data = {name: names.get(value, value) for name, value in event.data.items()}
            world.take(replace(event, data=data))
        assert world.consents.get(names["s"]).refusal == refusal
        assert world.consents.get_many([names["s"]])[names["s"]].refusal == refusal
        assert world.consents.as_known_at(names["s"], world.clock.now()).refusal == refusal
        assert not world.consents.get(names["l"]).callable, "a contact that is gone is not called"


def test_a_refusal_passes_through_a_chain_of_merges_and_a_circle_ends(world: ConsentWorld) -> None:
    world.take(changed("granted", -60, contact_id="c"))
    world.take(merged("a", "b"), merged("b", "c"), merged("c", "a"), merged("a", "a"))
    assert world.consents.get("c").refusal == "deleted"
    world.take(changed("do_not_call", -5, contact_id="a"))

    assert world.consents.get("c").refusal == "do_not_call"


@pytest.mark.parametrize("late", [False, True])
def test_what_passes_by_a_merge_is_published_of_the_survivor(world: ConsentWorld, late: bool) -> None:
    refusal, merge = changed("do_not_call", -90, contact_id="l"), merged("l", "s")
    for event in (merge, refusal) if late else (refusal, merge):
        world.take(event)

    said = [(fact["data"]["contact_id"], fact["data"]["value"]) for fact in world.aws.published()]
    assert sorted(said) == [("l", "deleted"), ("l", "set"), ("s", "set")]
    assert world.consents.get("s").registers[Register.DO_NOT_CALL].source == "hubspot (of l, merged)"
    assert world.sweep() == 0


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_merges_of_the_same_contacts_the_later_counts(world: ConsentWorld, order: int) -> None:
    first, second = merged("l", "s", -40), replace(merged("l", "s", -20), event_id="again")
    world.take(changed("revoked", -90, contact_id="l"), changed("granted", -30, contact_id="s"))
    world.take(*[first, second][::order])

    assert world.consents.get("s").refusal == "consent_revoked"


def test_a_merge_that_names_no_contact_is_rejected(world: ConsentWorld) -> None:
    world.take(changed("merged", -5, contact_id="s"))

    (fact,) = world.aws.published()
    assert fact["data"]["field"] == "merged_contact_id"


@pytest.mark.parametrize("check", [check_every_cut, check_every_refusal])
@pytest.mark.parametrize("event", [merged("l", "s"), changed("revoked", -5, contact_id="l")])
def test_a_merge_and_what_follows_it_end_as_undisturbed(check: Any, event: Event) -> None:
    before = [changed("granted", -60, contact_id="s"), changed("do_not_call", -30, contact_id="l")]
    if event.data["change"] != "merged":
        before.append(merged("l", "s"))

    def build(aws: AwsWorld, clock: FakeClock) -> ConsentWorld:
        world = ConsentWorld(aws, clock)
        world.take(*before)
        world.aws.published()
        world.put(event)
        return world

    def recover(world: ConsentWorld) -> None:
        world.clock.advance(minutes=15)
        world.start_afresh()
        world.trigger.let_time_pass()
        until_quiet(world.trigger.poll)
        until_quiet(world.sweep)

    def state(world: ConsentWorld) -> object:
        told = [(one.change, one.refused) for name in "ls" for one in world.consents.history(name)]
        facts = {(fact["event_id"], str(sorted(fact["data"].items()))) for fact in world.aws.published()}
        return world.state("l"), world.state("s"), told, sorted(facts)

    check(fresh(build), lambda world: world.trigger.poll(), recover, state)
