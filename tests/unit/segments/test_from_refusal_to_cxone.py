"""A refusal reaches CXone: recorded, carried to its campaigns, written, and seen in the next preview."""

from __future__ import annotations

import json

import pytest

from outbound.consent.recorder import build as recording
from outbound.dispositions.applier import build as applying
from outbound.dispositions.settings import DispositionSettings
from sandbox.world import agents_of, contacts_of
from worlds.aws import Invocation, sqs_event
from worlds.consent import changed
from worlds.dispositions import surface_at as dispositions_at
from worlds.runtime import WorldRuntime
from worlds.segments import CAMPAIGN, CHANGES, LIST, SegmentWorld, message, surface_at

SUPPRESSION = "contact.suppression.requested"


@pytest.fixture
def applier(world: SegmentWorld) -> WorldRuntime:
    """What applies dispositions, with a tenant that takes them."""
    url = world.tenant.url
    surfaces = {"campaigns": surface_at(url), "dispositions": dispositions_at(url)}
    settings = DispositionSettings(default_agent_id=agents_of(world.tenant.world, CAMPAIGN)[0])
    name, value = "/outbound/config/cxone", json.dumps({"surfaces": surfaces})
    world.aws.ssm.put_parameter(Name=name, Type="String", Overwrite=True, Value=value)
    given = {"dispositions": lambda: settings}
    return WorldRuntime(world.aws, world.clock, "apply-dispositions", given)


def _apply(world: SegmentWorld, applier: WorldRuntime) -> list[str]:
    """Apply the suppressions that are asked for; return the types of what else was published."""
    published = world.aws.published()
    details = [one for one in published if one["event_type"] == SUPPRESSION]
    bodies = [json.dumps({"detail": detail}) for detail in details]
    if bodies:
        event = sqs_event("apply-dispositions", *bodies)
        assert applying(applier)(event, Invocation()) == {"batchItemFailures": []}  # type: ignore[arg-type]
    return [one["event_type"] for one in published if one["event_type"] != SUPPRESSION]


def _record(world: SegmentWorld, change: str, contact: str, minutes: float) -> None:
    event = sqs_event("record-consent", message(changed(change, minutes, contact_id=contact)))
    handle = recording(WorldRuntime(world.aws, world.clock, "record-consent"))
    answer = handle(event, Invocation())  # type: ignore[arg-type]
    assert answer == {"batchItemFailures": []}


def _agreed(world: SegmentWorld) -> list[str]:
    some = contacts_of(world.tenant.world, CAMPAIGN)[:40]
    listed = [world.tenant.listed_contact(LIST, one) for one in some]
    return [one["contactId"] for one in listed if one["consentFlags"]["outbound"]["call"]]


def test_a_revocation_is_written_in_cxone_and_a_later_grant_counts(
    world: SegmentWorld, applier: WorldRuntime
) -> None:
    """What we wrote is not recorded of the person: granted again, the contact may be called."""
    first, second, *_ = agreed = _agreed(world)
    world.grant(*agreed)
    world.run(world.requested())
    _record(world, "revoked", first, 60)
    world.put(*world.recorded(), queue=CHANGES)
    world.change_trigger.poll()
    _apply(world, applier)

    contact = world.tenant.contact(CAMPAIGN, first)
    assert (contact.suppressed, len(contact.writes)) == (True, 1)
    assert not world.tenant.contact(CAMPAIGN, second).suppressed
    assert "consent.changed" not in _apply(world, applier), "it would be a do-not-call of the person"

    request = world.requested()
    world.run(request)
    assert world.rows(world.run_of(request).run_id)[first]["refusals"] == ["consent_revoked"]
    _apply(world, applier)
    assert len(world.tenant.contact(CAMPAIGN, first).writes) == 1, "one suppression in the end"

    _record(world, "granted", first, 120)
    request = world.requested()
    world.run(request)
    row = world.rows(world.run_of(request).run_id)[first]
    assert (row["state"], row["conflict"]) == ("callable", None)
    _apply(world, applier)
    assert world.tenant.contact(CAMPAIGN, first).suppressed, "nothing is taken back by itself"
