"""What segments are made of: buckets, counts, and contacts as the rules ask for them."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

import orjson
import pytest

from outbound.calling.attempts import RecordedAttempt
from outbound.contact_ids import ledger_id
from outbound.cxone.ports.contact_lists import ListedContact
from outbound.segments.contacts import read_listed
from outbound.segments.query import fits, has_agreed, queries
from outbound.segments.tally import LATER_THAN_THAT, Tally
from outbound.store.buckets import (
    BUCKETS,
    BucketedLines,
    bucket_of,
    fingerprint,
    lines_of_members,
    marks_in,
    members_range,
    stored_marks,
    stored_offsets,
)
from outbound.store.objects import line_of
from worlds.segments import CAMPAIGN, SegmentWorld

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
NOTHING = ListedContact(*[None] * 11)


def _listed(**fields: Any) -> ListedContact:
    return NOTHING._replace(contact_id="c-1", **fields)


def _calls(*hours: float) -> list[RecordedAttempt]:
    return [RecordedAttempt(f"call-{h}", NOON - timedelta(hours=h), "spring") for h in hours]


def test_an_object_is_one_gzip_file_and_each_bucket_is_read_alone() -> None:
    lines, ids = BucketedLines(), [f"contact-{number}" for number in range(1000)]
    for contact in ids:
        lines.add(fingerprint(contact), line_of({"contact_id": contact}))
    body, _ = lines.finished()
    offsets = stored_offsets(lines.offsets)

    whole = [orjson.loads(line)["contact_id"] for line in gzip.decompress(body).splitlines()]
    assert sorted(whole) == sorted(ids)
    for bucket in range(BUCKETS):
        first, last = members_range(offsets, bucket, bucket)
        found = [orjson.loads(line)["contact_id"] for line in lines_of_members(body[first : last + 1])]
        assert found == [one for one in ids if bucket_of(fingerprint(one)) == bucket]
    first, last = members_range(offsets, 3, 7)
    assert len(lines_of_members(body[first : last + 1])) == sum(
        3 <= bucket_of(fingerprint(one)) <= 7 for one in ids
    )


def test_the_same_rows_are_the_same_bytes() -> None:
    def written() -> tuple[bytes, str]:
        lines = BucketedLines()
        for number in range(50):
            lines.add(fingerprint(f"c{number}"), line_of({"n": number}))
        return lines.finished()

    assert written() == written()


def test_an_object_without_a_row_has_empty_members() -> None:
    lines = BucketedLines()
    body, _ = lines.finished()
    assert gzip.decompress(body) == b""
    first, last = members_range(stored_offsets(lines.offsets), 0, BUCKETS - 1)
    assert (first, last) == (0, len(body) - 1)


def test_both_spellings_of_a_salesforce_id_have_one_fingerprint() -> None:
    short = "003A00000abcdEF"
    assert fingerprint(short) == fingerprint(ledger_id(short)) != fingerprint(short.lower())
    assert list(marks_in(stored_marks([3, 1, 2**64 - 1]))) == [1, 3, 2**64 - 1]


@pytest.mark.parametrize(
    ("count", "last", "recorded", "expected"),
    [
        (None, None, (), 0),
        (None, None, (1, 2), 2),
        (0, None, (), 0),
        (3, "2026-03-10T11:00:00Z", (), 3),
        (3, "2026-03-10T11:00:00Z", (1,), 3),
        (2, "2026-03-10T11:00:00Z", (1, 5), 2),  # CXone's last one is recorded
        (2, "2026-03-10T11:02:00Z", (1, 5), 2),  # it says when that ended
        (2, "2026-03-10T11:30:00Z", (1, 5), 3),  # its last one is not pulled yet
        (1, "2026-03-01T11:00:00Z", (1, 5), 2),
        (None, "2026-03-10T11:00:00Z", (), 1),
        (5000, "2026-03-10T11:00:00Z", (), 1000),
    ],
)
def test_the_larger_count_of_calls_counts(
    count: Any, last: Any, recorded: tuple[float, ...], expected: int
) -> None:
    listed = read_listed(_listed(attempts=count, last_attempt_at=last))
    assert listed is not None
    attempts = listed.contact(_calls(*recorded)).attempts
    assert attempts is not None
    assert len(attempts) == expected


@pytest.mark.parametrize(
    ("count", "last"),
    [(3, None), (3, "yesterday"), ("many", "2026-03-10T11:00:00Z"), (-1, None), (True, None), (2.5, None)],
)
def test_calls_that_are_counted_and_not_placed_are_unknown(count: Any, last: Any) -> None:
    listed = read_listed(_listed(attempts=count, last_attempt_at=last))
    assert listed is not None
    assert listed.contact(_calls(1)).attempts is None


@pytest.mark.parametrize("contact_id", [None, "", "a b", {}, "x" * 200])
def test_a_contact_without_an_id_is_none(contact_id: Any) -> None:
    assert read_listed(NOTHING._replace(contact_id=contact_id)) is None


@pytest.mark.parametrize(
    ("numbers", "codes", "all_read"),
    [
        (["+12125550100", "+13055550100"], ["212", "305"], True),
        ([{"number": "(212) 555-0100"}], ["212"], True),
        ("+12125550100", ["212"], True),
        ([], [], True),
        (None, [], True),
        (["+12125550100", "unlisted"], ["212"], False),
        ([17], [], False),
    ],
)
def test_numbers_are_read_in_every_form(numbers: Any, codes: list[str], all_read: bool) -> None:
    listed = read_listed(_listed(numbers=numbers))
    assert listed is not None
    assert [number.area.code for number in listed.numbers] == codes
    assert listed.all_numbers_read is all_read


@pytest.mark.parametrize("confirmed", ["true", 1, None, {}])
def test_a_zone_is_confirmed_to_the_letter(confirmed: Any) -> None:
    listed = read_listed(_listed(zone="America/Denver", zone_confirmed=confirmed))
    assert listed is not None
    assert listed.zone_confirmed is False


def test_a_zip_code_that_is_a_number_has_its_zeros() -> None:
    listed = read_listed(_listed(zip_code=2134, state=" ma "))
    assert listed is not None
    assert (listed.zip_code, listed.state) == ("02134", "ma")


@pytest.mark.parametrize(("flag", "agreed"), [(True, True), ("true", True), (1, False), (None, False)])
def test_the_flag_says_yes_or_it_does_not(flag: Any, agreed: bool) -> None:
    assert has_agreed(_listed(call_consent=flag)) is agreed


def test_attributes_are_compared_as_texts_and_names_may_be_paths() -> None:
    source = {"address": {"state": "NY"}, "attributes": {"vip": True, "score": 7}}
    contact = _listed(attributes=source["attributes"], source=source)
    assert fits(contact, {"vip": "true", "score": "7", "address.state": "NY"})
    assert not fits(contact, {"vip": "false"})
    assert not fits(contact, {"address": "NY"})
    assert not fits(_listed(attributes=None, source=None), {"vip": "true"})


def test_queries_widen_and_are_each_another() -> None:
    flag = "consentFlags.outbound.call==true"
    assert queries({"b": "2", "a": "1"}) == (f"{flag} && a==1 && b==2", flag, "")
    assert queries({}) == (flag, "")


def test_openings_are_bounded() -> None:
    tally = Tally()
    for hour in range(100):
        opening = (NOON + timedelta(hours=hour)).isoformat()
        tally.add(
            {"state": "later", "refusals": ["outside_window"], "next_opening": opening, "conflict": None}
        )
    assert len(tally.openings) == 73
    assert tally.openings[LATER_THAN_THAT] == 28
    assert Tally.of(tally.stored()) == tally


def test_a_place_whose_object_has_expired_is_unknown(world: SegmentWorld) -> None:
    request = world.requested()
    world.run(request)
    run_id = world.run_of(request).run_id
    contact = next(iter(world.rows(run_id)))
    assert world.places.of_contacts(CAMPAIGN, [contact])
    for key in world.aws.objects("LAKE_BUCKET", "segments/"):
        world.aws.s3.delete_object(Bucket="outbound-lake", Key=key)
    assert world.places.of_contacts(CAMPAIGN, [contact]) == {}
    assert world.index.part_with(run_id, contact)


def test_every_zone_is_a_name_that_can_be_kept() -> None:
    for name in available_timezones():
        listed = read_listed(_listed(zone=name))
        assert listed is not None
        assert listed.zone == name
