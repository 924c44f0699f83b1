"""Whom the ledger forbids and CXone would dial is suppressed in every campaign that has seen the contact."""

from __future__ import annotations

import pytest

from outbound.calling.settings import ComplianceSettings
from outbound.events import Event
from sandbox.world import contacts_of
from worlds.segments import CAMPAIGN, CHANGES, LIST, SegmentWorld

REQUEST = "contact.suppression.requested"


@pytest.fixture
def agreed(world: SegmentWorld) -> list[str]:
    """Some contacts who agreed, in CXone and in the ledger."""
    some = contacts_of(world.tenant.world, CAMPAIGN)[:30]
    found = [
        one for one in some if world.tenant.listed_contact(LIST, one)["consentFlags"]["outbound"]["call"]
    ]
    world.grant(*found)
    return found


def _change(world: SegmentWorld, change: str, contact: str, minutes: float = -30) -> Event:
    world.consent(change, contact, minutes=minutes)
    return world.recorded()[-1]


def _suppressions(world: SegmentWorld) -> list[tuple[str, str, str]]:
    """Campaign, contact and reason of each request, once for each id."""
    events = {one["event_id"]: one["data"] for one in world.aws.published(REQUEST)}
    return sorted((one["campaign_id"], one["contact_id"], one["reason"]) for one in events.values())


@pytest.mark.parametrize(
    ("change", "reason"),
    [("do_not_call", "do_not_call"), ("revoked", "consent_revoked"), ("deleted", "deleted")],
)
def test_a_conflict_is_reported_counted_and_suppressed(
    world: SegmentWorld, agreed: list[str], change: str, reason: str
) -> None:
    world.consent(change, agreed[2])
    world.aws.published()
    request = world.requested()
    world.run(request)

    run = world.run_of(request)
    assert world.rows(run.run_id)[agreed[2]]["conflict"] == reason
    assert run.tally.conflicts == {reason: 1}
    events = world.aws.published()
    assert [one["data"]["reason"] for one in events if one["event_type"] == REQUEST] == [reason]
    (fact,) = (one for one in events if one["event_type"] == "campaign.segmented")
    assert fact["data"]["conflicts"] == {reason: 1}


def test_missing_or_expired_consent_is_no_conflict(world: SegmentWorld, agreed: list[str]) -> None:
    request = world.requested()
    world.run(request)
    run = world.run_of(request)
    assert run.tally.refusals["no_consent"] > 200
    assert run.tally.conflicts == {}
    assert _suppressions(world) == []


def test_whom_cxone_does_not_list_as_agreed_is_no_conflict(world: SegmentWorld, agreed: list[str]) -> None:
    world.consent("do_not_call", agreed[0])
    world.tenant.set_call_consent(LIST, agreed[0], agreed=False)
    world.aws.published()
    world.run(world.requested())
    assert _suppressions(world) == []


def test_a_conflict_is_asked_for_once_however_often_it_is_found(
    world: SegmentWorld, agreed: list[str]
) -> None:
    """By two segmentations and by the change itself; a new revocation is another request."""
    change = _change(world, "revoked", agreed[1])
    world.run(world.requested())
    world.run(world.requested())
    world.put(change, queue=CHANGES)
    world.change_trigger.poll()
    ids = {one["event_id"] for one in world.aws.published(REQUEST)}
    assert len(ids) == 1

    world.consent("granted", agreed[1], minutes=-20)
    world.aws.published()
    world.run(world.requested())
    assert _suppressions(world) == [], "what was granted again is no conflict"
    world.put(_change(world, "revoked", agreed[1], minutes=-10), queue=CHANGES)
    world.change_trigger.poll()
    assert len({one["event_id"] for one in world.aws.published(REQUEST)} - ids) == 1


def test_a_change_is_carried_to_every_campaign_that_has_seen_the_contact(
    world: SegmentWorld, agreed: list[str]
) -> None:
    world.register("winback")
    world.register("others", contact_list_id=LIST)
    world.run(world.requested(), world.requested("winback"), world.requested("others", segment="nobody"))
    world.put(_change(world, "do_not_call", agreed[4]), queue=CHANGES)
    world.change_trigger.poll()
    assert _suppressions(world) == [
        (CAMPAIGN, agreed[4], "do_not_call"),
        ("winback", agreed[4], "do_not_call"),
    ]


