"""Where the called person is, is known from the campaign's segment."""

from __future__ import annotations

from datetime import timedelta

import pytest

from outbound.call_audit.requests import build
from outbound.clock import format_time
from outbound.events import Event
from sandbox.running import running_tenant
from sandbox.world import iso
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock, Invocation, sqs_event
from worlds.call_audit import AuditWorld, call, message_of
from worlds.segments import CAMPAIGN, LIST, NOON, SegmentWorld


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOON)


@pytest.mark.slow
def test_a_call_is_judged_in_the_zones_that_its_segment_knows(aws: AwsWorld, clock: FakeClock) -> None:
    campaign = {"id": CAMPAIGN, "contacts": 40, "from": iso(NOON - timedelta(days=2)), "to": iso(NOON)}
    listed = {"id": LIST, "campaign_id": CAMPAIGN, "contacts": 30}
    world = {"quotas": {"campaigns": None}, "campaigns": [campaign], "contact_lists": [listed]}
    with running_tenant(world) as tenant:
        segments = SegmentWorld(aws, clock, tenant)
        request = segments.requested()
        segments.run(request)
    contacts = [
        contact for contact, row in segments.rows(segments.run_of(request).run_id).items() if row["zones"]
    ]
    segments.grant(*contacts)
    # Four in the morning in New York, and night from there to Honolulu.
    night = {"start_time": format_time(NOON - timedelta(hours=9)), "phone_number": None}
    rows = [
        {**call(f"call-{number}", contact), **night, "campaign_id": CAMPAIGN}
        for number, contact in enumerate(contacts)
    ]
    rows.append({**call("stranger", "not-in-the-list"), **night, "campaign_id": CAMPAIGN})
    audit = AuditWorld.on(aws)
    start = NOON - timedelta(hours=17)
    manifest = audit.put_window(rows, campaign_id=CAMPAIGN, start=start, end=NOON - timedelta(hours=5))
    event = Event("pulled", "outcomes.pulled", iso(NOON), "", ENVIRONMENT["TENANT"], {"manifest": manifest})

    answer = build(segments.runtime)(sqs_event("segment-contacts", message_of(event)), Invocation())  # type: ignore[arg-type]

    assert answer == {"batchItemFailures": []}
    judged = audit.judgements()
    assert contacts
    for number, contact in enumerate(contacts):
        row = judged[f"call-{number}"]
        assert "outside_window" in row["violations"]
        assert set(row["zones"]) == set(segments.places.of_contacts(CAMPAIGN, [contact])[contact].zones)
    assert judged["stranger"]["not_proven"] == ["zone_unknown"]
