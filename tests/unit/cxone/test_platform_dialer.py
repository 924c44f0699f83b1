"""The dialer on the platform API: before the sandbox tenant, and answers disbelieved."""

from __future__ import annotations

import json
from typing import Any

import pytest

from outbound.clock import Deadline
from outbound.cxone.errors import (
    Forbidden,
    InvalidRequest,
    Unavailable,
    UnexpectedAnswer,
    VersionConflict,
)
from outbound.cxone.platform.dialer import PlatformDialer
from outbound.cxone.ports.dialer import DialerPort, OperationStatus, PolicyFinding, TrunkCapacity
from sandbox.running import Tenant
from worlds.aws import AwsWorld, FakeClock
from worlds.cxone import Access, Reply, ScriptedCxone
from worlds.runtime import WorldRuntime
from worlds.subscriptions import configure

SETTINGS: dict[str, Any] = {
    "name": "Predictive_Outbound_01",
    "type": "predictive",
    "concurrency": {"max_agents": 50, "max_simultaneous_calls": 200, "call_spacing_ms": 150},
    "algorithm": {
        "type": "predictive",
        "abandonment_rate_target": 0.03,
        "agent_availability_estimate": 0.85,
        "dial_ratio": 4.0,
    },
}


@pytest.fixture
def before_tenant(aws: AwsWorld, clock: FakeClock, tenant_process: Tenant) -> DialerPort:
    """The port before a tenant, by the packaged settings of its surface."""
    configure(aws, tenant_process.url)
    return WorldRuntime(aws, clock).cxone.until(Deadline(clock, 60)).dialer


@pytest.fixture
def dialer(aws: AwsWorld, clock: FakeClock, cxone: ScriptedCxone) -> PlatformDialer:
    """The port before a server whose every answer the test writes."""
    token = {"url": f"{cxone.url}/oauth/token", "scopes": ["dialer:read", "dialer:write"]}
    surface = {"base_url": cxone.url, "token": token}
    cxone.usual_token = {"expires_in": 3600, "scope": "dialer:read dialer:write"}
    return PlatformDialer(Access(aws, clock, cxone.url, surfaces={"dialer": surface}).http)


def test_settings_are_changed_upon_their_version_and_watched_to_their_end(
    before_tenant: DialerPort, tenant_process: Tenant
) -> None:
    tenant_process.plan_operations({"seconds": 0})
    before = before_tenant.settings([])
    assert "versionTag" not in before.settings
    change = before_tenant.change(SETTINGS, before.version, [])
    assert before_tenant.operation(change.operation_id).status is OperationStatus.COMPLETED
    after = before_tenant.settings([])
    assert (dict(after.settings), after.version) == (SETTINGS, change.version)


def test_a_version_that_was_replaced_is_a_conflict_that_is_not_in_doubt(before_tenant: DialerPort) -> None:
    version = before_tenant.settings([]).version
    before_tenant.change(SETTINGS, version, [])
    with pytest.raises(VersionConflict) as caught:
        before_tenant.change(SETTINGS, version, [], urgent=True)
    assert not caught.value.in_doubt


@pytest.mark.parametrize(
    ("plan", "status"),
    [
        ({"seconds": 60}, OperationStatus.IN_PROGRESS),
        ({"seconds": 0, "ending": "FAILED", "applied": "nothing"}, OperationStatus.FAILED),
        ({"seconds": 0, "ending": "LOST"}, OperationStatus.GONE),
        ({"ending": "STUCK"}, OperationStatus.IN_PROGRESS),
    ],
)
def test_an_operation_is_as_the_tenant_shows_it(
    before_tenant: DialerPort, tenant_process: Tenant, plan: dict[str, Any], status: OperationStatus
) -> None:
    tenant_process.plan_operations(plan)
    change = before_tenant.change(SETTINGS, before_tenant.settings([]).version, [])
    found = before_tenant.operation(change.operation_id)
    assert found.status is status
    assert bool(found.details) == (status is OperationStatus.FAILED)


def test_an_operation_that_is_not_known_is_gone(before_tenant: DialerPort) -> None:
    assert before_tenant.operation("op/unknown").status is OperationStatus.GONE


def test_the_example_passes_the_policies_with_a_warning_about_its_trunks(before_tenant: DialerPort) -> None:
    verdict = before_tenant.validate(SETTINGS, TrunkCapacity(150, 0.45))
    assert verdict.passed
    assert [each.check for each in verdict.warnings] == ["carrier_capacity"]
    above = json.loads(json.dumps(SETTINGS))
    above["algorithm"]["abandonment_rate_target"] = 0.05
    refused = before_tenant.validate(above, None)
    assert not refused.passed
    assert [each.check for each in refused.violations] == ["tcpa_abandonment"]


