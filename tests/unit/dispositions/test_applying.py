"""What becomes of a disposition: each ends once, newest of a contact stands, whatever the order."""

from __future__ import annotations

from itertools import permutations

import pytest

from sandbox.world import agents_of
from worlds.dispositions import CAMPAIGN, DELIVERY, DispositionWorld

CONTACT = "/contacts/"


def test_a_disposition_is_written_whole_and_published(world: DispositionWorld) -> None:
    given = {"notes": "likes blue", "custom_fields": {"lead_score": 85, "vip": True, "source": None}}
    world.take(world.requested("INTERESTED", id="r1", **given))

    contact = world.contact()
    assert (contact.outcome_code, contact.agent_id) == ("INTERESTED", world.agent)
    assert (contact.notes, contact.custom_fields) == ("likes blue", given["custom_fields"])
    assert contact.disposition_timestamp == "2026-03-10T12:00:00Z"
    (fact,) = world.aws.published()
    assert (fact["event_type"], fact["correlation_id"]) == ("disposition.applied", DELIVERY)
    data = fact["data"]
    assert (data["request_id"], data["contact_id"]) == ("r1", world.contact_id())
    assert (data["status"], data["outcome_code"]) == ("SUCCESS", "INTERESTED")
    assert data["latency_ms"] >= 0
    assert data["last_attempt_at"]
    assert "likes blue" not in str(fact)


def test_the_same_request_is_applied_and_published_once(world: DispositionWorld) -> None:
    request = world.requested(id="r1")
    world.take(request, request)
    world.take(request)

    assert world.endings() == {"r1": "applied"}
    assert len(world.contact().writes) == 1
    assert len(world.aws.published()) == 1


def test_the_same_request_in_another_delivery_is_unchanged(world: DispositionWorld) -> None:
    world.take(world.requested(id="r1"))
    reads = world.tenant.stats().count(f"GET {_CALL}")

    assert not world.take(world.requested(id="r1", correlation_id="delivery-2")), "it is not tried again"
    assert world.endings("delivery-2") == {"r1": "unchanged"}
    assert world.tenant.stats().count(f"GET {_CALL}") == reads
    world.take(world.requested(id="r1", correlation_id="delivery-3", notes="says something else"))
    assert world.endings("delivery-3") == {"r1": "superseded"}
    assert len(world.contact().writes) == 1


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_newest_stands_in_every_order_of_arrival(world: DispositionWorld, order: tuple[int, ...]) -> None:
    codes = ("NO_ANSWER", "INTERESTED", "NOT_INTERESTED")
    for number in order:
        world.take(world.requested(codes[number], number, id=f"r{number}"))

    assert world.contact().outcome_code == "NOT_INTERESTED"
    best = -1
    for number in order:
        assert world.endings()[f"r{number}"] == ("applied" if number > best else "superseded")
        best = max(best, number)


def test_of_a_batch_only_the_newest_of_a_contact_costs_calls(world: DispositionWorld) -> None:
    before = world.tenant.stats().count(f"PATCH {_CALL}")
    world.take(*(world.requested("BUSY", number, id=f"r{number}") for number in range(5)))

    assert world.tenant.stats().count(f"PATCH {_CALL}") == before + 1
    assert world.endings() == {**{f"r{number}": "superseded" for number in range(4)}, "r4": "applied"}


def test_of_two_at_the_same_moment_the_id_decides(world: DispositionWorld) -> None:
    world.take(world.requested("BUSY", id="b"))
    world.take(world.requested("INTERESTED", id="a"))

    assert world.endings() == {"a": "superseded", "b": "applied"}


def test_the_same_said_again_later_is_unchanged_and_not_written(world: DispositionWorld) -> None:
    world.take(world.requested("INTERESTED", 0, id="r0", notes="n"))
    world.take(world.requested("INTERESTED", 5, id="r5", notes="n"))
    world.take(world.requested("BUSY", 3, id="r3"))

    assert world.endings() == {"r0": "applied", "r3": "superseded", "r5": "unchanged"}
    assert len(world.contact().writes) == 1


@pytest.mark.parametrize("changed", ["notes", "callback_date", "agent"])
def test_new_notes_dates_or_agents_are_a_change(world: DispositionWorld, changed: str) -> None:
    change: dict[str, object] = {
        "notes": {"notes": "other"},
        "callback_date": {"custom_fields": {"callback_date": "2026-06-02"}},
        "agent": {"agent_id": agents_of(world.tenant.world, CAMPAIGN)[1]},
    }[changed]
    fields = {"notes": "n", "custom_fields": {"callback_date": "2026-06-01"}}
    world.take(world.requested("CALLBACK_LATER", 0, id="r0", **fields))
    world.take(world.requested("CALLBACK_LATER", 5, id="r5", **{**fields, **change}))

    assert world.endings()["r5"] == "applied"
    assert len(world.contact().writes) == 2


def test_what_another_application_changed_in_cxone_is_written_again(world: DispositionWorld) -> None:
    world.take(world.requested("INTERESTED", 0, id="r0"))
    other = world.beside()
    other.take(other.requested("BUSY", 1, id="other"))
    world.take(world.requested("INTERESTED", 5, id="r5"))

    assert world.endings()["r5"] == "applied"
    assert world.contact().outcome_code == "INTERESTED"


@pytest.mark.parametrize("state", ["DIALING", "RINGING", "CONNECTED", "WRAP_UP"])
def test_a_busy_contact_means_later(world: DispositionWorld, state: str) -> None:
    world.tenant.set_contact_state(CAMPAIGN, world.contact_id(), state)
    request = world.requested(id="r1")
    before = world.tenant.stats().count(f"PATCH {_CALL}")
    assert world.take(request)
    assert world.tenant.stats().count(f"PATCH {_CALL}") == before, "CXone is not even asked"
    assert world.endings() == {"r1": "waiting"}
    world.tenant.set_contact_state(CAMPAIGN, world.contact_id(), "READY")
    assert not world.take(request)

    assert world.endings() == {"r1": "applied"}
    assert [fact["event_type"] for fact in world.aws.published()] == ["disposition.applied"]


