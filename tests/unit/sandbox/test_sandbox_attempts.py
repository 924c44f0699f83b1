"""The list of completed attempts: as odd as asked for, and different while it is read if asked to be."""

import tracemalloc
from collections import Counter
from dataclasses import replace

import pytest
from archive_calls import CAMPAIGN, LIST, Call, batch, listed

from sandbox.running import ControlFailed, Tenant
from sandbox.tenant.attempt_list import AttemptList
from sandbox.world import (
    DEFAULT_ARCHIVABLE_CODES,
    CampaignAttempts,
    archivable_ids,
    attempt_kinds,
    contacts_of,
    read_world,
)

ALL_FIELDS = {"id", "contactId", "outcomeCode", "disposition", "duration", "anonymized", "retentionDays"}


def kind_seen(record: dict) -> str:
    """Judge an attempt as a client has to, from nothing but itself."""
    lacking = ALL_FIELDS - set(record)
    if lacking:
        names = {
            "anonymized": "without_anonymised",
            "outcomeCode": "without_outcome",
            "contactId": "without_contact",
        }
        return "without_extras" if len(lacking) == 3 else names.get(min(lacking), "without_id")
    if not record["anonymized"]:
        return "not_anonymised"
    return "valid" if record["outcomeCode"] in DEFAULT_ARCHIVABLE_CODES else "unapproved"


def test_the_list_holds_what_was_foretold(tenant: Tenant, archive_call: Call) -> None:
    found = listed(archive_call)
    assert len(found) == 1500
    foretold = attempt_kinds(tenant.world, CAMPAIGN)
    kinds = Counter(kind_seen(one) for one in {tuple(sorted(one.items())): one for one in found}.values())
    assert kinds == foretold - Counter(repeated=foretold["repeated"])
    assert set(kinds) == {*foretold} - {"repeated"}
    assert len(foretold) == 9
    good = [one["id"] for one in found if kind_seen(one) in ("valid", "without_extras")]
    assert list(dict.fromkeys(good)) == archivable_ids(tenant.world, CAMPAIGN)
    assert {one["contactId"] for one in found if "contactId" in one} <= set(
        contacts_of(tenant.world, CAMPAIGN)
    )


def test_repeated_attempts_are_on_other_pages_as_well(archive_call: Call, tenant: Tenant) -> None:
    found = listed(archive_call)
    pages: dict[str, set[int]] = {}
    for place, one in enumerate(found):
        if "id" in one:
            pages.setdefault(one["id"], set()).add(place // 100)
    times = Counter(one["id"] for one in found if "id" in one)
    assert 0 < sum(times.values()) - len(times) <= attempt_kinds(tenant.world, CAMPAIGN)["repeated"]
    assert sum(len(on) > 1 for on in pages.values()) > 20


@pytest.mark.parametrize("limit", [1, 7, 999])
def test_pages_are_cut_out_of_one_list(tenant: Tenant, archive_call: Call, limit: int) -> None:
    whole = listed(archive_call, 1000)
    for offset in (0, 998, 1000, 1499, 1500, 10_000):
        params = {"status": "completed", "limit": limit, "offset": offset}
        assert archive_call("GET", LIST, params=params).json() == whole[offset : offset + limit]
    assert archive_call("GET", LIST, params={"status": "completed"}).json() == whole[:100]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"status": None}, "status"),
        ({"status": "open"}, "status"),
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"offset": -1}, "offset"),
        ({"offset": "two"}, "offset"),
        ({"page": 1}, "page"),
        ({"offset": [1, 2]}, "offset"),
    ],
)
def test_a_faulty_query_of_attempts_is_refused(archive_call: Call, change: dict, field: str) -> None:
    answer = archive_call("GET", LIST, params={"status": "completed"} | change)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_the_list_changes_at_its_front(tenant: Tenant, archive_call: Call) -> None:
    before = tenant.attempts(CAMPAIGN).left
    changed = tenant.change_attempts(CAMPAIGN, appear=3, vanish=2)
    assert list(changed.vanished) == list(before[:2])
    after = tenant.attempts(CAMPAIGN).left
    assert list(after) == [*reversed(changed.appeared), *(one for one in before if one not in before[:2])]
    assert len(set(changed.appeared) | set(before)) == 3 + len(set(before))
    shown = [one.get("id") for one in listed(archive_call)]
    assert all(seen in (None, known) for seen, known in zip(shown, after, strict=True))


def test_the_list_changes_while_it_is_read_if_asked_to(tenant: Tenant, archive_call: Call) -> None:
    before = list(tenant.attempts(CAMPAIGN).left)
    tenant.change_attempts(CAMPAIGN, vanish=10, reads=2)
    got = [
        archive_call("GET", LIST, params={"status": "completed", "limit": 100, "offset": offset}).json()
        for offset in (0, 100, 200, 300)
    ]
    now = list(tenant.attempts(CAMPAIGN).left)
    assert now == [one for one in before if one not in before[:20]]
    # Two pages were read before a change, and everything read later stands 20 places earlier.
    assert next(one["id"] for one in got[2] if "id" in one) in now[200:205]
    assert archive_call("GET", LIST, params={"status": "completed", "offset": 300}).json() == got[3]


def test_new_attempts_can_be_archived(tenant: Tenant, archive_call: Call) -> None:
    tenant.set_campaign_status(CAMPAIGN, "PAUSED")
    new = tenant.change_attempts(CAMPAIGN, appear=40).appeared
    good = [one for one in listed(archive_call)[:40] if kind_seen(one) == "valid"]
    assert {one["id"] for one in good} <= set(new)
    answer = archive_call("POST", f"/api/v2/campaigns/{CAMPAIGN}/contacts/archive", batch(good))
    assert (answer.json()["archivedCount"], answer.json()["failedCount"]) == (len(good), 0)
    assert not {one["id"] for one in good} & set(tenant.attempts(CAMPAIGN).left)


@pytest.mark.parametrize("nonsense", [{"appear": -1}, {"vanish": True}, {"reads": "two"}])
def test_a_change_that_makes_no_sense_is_refused(tenant: Tenant, nonsense: dict) -> None:
    with pytest.raises(ControlFailed, match="400"):
        tenant.change_attempts(CAMPAIGN, **nonsense)
    with pytest.raises(ControlFailed, match="404"):
        tenant.attempts("camp-z")


def test_the_list_is_the_same_for_the_same_seed_alone(tenant: Tenant, archive_call: Call) -> None:
    first = listed(archive_call, 1000)
    assert archivable_ids(tenant.world, CAMPAIGN) != archivable_ids(
        replace(tenant.world, seed=tenant.world.seed + 1), CAMPAIGN
    )
    tenant.change_attempts(CAMPAIGN, vanish=100)
    tenant.use_world(tenant.world)
    ids = [one["id"] for one in first if "id" in one]
    assert [one for one in tenant.attempts(CAMPAIGN).left if one in set(ids)] == ids


def test_a_list_of_any_size_takes_no_memory_and_shrinks_quickly() -> None:
    document = {"id": "a", "from": "-7d", "to": "-1h", "attempts": {"count": 3_000_000}}
    world = read_world({"campaigns": [document]})
    tracemalloc.start()
    attempts = AttemptList(CampaignAttempts(1, world.campaigns[0]))
    last = attempts.page(2_999_990, 20)
    for number in range(1_000_000, 1_000_400):
        attempts.remove(number)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(last) == 10
    assert attempts.page(2_999_590, 20) == last
    assert peak < 2_000_000
