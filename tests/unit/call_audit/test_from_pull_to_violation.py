"""A person says no, the dialer calls all the same, the pull brings the call, and the audit tells of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from outbound.call_audit.requests import AuditRequests, build
from outbound.clock import format_time
from outbound.consent.recorder import ConsentRecorder
from outbound.events import Event
from sandbox.running import Tenant, running_tenant
from sandbox.world import contacts_of
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock, Invocation, sqs_event
from worlds.call_audit import NEW_YORK, message_of
from worlds.outcomes import PullWorld, evening, make_pulls
from worlds.runtime import WorldRuntime


@pytest.fixture(scope="module")
def tenant_process() -> Iterator[Tenant]:
    with running_tenant({"quotas": {"outbound": None}}) as tenant:
        yield tenant


@pytest.fixture
def clock() -> FakeClock:
    """Noon in New York or so, two days ago: the tenant lives in real time."""
    return FakeClock(evening() - timedelta(hours=2))


@pytest.fixture
def pulls(aws: AwsWorld, tenant_process: Tenant, clock: FakeClock) -> PullWorld:
    number = {"phoneNumber": {"column": "phone_number"}}
    campaign = {"id": "spring", "calls": 1, "agents": 1, "from": -1.9, "to": -1.8}
    pulls = make_pulls(aws, tenant_process, clock, campaign, settings={"carried_fields": number})
    pulls.register("spring", start=clock.now() - timedelta(hours=2))
    return pulls


def changed(contact: str, change: str, clock: FakeClock, hours: float) -> Event:
    at = format_time(clock.now() + timedelta(hours=hours))
    data = {"contact_id": contact, "change": change, "source": "crm", "occurred_at": at}
    return Event(f"{contact}-{change}", "consent.changed", at, "", ENVIRONMENT["TENANT"], data)


def test_a_call_to_a_person_who_had_said_no_is_told(pulls: PullWorld, clock: FakeClock) -> None:
    aws, tenant = pulls.aws, pulls.tenant
    person, other = "contact-17", "contact-18"
    consents = ConsentRecorder.of(WorldRuntime(aws, clock, "record-consent"))
    for contact in (person, other, *contacts_of(tenant.world, "spring")):
        consents.record(changed(contact, "granted", clock, -30))
    consents.record(changed(person, "revoked", clock, -1.5))
    runtime = WorldRuntime(
        aws, clock, "audit-calls", {"compliance": lambda: _settings(accept_bare_consent=True)}
    )
    made = tenant.call_contact("spring", person, clock.now() - timedelta(hours=1), number=NEW_YORK)
    tenant.call_contact("spring", other, clock.now() - timedelta(hours=1), number=NEW_YORK)
    clock.advance(hours=1)

    pulls.tick()
    pulls.work_off()
    facts = [Event.from_detail(fact) for fact in pulls.facts("outcomes.pulled")]
    judge = build(runtime, AuditRequests.of(runtime))
    answer = judge(sqs_event("audit-calls", *map(message_of, facts)), Invocation())  # type: ignore[arg-type]

    assert answer == {"batchItemFailures": []}
    rows = pulls.rows("call_audit/")
    assert [(row["call_id"], row["violations"]) for row in rows if row["verdict"] == "violation"] == [
        (made, ["consent_revoked"])
    ]
    told = pulls.facts("calls.audited")
    assert sum(fact["data"]["new_violations"] for fact in told) == 1
    assert sum(fact["data"]["calls"] for fact in told) == 3


def _settings(**values: object) -> object:
    from outbound.calling.settings import ComplianceSettings

    return ComplianceSettings.model_validate(values)
