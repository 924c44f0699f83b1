"""A campaign's list is judged whole, kept in parts, and switched to at the end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from outbound.calling.attempts import RecordedAttempt
from outbound.contact_ids import ledger_id
from sandbox.world import contacts_of
from worlds.segments import CAMPAIGN, LIST, NOON, SegmentWorld


def _ids(world: SegmentWorld) -> list[str]:
    return contacts_of(world.tenant.world, CAMPAIGN)[:300]


def _agreed(world: SegmentWorld) -> list[str]:
    listed = [world.tenant.listed_contact(LIST, each) for each in _ids(world)]
    return [one["contactId"] for one in listed if one["consentFlags"]["outbound"]["call"]]


@pytest.mark.slow
def test_every_contact_who_agreed_has_one_row_and_the_segment_is_current(world: SegmentWorld) -> None:
    agreed = _agreed(world)
    world.grant(*agreed[:-20])
    request = world.requested()
    world.run(request)

    run = world.run_of(request)
    rows = world.rows(run.run_id)
    assert set(rows) == set(agreed)
    assert {row["contact_id"] for row in rows.values() if "no_consent" in row["refusals"]} == set(
        agreed[-20:]
    )
    (fact,) = world.aws.published("campaign.segmented")
    data = fact["data"]
    assert data["contacts"] == len(agreed) == data["callable"] + data["later"] + data["refused"]
    assert data["refusals"]["no_consent"] == 20
    assert data["query"] == "consentFlags.outbound.call==true"
    assert (data["list_changed"], data["conflicts"]) == (False, {})
    assert world.runs.segmented(CAMPAIGN).run_id == run.run_id
    assert len(world.aws.objects("LAKE_BUCKET", "segments/dt=2026-03-10/renewals/")) == 3


@pytest.mark.slow
def test_rows_hold_no_number_and_say_what_they_rest_on(world: SegmentWorld) -> None:
    contact = _agreed(world)[0]
    world.grant(contact)
    listed = world.tenant.listed_contact(LIST, contact)
    request = world.requested()
    world.run(request)

    row = world.rows(world.run_of(request).run_id)[contact]
    assert listed["phoneNumbers"][0][2:] not in str(row)
    assert row["area_codes"] == [listed["phoneNumbers"][0][2:5]]
    assert row["zip_prefix"] == listed["address"]["postalCode"][:3]
    assert row["states"] == [listed["address"]["state"]]
    assert row["rules_version"]
    assert row["judged_at"] == "2026-03-10T17:00:00Z"


def test_what_cannot_be_read_of_a_place_is_not_kept_and_not_taken_for_another(world: SegmentWorld) -> None:
    """2134 has lost the zero of Boston, and 213 is in Maryland; people write anything into any field."""
    first, second = _agreed(world)[:2]
    address = {"state": "Ann Smith, 12 Main St", "postalCode": "2134"}
    world.tenant.change_listed_contact(LIST, first, address=address, timeZone="ask Ann, +1 212 555 0100")
    world.tenant.change_listed_contact(LIST, second, address={"state": "NY", "postalCode": "10001-1234"})
    request = world.requested()
    world.run(request)

    rows = world.rows(world.run_of(request).run_id)
    assert (rows[first]["zip_prefix"], rows[second]["zip_prefix"]) == ("", "100")
    assert "zone_unknown" in rows[first]["refusals"]
    assert "Ann" not in str(rows[first])
    assert "555" not in str(rows[first])
    contact = world.places.of_contacts(CAMPAIGN, [first])[first].contact()
    assert (contact.zip_code, contact.state, contact.zone) == ("", "?", "?"), "judged later as it was"


@pytest.mark.slow
def test_contacts_in_the_west_open_later_and_the_preview_counts_when(world: SegmentWorld) -> None:
    world.clock.time = NOON - timedelta(hours=3)  # 10:00 in New York, 7:00 in Los Angeles
    world.grant(*_agreed(world))
    request = world.requested()
    world.run(request)

    run = world.run_of(request)
    for row in world.rows(run.run_id).values():
        if row["address_state"] in ("CA", "WA"):
            assert (row["state"], row["refusals"]) == ("later", ["outside_window"])
            assert row["next_opening"] == "2026-03-10T15:00:00Z"
            assert row["callable_until"] is None
        if row["address_state"] == "NY":
            assert row["state"] == "callable"
            assert row["callable_until"]
    closed = ("CA", "WA", "AZ")
    western = sum(row["address_state"] in closed for row in world.rows(run.run_id).values())
    assert run.tally.openings["2026-03-10T15:00Z"] == western > 0
    assert sum(run.tally.openings.values()) == run.tally.states["later"]


@pytest.mark.slow
def test_attributes_narrow_the_segment_and_another_query_keeps_its_own(world: SegmentWorld) -> None:
    gold = {
        each
        for each in _agreed(world)
        if world.tenant.listed_contact(LIST, each)["attributes"]["segment"] == "gold"
    }
    everybody, narrow = world.requested(), world.requested(segment="gold")
    world.run(everybody)
    world.run(narrow)

    assert set(world.rows(world.run_of(narrow).run_id)) == gold
    segmented = world.runs.segmented(CAMPAIGN)
    assert segmented.run_id == world.run_of(narrow).run_id
    assert segmented.run_ids == [world.run_of(narrow).run_id, world.run_of(everybody).run_id]
    queries = [fact["data"]["query"] for fact in world.aws.published("campaign.segmented")]
    assert queries == [
        "consentFlags.outbound.call==true",
        "consentFlags.outbound.call==true && segment==gold",
    ]


def test_a_query_that_finds_nobody_is_widened_and_the_fact_names_what_was_sent(world: SegmentWorld) -> None:
    """The attribute's name is misspelt: asked again without it, and filtered here, nobody is left."""
    request = world.requested(segmnt="gold")
    world.run(request)

    (fact,) = world.aws.published("campaign.segmented")
    assert fact["data"]["query"] == "consentFlags.outbound.call==true"
    assert fact["data"]["contacts"] == 0
    assert world.run_of(request).tally.not_matching == len(_agreed(world))