@pytest.mark.slow
def test_a_busy_contact_is_asked_for_less_and_less_often_and_rejected_in_the_end(
    world: DispositionWorld,
) -> None:
    world.tenant.set_contact_state(CAMPAIGN, world.contact_id(), "CONNECTED")
    world.put(world.requested(id="r1"))
    waits = []
    for _ in range(100):
        began = world.clock.now()
        if not world.trigger.poll():
            break
        world.trigger.let_time_pass()
        waits.append(_deferrals(world))
        world.clock.advance(seconds=world.settings.busy_wait.seconds(waits[-1]))
        assert world.clock.now() > began

    assert world.endings() == {"r1": "rejected"}
    assert world.about("r1")["reason"] == "contact_busy"
    assert len(waits) < 70, "four hours at five minutes, and the first few sooner"
    assert world.aws.drain("apply-dispositions-dlq") == []


def test_a_contact_that_is_picked_up_between_read_and_write_means_later(world: DispositionWorld) -> None:
    world.tenant.add_fault({"status": 409}, method="PATCH", path=CONTACT)
    assert world.take(world.requested(id="r1"))

    assert world.endings() == {"r1": "waiting"}


def test_an_unknown_contact_is_rejected_with_its_reason(world: DispositionWorld) -> None:
    world.take(world.requested(id="r1", contact_id="nobody"))

    about = world.about("r1")
    assert (about["reason"], about["field"]) == ("contact_not_found", "contact_id")
    (fact,) = world.aws.published()
    assert fact["event_type"] == "disposition.rejected"


@pytest.mark.parametrize(("given", "field"), [({"agent_id": "nobody"}, "agentId")])
def test_what_cxone_refuses_is_rejected_naming_its_field_and_not_tried_again(
    world: DispositionWorld, given: dict[str, object], field: str
) -> None:
    before = world.tenant.stats().count(f"PATCH {_CALL}", 400)
    world.take(world.requested(id="r1", **given))

    assert world.about("r1")["field"] == field
    assert world.tenant.stats().count(f"PATCH {_CALL}", 400) == before + 1


def test_a_code_that_the_tenant_does_not_know_is_rejected(world: DispositionWorld) -> None:
    codes = [*world.settings.outcome_codes, "MAYBE"]
    lenient = DispositionWorld(world.aws, world.clock, world.tenant, outcome_codes=codes)
    lenient.take(lenient.requested("MAYBE", id="r1"))

    assert lenient.about("r1")["field"] == "outcomeCode"


def test_a_rejected_one_holds_up_no_older_one(world: DispositionWorld) -> None:
    world.take(world.requested("INTERESTED", 5, id="new", agent_id="nobody"))
    world.take(world.requested("BUSY", 0, id="old"))

    assert world.endings() == {"new": "rejected", "old": "applied"}


def test_messages_of_one_batch_do_not_hurt_each_other(world: DispositionWorld) -> None:
    world.tenant.set_contact_state(CAMPAIGN, world.contact_id("busy"), "RINGING")
    back = world.take(
        world.requested(id="r1", contact="c1"),
        world.requested(id="r2", contact="busy"),
        world.requested(id="r3", contact_id="nobody"),
        world.requested(id="r4", contact="c4"),
    )

    assert len(back) == 1
    assert world.endings() == {"r1": "applied", "r2": "waiting", "r3": "rejected", "r4": "applied"}


@pytest.mark.parametrize("given", [{}, {"agent_id": None}, {"campaign_id": "Not A Campaign"}])
def test_do_not_call_counts_whatever_becomes_of_the_disposition(
    world: DispositionWorld, given: dict[str, object]
) -> None:
    world.tenant.set_contact_state(CAMPAIGN, world.contact_id(), "CONNECTED")
    world.take(world.requested("DO_NOT_CALL", id="r1", **given))

    (fact,) = [fact for fact in world.aws.published() if fact["event_type"] == "consent.changed"]
    assert fact["data"] == {
        "contact_id": world.contact_id(),
        "change": "do_not_call",
        "source": "disposition",
        "occurred_at": "2026-03-10T12:00:00Z",
    }


def test_a_message_that_is_not_a_disposition_ends_in_the_dead_letter_queue(world: DispositionWorld) -> None:
    event = world.requested()
    wrong = type(event)(**{**{n: getattr(event, n) for n in event.__slots__}, "event_type": "x.y"})
    world.take(wrong)

    (dead,) = world.aws.drain("apply-dispositions-dlq")
    assert "is not a disposition" in dead["MessageAttributes"]["reason"]["StringValue"]


def test_a_missing_scope_ends_in_the_dead_letter_queue_naming_it(world: DispositionWorld) -> None:
    world.tenant.add_fault(
        {"status": 403, "body": {"message": "outbound:contact:write"}}, path=CONTACT, method="GET"
    )
    world.take(world.requested(id="r1"))

    (dead,) = world.aws.drain("apply-dispositions-dlq")
    assert "outbound:contact:write" in dead["MessageAttributes"]["reason"]["StringValue"]
    assert not world.take(world.requested(id="r1")), "redriven, it is applied"
    assert world.endings() == {"r1": "applied"}


_CALL = "/api/v1/outbound/campaigns/{campaign_id}/contacts/{contact_id}"


def _deferrals(world: DispositionWorld) -> int:
    return int(world.ledger.get(DELIVERY, "r1").get("deferrals", 0))