def test_what_the_tenant_objects_to_is_named(before_tenant: DialerPort) -> None:
    wrong = {**SETTINGS, "type": "telepathic"}
    with pytest.raises(InvalidRequest) as caught:
        before_tenant.change(wrong, before_tenant.settings([]).version, [])
    assert caught.value.field == "type"


def test_a_missing_permission_names_the_scope_and_the_role(
    dialer: PlatformDialer, cxone: ScriptedCxone
) -> None:
    cxone.answers = [Reply(403, {"message": "needs dialer:write"})]
    with pytest.raises(Forbidden) as caught:
        dialer.change(SETTINGS, "v-1", [])
    assert "dialer:write" in str(caught.value)
    assert "Dialer Administrator" in str(caught.value)
    assert "dialer:read" not in str(caught.value)


def test_if_match_carries_the_version_and_the_body_does_not(
    dialer: PlatformDialer, cxone: ScriptedCxone
) -> None:
    cxone.answers = [Reply(202, {"operationId": "op-1", "versionTag": "v-2"})]
    dialer.change({**SETTINGS, "versionTag": "v-0"}, "v-1", [])
    (asked,) = cxone.asked
    assert (asked.method, asked.headers["If-Match"]) == ("PUT", "v-1")
    assert json.loads(asked.body) == SETTINGS


@pytest.mark.parametrize(
    "body", [{}, {"operationId": "op-1"}, {"versionTag": "v"}, [], "text", {"operationId": 7}]
)
def test_an_acceptance_that_cannot_be_read_is_in_doubt(
    dialer: PlatformDialer, cxone: ScriptedCxone, body: object
) -> None:
    cxone.answers = [Reply(202, body)]
    with pytest.raises(UnexpectedAnswer) as caught:
        dialer.change(SETTINGS, "v-1", [])
    assert caught.value.in_doubt


def test_a_conflict_behind_a_lost_answer_is_in_doubt(dialer: PlatformDialer, cxone: ScriptedCxone) -> None:
    cxone.answers = [Reply(cut="before"), Reply(412, {})]
    with pytest.raises(VersionConflict) as caught:
        dialer.change(SETTINGS, "v-1", [])
    assert caught.value.in_doubt


def test_policies_that_answer_500_are_not_a_verdict(dialer: PlatformDialer, cxone: ScriptedCxone) -> None:
    cxone.answers = [Reply(500, {})] * 4
    with pytest.raises(Unavailable):
        dialer.validate(SETTINGS, None)


@pytest.mark.parametrize(
    ("body", "passed"),
    [
        ({"compliance_status": "PASS"}, True),
        ({"compliance_status": "pass"}, False),
        ({"compliance_status": "?"}, False),
    ],
)
def test_only_the_very_word_lets_settings_pass(
    dialer: PlatformDialer, cxone: ScriptedCxone, body: object, passed: bool
) -> None:
    cxone.answers = [Reply(200, body)]
    assert dialer.validate(SETTINGS, None).passed is passed


@pytest.mark.parametrize("body", [{}, [], {"compliance_status": None}])
def test_a_verdict_without_its_word_is_not_one(
    dialer: PlatformDialer, cxone: ScriptedCxone, body: object
) -> None:
    cxone.answers = [Reply(200, body)]
    with pytest.raises(UnexpectedAnswer):
        dialer.validate(SETTINGS, None)


def test_violations_may_be_texts(dialer: PlatformDialer, cxone: ScriptedCxone) -> None:
    cxone.answers = [Reply(200, {"compliance_status": "FAIL", "violations": ["x", {"check": "c"}, 7]})]
    assert dialer.validate(SETTINGS, None).violations == (
        PolicyFinding("", "x"),
        PolicyFinding("c", "CXone says no more"),
        PolicyFinding("", "CXone says no more"),
    )


@pytest.mark.parametrize("body", [{}, [], {"versionTag": ""}, {"versionTag": 7}])
def test_settings_without_a_version_are_not_settings(
    dialer: PlatformDialer, cxone: ScriptedCxone, body: object
) -> None:
    cxone.answers = [Reply(200, body)]
    with pytest.raises(UnexpectedAnswer):
        dialer.settings([])


def test_a_status_that_is_not_known_is_not_an_end(dialer: PlatformDialer, cxone: ScriptedCxone) -> None:
    cxone.answers = [Reply(200, {"status": "QUEUED"}), Reply(204, b"")]
    assert dialer.operation("op-1").status is OperationStatus.IN_PROGRESS
    assert dialer.operation("op-1").status is OperationStatus.GONE