@pytest.mark.slow
def test_contacts_without_the_flag_are_refused_where_every_contact_was_asked_for(world: SegmentWorld) -> None:
    """No contact has a flag that the query finds, so the whole list comes."""
    for contact in _ids(world):
        world.tenant.change_listed_contact(LIST, contact, consentFlags={})
    world.grant(*_ids(world))
    request = world.requested()
    world.run(request)

    (fact,) = world.aws.published("campaign.segmented")
    assert fact["data"]["query"] == ""
    assert fact["data"]["refused"] == 300 == fact["data"]["refusals"]["no_consent"]


def test_what_cxone_lists_wrongly_is_filtered_here(world: SegmentWorld) -> None:
    """An answer that ignores the query: the flag and the attributes are looked at again."""
    real = world.runtime.ports.contact_lists
    world.runtime.override(
        "contact_lists", page=lambda list_id, _, number, size: real.page(list_id, "", number, size)
    )
    world.grant(*_ids(world))
    request = world.requested(segment="gold")
    world.run(request)

    rows = world.rows(world.run_of(request).run_id)
    for contact, row in rows.items():
        listed = world.tenant.listed_contact(LIST, contact)
        assert listed["attributes"]["segment"] == "gold"
        assert ("no_consent" in row["refusals"]) is not listed["consentFlags"]["outbound"]["call"]
    assert 0 < sum("no_consent" in row["refusals"] for row in rows.values()) < len(rows) < 300


@pytest.mark.slow
def test_calls_that_were_made_count_whoever_knows_of_them(world: SegmentWorld) -> None:
    """Florida allows three calls in 24 hours, about the same subject."""
    world.register(purpose="telemarketing", hours={"days": ["tue"], "start": "09:00", "end": "20:00"})
    world.compliance = world.compliance.model_copy(update={"accept_bare_consent": True})
    florida = [
        each for each in _agreed(world) if world.tenant.listed_contact(LIST, each)["address"]["state"] == "FL"
    ]
    pulled, counted, few, merging = florida[:4]
    world.grant(*florida)
    for contact in florida:
        world.tenant.change_listed_contact(LIST, contact, attempts={"count": 0, "lastAttemptAt": None})
    made = [RecordedAttempt(f"c{n}", NOON - timedelta(hours=n + 1), "other", "renewals") for n in range(3)]
    world.attempts.add({pulled: made, few: made[:2], "its-former-record": made}, NOON)
    world.consent("merged", merging, merged_contact_id="its-former-record")
    called = {"count": 3, "lastAttemptAt": "2026-03-10T15:30:00Z"}
    world.tenant.change_listed_contact(LIST, counted, attempts=called)
    request = world.requested()
    world.run(request)

    rows = world.rows(world.run_of(request).run_id)
    assert "cap_24h" in rows[pulled]["refusals"]
    assert "cap_24h" in rows[counted]["refusals"]
    assert "cap_24h" in rows[merging]["refusals"]
    assert "cap_24h" not in rows[few]["refusals"]