def test_a_narrower_segment_does_not_hide_whom_a_wider_one_has_seen(
    world: SegmentWorld, agreed: list[str]
) -> None:
    world.run(world.requested())
    world.run(world.requested(segment="gold"))
    silver = next(
        one for one in agreed if world.tenant.listed_contact(LIST, one)["attributes"]["segment"] == "silver"
    )
    world.put(_change(world, "revoked", silver), queue=CHANGES)
    world.change_trigger.poll()
    assert _suppressions(world) == [(CAMPAIGN, silver, "consent_revoked")]


def test_a_contact_whom_no_campaign_has_seen_is_left_alone(world: SegmentWorld, agreed: list[str]) -> None:
    world.run(world.requested())
    world.put(_change(world, "do_not_call", "a-stranger"), queue=CHANGES)
    assert world.change_trigger.poll() == 1
    assert _suppressions(world) == []
    assert world.change_trigger.let_time_pass() == 0, "its message is done with"


def test_what_permits_again_before_it_was_carried_asks_for_nothing(
    world: SegmentWorld, agreed: list[str]
) -> None:
    world.run(world.requested())
    change = _change(world, "revoked", agreed[0])
    world.consent("granted", agreed[0], minutes=-5)
    world.aws.published()
    world.put(change, queue=CHANGES)
    world.change_trigger.poll()
    assert _suppressions(world) == []


def test_a_change_waits_for_a_segmentation_that_may_have_missed_it(
    world: SegmentWorld, agreed: list[str]
) -> None:
    """The contact is read, then revokes, then its part is written: nobody saw both."""
    request = world.requested()
    world.put(request)
    world.segment_briefly()
    world.settings = world.settings.model_copy(update={"page_size": 100})
    change = _change(world, "revoked", agreed[0])
    world.aws.published()
    world.put(change, queue=CHANGES)
    # Hidden from the change: the part that the run has written is not the campaign's yet.
    world.change_trigger.poll()
    assert _suppressions(world) == []

    world.trigger.let_time_pass()
    world.run()
    world.aws.published()
    world.change_trigger.let_time_pass()
    world.change_trigger.poll()
    assert _suppressions(world) == [(CAMPAIGN, agreed[0], "consent_revoked")]
    assert world.change_trigger.let_time_pass() == 0


def test_a_change_does_not_wait_for_a_run_that_is_not_at_work_any_more(
    world: SegmentWorld, agreed: list[str]
) -> None:
    """And that run judges anew when it comes back: what it read before the change counts no more."""
    request = world.requested()
    world.put(request)
    world.segment_briefly()
    change = _change(world, "revoked", agreed[0])
    world.clock.advance(minutes=40)
    world.aws.published()
    world.put(change, queue=CHANGES)
    world.change_trigger.poll()
    assert world.change_trigger.let_time_pass() == 0

    world.trigger.let_time_pass()
    world.run()
    assert world.run_of(request).attempt == 2
    assert _suppressions(world) == [(CAMPAIGN, agreed[0], "consent_revoked")]


def test_a_contact_is_suppressed_under_the_id_that_its_list_has(
    world: SegmentWorld, agreed: list[str]
) -> None:
    """The list has 15 characters of a Salesforce id, and the CRM sends all 18."""
    short, long = "003000000000003", "003000000000003AAA"
    page = world.runtime.ports.contact_lists.page

    def named(list_id: str, query: str, number: int, size: int) -> object:
        found = page(list_id, query, number, size)
        contacts = [
            one._replace(contact_id=short) if one.contact_id == agreed[0] else one for one in found.contacts
        ]
        return type(found)(contacts, found.total)

    world.runtime.override("contact_lists", page=named)
    world.run(world.requested())
    world.put(_change(world, "do_not_call", long), queue=CHANGES)
    world.change_trigger.poll()
    assert _suppressions(world) == [(CAMPAIGN, short, "do_not_call")]


def test_an_event_about_something_else_is_refused(world: SegmentWorld) -> None:
    world.put(world.requested(), queue=CHANGES)
    world.change_trigger.poll()
    (dead,) = world.aws.drain("suppress-contacts-dlq")
    assert "says nothing about consent" in dead["MessageAttributes"]["reason"]["StringValue"]


def test_a_revocation_of_one_category_forbids_the_calls_of_that_category(
    world: SegmentWorld, agreed: list[str]
) -> None:
    world.register("offers", purpose="telemarketing")
    world.run(world.requested(), world.requested("offers"))
    world.compliance = ComplianceSettings(accept_bare_consent=True, revocation_scope="category")
    world.consent("revoked", agreed[0], scope="telemarketing")
    world.put(world.recorded()[-1], queue=CHANGES)
    world.change_trigger.poll()
    assert _suppressions(world) == [("offers", agreed[0], "consent_revoked")]
