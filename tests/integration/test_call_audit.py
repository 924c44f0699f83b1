"""A person says no by webhook, the dialer calls all the same, and the operator is told of the violation."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from integration.conftest import DAY
from integration.test_webhook_answers import _ask
from local import Stack
from local.stack import eventually
from outbound.clock import format_time
from sandbox.running import Tenant
from sandbox.senders.sending import plain_event
from scenario.cast import Operator

CAMPAIGN = "called-anyway"
_AFTERNOON = DAY + timedelta(hours=18)
_PERIOD = ("--from", format_time(DAY), "--to", format_time(DAY + timedelta(days=1)))


def _say(stack: Stack, contact_id: str, change: str, at: datetime) -> None:
    data = {"contact_id": contact_id, "change": change, "source": "a form", "occurred_at": format_time(at)}
    event = plain_event("consent.changed", data, occurred_at=at)
    assert _ask(stack, json.dumps(event)).status_code == 202


def _known(operator: Operator, contact_id: str, refusal: str) -> None:
    eventually(lambda: operator.run("consent", "show", contact_id)["refusal"] == refusal, seconds=30)


def _audit(operator: Operator, *more: str) -> dict[str, Any]:
    found: dict[str, Any] = operator.run(
        "compliance", "audit", "--campaign", CAMPAIGN, *_PERIOD, "--limit", "500", *more
    )
    return found


def _violations(operator: Operator, contact_id: str) -> list[dict[str, Any]]:
    listed = _audit(operator)["listed"]
    return [row for row in listed if row["contact_id"] == contact_id and "consent_revoked" in row["rule"]]


@pytest.mark.timeout(300)
def test_a_call_to_a_person_who_had_said_no_is_told(operator: Operator, stack: Stack, tenant: Tenant) -> None:
    said_no, later_no = uuid4().hex, uuid4().hex
    for contact_id in (said_no, later_no):
        _say(stack, contact_id, "granted", DAY - timedelta(days=30))
    _say(stack, said_no, "revoked", _AFTERNOON - timedelta(hours=1))
    _known(operator, said_no, "consent_revoked")
    _known(operator, later_no, "")
    call_id = tenant.call_contact(CAMPAIGN, said_no, _AFTERNOON)
    other_id = tenant.call_contact(CAMPAIGN, later_no, _AFTERNOON)

    operator.run("campaigns", "register", CAMPAIGN, "--disabled", "--start", format_time(DAY))
    operator.run("outcomes", "pull", CAMPAIGN, *_PERIOD)

    (row,) = eventually(lambda: _violations(operator, said_no), seconds=90)
    # The call lies days back, and the refusal before it is recorded now.
    assert (row["call_id"], row["recorded_after_the_call"]) == (call_id, True)
    problems = operator.run("problems", "--limit", "500")
    assert any(one["problem"] == "calls.audited" and CAMPAIGN in one["concerns"] for one in problems)
    assert _violations(operator, later_no) == []

    # Said before the call, and heard of only now.
    _say(stack, later_no, "revoked", _AFTERNOON - timedelta(hours=2))
    _known(operator, later_no, "consent_revoked")
    operator.run("compliance", "audit", "--campaign", CAMPAIGN, *_PERIOD, "--rejudge")
    (late,) = eventually(lambda: _violations(operator, later_no), seconds=90)
    assert (late["call_id"], late["recorded_after_the_call"]) == (other_id, True)