def test_a_contact_is_found_again_by_one_small_read_and_its_place_is_known(world: SegmentWorld) -> None:
    agreed = _agreed(world)
    request = world.requested()
    world.run(request)
    run_id = world.run_of(request).run_id

    found = world.index.rows(run_id, [agreed[3], "nobody", agreed[170]])
    assert {each: row["contact_id"] for each, row in found.items()} == {
        agreed[3]: agreed[3],
        agreed[170]: agreed[170],
    }
    listed = world.tenant.listed_contact(LIST, agreed[3])
    place = world.places.of_contacts(CAMPAIGN, [agreed[3], "nobody"])
    assert set(place) == {agreed[3]}
    assert place[agreed[3]].state == listed["address"]["state"]
    assert place[agreed[3]].zone_confirmed is listed["timeZoneConfirmed"]
    contact = place[agreed[3]].contact()
    assert contact.numbers[0].area.code == listed["phoneNumbers"][0][2:5]


def test_many_contacts_are_found_by_one_read_a_part_and_remembered(world: SegmentWorld) -> None:
    request = world.requested()
    world.run(request)
    run = world.run_of(request)
    expected = world.rows(run.run_id)
    index, reads = world.index, []
    read_range = world.runtime.lake.read_range
    world.runtime.lake.read_range = lambda key, *some: reads.append(key) or read_range(key, *some)  # type: ignore[method-assign, func-returns-value]

    assert index.rows(run.run_id, [*expected, "nobody"]) == expected
    assert len(reads) == len(set(reads)) == 3
    assert index.rows(run.run_id, list(expected)[:7]) == dict(list(expected.items())[:7])
    assert len(reads) == 3


def test_ids_with_odd_characters_are_found(world: SegmentWorld) -> None:
    odd = ['a"b', "a\\b", "über-7", "campaign_id", '","campaign_id":']
    page = world.runtime.ports.contact_lists.page

    def named(list_id: str, query: str, number: int, size: int) -> object:
        found = page(list_id, query, number, size)
        contacts = list(found.contacts)
        if number == 1:
            contacts[: len(odd)] = [
                one._replace(contact_id=each) for one, each in zip(contacts, odd, strict=False)
            ]
        return type(found)(contacts, found.total)

    world.runtime.override("contact_lists", page=named)
    request = world.requested()
    world.run(request)
    run_id = world.run_of(request).run_id
    for each in odd:
        assert world.index.rows(run_id, [each])[each]["contact_id"] == each
    assert len(world.index.rows(run_id, list(world.rows(run_id)))) == len(world.rows(run_id))


def test_the_same_request_again_changes_nothing(world: SegmentWorld) -> None:
    request = world.requested()
    world.run(request)
    before = world.aws.objects("LAKE_BUCKET", "segments/")
    world.aws.published()
    world.clock.advance(hours=5)
    world.run(request, request)
    assert world.aws.objects("LAKE_BUCKET", "segments/") == before
    assert world.aws.published() == []


@pytest.mark.parametrize(
    ("campaign", "attributes", "field"),
    [
        ("unknown", {}, "campaign_id"),
        (CAMPAIGN, {"segment": "gold && a==b"}, "attributes.segment"),
        (CAMPAIGN, {"a==b && c": "gold"}, "attributes"),
    ],
)
def test_a_request_that_cannot_be_is_answered_with_the_field(
    world: SegmentWorld, campaign: str, attributes: dict[str, str], field: str
) -> None:
    world.run(world.requested(campaign, **attributes))
    (fact,) = world.aws.published("campaign.segment_failed")
    assert fact["data"]["field"].startswith(field)
    assert "gold" not in str(fact)


