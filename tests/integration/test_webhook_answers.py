"""What the deployed API answers over HTTP, and that what it took can be seen and replayed by its id."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from local import Stack
from local.stack import eventually
from scenario.cast import Operator

PATH = "/webhooks/crm/plain"


def _event(**changes: Any) -> dict[str, Any]:
    data = {"contactId": uuid4().hex, "campaignId": "c", "outcomeCode": "BUSY"}
    return {"id": uuid4().hex, "type": "disposition.requested", "data": data, **changes}


def _ask(
    stack: Stack, body: bytes | str, method: str = "POST", path: str = PATH, **headers: str
) -> httpx.Response:
    """Send a request, signed with the secret of the plain CRM."""
    name = f"{stack.name}/webhooks/plain"
    secret = json.loads(stack.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])
    moment, message_id = datetime.now(UTC), uuid4().hex
    text = body if isinstance(body, str) else body.decode()
    signed = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret["secret"]).sign(message_id, moment, text),
    }
    given = signed | {header.replace("_", "-"): value for header, value in headers.items()}
    return httpx.request(method, stack.outputs["WebhookUrl"] + path, content=body, headers=given, timeout=30)


@pytest.mark.parametrize(
    ("status", "asked"),
    [
        (400, {"body": "{"}),
        (401, {"body": "{}", "webhook_signature": "v2,AAAA", "webhook_timestamp": "yesterday"}),
        (404, {"body": "{}", "path": "/webhooks/crm/nobody"}),
        (404, {"body": "{}", "path": "/webhooks"}),
        (404, {"body": "{}", "path": "/"}),
        (405, {"body": "", "method": "GET"}),
        (405, {"body": "{}", "method": "DELETE", "path": "/webhooks/cxone"}),
        (413, {"body": json.dumps("a" * 245_760)}),
        (415, {"body": "{}", "content_type": "text/plain"}),
    ],
)
def test_every_problem_is_our_own_answer(stack: Stack, status: int, asked: dict[str, str]) -> None:
    answer = _ask(stack, **asked)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    if status == 405:
        assert answer.headers["allow"] == "POST"


@pytest.mark.timeout(300)
def test_a_forged_request_is_told_no_once_the_secret_was_looked_at(stack: Stack) -> None:
    forged = {"body": "{}", "webhook_signature": f"v1,{'A' * 43}="}
    answers = [_ask(stack, **forged).status_code]
    eventually(
        lambda: answers.append(_ask(stack, **forged).status_code) or 401 in answers, seconds=90, every=5
    )
    assert set(answers) <= {401, 503}, "at most a minute after it was looked at before"


def test_a_delivery_that_was_taken_is_seen_and_replayed_by_its_id(stack: Stack, operator: Operator) -> None:
    answer = _ask(stack, json.dumps(_event(note="é €"), ensure_ascii=False).encode())
    assert answer.status_code == 202
    delivery_id = answer.json()["delivery_id"]
    # The plain form has no field `note`, and no mapping looks at it: the copy has it all the same.
    shown = eventually(lambda: _shown(operator, delivery_id), seconds=40)
    assert shown["body"]["note"] == "é €"
    assert shown["events"] == 1
    (foreseen,) = operator.run("webhooks", "replay", delivery_id, "--dry-run")
    assert foreseen["events"] == ["disposition.requested"]
    assert operator.run("webhooks", "replay", delivery_id)["replayed"] == 1


def test_a_pause_of_a_campaign_that_cxone_does_not_know_is_heard_with_its_reason(
    stack: Stack, operator: Operator
) -> None:
    data = {"campaignId": "nowhere", "targetState": "paused"}
    request = _event(type="campaign.transition.requested", data=data)
    assert _ask(stack, json.dumps(request)).status_code == 202
    problem = "campaign.transition_refused"
    eventually(lambda: problem in {row["problem"] for row in operator.run("problems")}, seconds=60)


def _shown(operator: Operator, delivery_id: str) -> Any:
    try:
        return operator.run("webhooks", "show", delivery_id)
    except RuntimeError as error:
        if "is kept" not in str(error):
            raise
        return None