def test_a_campaign_without_a_list_is_told_so(world: SegmentWorld) -> None:
    world.register(contact_list_id="")
    world.run(world.requested())
    (fact,) = world.aws.published("campaign.segment_failed")
    assert fact["data"]["reason"] == "no_contact_list"


def test_a_list_that_is_gone_fails_the_run_and_leaves_the_segment(world: SegmentWorld) -> None:
    first = world.requested()
    world.run(first)
    world.register(contact_list_id="gone")
    second = world.requested()
    world.run(second)

    (fact,) = world.aws.published("campaign.segment_failed")
    assert fact["data"]["reason"] == "not_found"
    segmented = world.runs.segmented(CAMPAIGN)
    assert (segmented.run_id, segmented.open_run) == (world.run_of(first).run_id, "")
    world.register()
    world.run(second)
    assert world.runs.segmented(CAMPAIGN).run_id == world.run_of(second).run_id


def test_two_requests_of_a_campaign_run_one_after_the_other(world: SegmentWorld) -> None:
    first, second = world.requested(), world.requested(segment="silver")
    world.put(first)
    world.segment_briefly()
    world.run(second)
    assert {world.run_of(each).status.value for each in (first, second)} == {"finished"}


def test_a_list_that_grows_while_it_is_read_is_told(world: SegmentWorld) -> None:
    real = world.runtime.ports.contact_lists
    grown: list[str] = []

    def page(list_id: str, query: str, number: int, size: int) -> object:
        if number == 2 and not grown:
            grown.extend(world.tenant.add_listed_contacts(LIST, 50))
        return real.page(list_id, query, number, size)

    world.runtime.override("contact_lists", page=page)
    request = world.requested()
    world.run(request)
    (fact,) = world.aws.published("campaign.segmented")
    assert fact["data"]["list_changed"] is True
    assert world.rows(world.run_of(request).run_id).keys() >= set(_agreed(world))


@pytest.mark.slow
def test_a_contact_that_moves_to_the_next_page_is_there_once(world: SegmentWorld) -> None:
    """One in front of the list agrees after its first page was read: all others move on by one."""
    not_agreed = next(each for each in _ids(world) if each not in _agreed(world))
    real = world.runtime.ports.contact_lists

    def page(list_id: str, query: str, number: int, size: int) -> object:
        found = real.page(list_id, query, number, size)
        if number == 1:
            world.tenant.set_call_consent(LIST, not_agreed, agreed=True)
        return found

    world.runtime.override("contact_lists", page=page)
    request = world.requested()
    world.run(request)
    run = world.run_of(request)
    assert run.tally.repeated == 1
    assert len(world.rows(run.run_id)) == run.tally.contacts


def test_a_tenant_that_does_not_page_fails_the_run(world: SegmentWorld) -> None:
    real = world.runtime.ports.contact_lists
    world.runtime.override(
        "contact_lists", page=lambda list_id, query, _, size: real.page(list_id, query, 1, size)
    )
    world.run(world.requested())
    (fact,) = world.aws.published("campaign.segment_failed")
    assert fact["data"]["reason"] == "unexpected_answer"


def test_a_list_longer_than_is_believed_fails_the_run(world: SegmentWorld) -> None:
    world.settings = world.settings.model_copy(update={"max_contacts": 150})
    world.run(world.requested())
    (fact,) = world.aws.published("campaign.segment_failed")
    assert (fact["data"]["reason"], fact["data"]["field"]) == ("too_many_contacts", "max_contacts")


def test_contacts_that_cannot_be_read_are_counted_or_refused(world: SegmentWorld) -> None:
    odd, placeless = _agreed(world)[:2]
    world.grant(odd, placeless)
    world.tenant.change_listed_contact(LIST, odd, phoneNumbers=["none of your business"])
    nowhere = {"phoneNumbers": [], "address": {}, "timeZone": None, "timeZoneConfirmed": False}
    world.tenant.change_listed_contact(LIST, placeless, **nowhere)
    request = world.requested()
    world.run(request)
    rows = world.rows(world.run_of(request).run_id)
    assert rows[odd]["refusals"] == ["number_unreadable"]
    assert "zone_unknown" in rows[placeless]["refusals"]


def test_salesforce_ids_of_both_lengths_are_one_contact() -> None:
    assert ledger_id("003000000000003") == ledger_id(ledger_id("003000000000003"))
