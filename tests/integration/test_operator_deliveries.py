"""`outbound deliveries`: a CRM that goes away and comes back, and one that refuses."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from integration.listening import Listener
from local import Stack
from local.stack import eventually
from outbound.clock import SystemClock
from outbound.events import Bus, Event, EventType, event_of_type
from sandbox.running import Receivers
from scenario.cast import Operator


def _publish(stack: Stack) -> Event:
    """Put a fact on the bus that the CRM wants, and nobody else."""
    clock = SystemClock()
    data = {"campaign_id": "nobody", "reason": "tested", "metrics": None, "audit": {"status": "failed"}}
    effect = [uuid4().hex]
    fact = event_of_type(EventType.PULL_FAILED, stack.outputs["Tenant"], clock.now(), effect, data)
    Bus(stack.client("events"), stack.outputs["BusName"], clock).publish([fact])
    return fact


def _crm(operator: Operator) -> dict[str, Any]:
    (row,) = (row for row in operator.run("deliveries", "list") if row["destination"] == "crm")
    return row


def _arrived(receivers: Receivers, fact: Event) -> list[str]:
    return [one.body or "" for one in receivers.received("crm").deliveries if one.webhook_id == fact.event_id]


def test_every_destination_is_listed_with_what_it_wants(operator: Operator, receivers: Receivers) -> None:
    rows = {row["destination"]: row for row in operator.run("deliveries", "list")}
    assert list(rows) == ["crm", "warehouse", "wfm"]
    assert rows["crm"]["url"] == f"{receivers.url_of('crm')}/outcomes"
    assert "outcomes.pulled" in rows["crm"]["event_types"]
    assert [row["on"] for row in rows.values()] == [True, True, False]
    assert {row["parked"] for row in rows.values()} == {0}


def test_a_crm_that_is_gone_is_switched_off_and_gets_what_was_kept_when_it_is_enabled(
    operator: Operator, receivers: Receivers, listener: Listener, stack: Stack
) -> None:
    receivers.add_fault({"status": 410}, path="^/crm/")
    first = _publish(stack)
    eventually(lambda: listener.heard("destination.disabled", destination="crm"))
    second = _publish(stack)
    off = eventually(lambda: (row := _crm(operator))["parked"] == 2 and row, every=0.5)
    assert off["on"] is False
    assert not _arrived(receivers, second)

    said = operator.run("deliveries", "enable", "crm")
    assert said == {"destination": "crm", "brought_forward": 2}
    assert stack.invoke("sweep", {})["deliveries"] == 2
    for fact in (first, second):
        eventually(lambda fact=fact: '"tested"' not in str(found := _arrived(receivers, fact)) and found)
    eventually(lambda: (row := _crm(operator))["parked"] == 0 and row["on"], every=0.5)
    assert listener.heard("destination.enabled", destination="crm")


def test_a_delivery_that_the_crm_refuses_dies_with_its_reason_and_arrives_when_it_is_redriven(
    operator: Operator, receivers: Receivers, listener: Listener, stack: Stack
) -> None:
    receivers.add_fault({"status": 400}, path="^/crm/")
    fact = _publish(stack)
    eventually(lambda: stack.queue_depth(stack.outputs["DeliverCrmDeadLettersUrl"]) == 1)
    (letter,) = operator.run("queues", "dead", "DeliverCrm")
    assert letter["reason"] == "answered 400"
    assert letter["destination"] == "crm"
    assert letter["event_id"] == fact.event_id
    eventually(lambda: listener.heard("delivery.dead_lettered", event_id=fact.event_id))

    assert operator.run("queues", "redrive", "DeliverCrm") == {"queue": "DeliverCrm", "redriven": 1}
    eventually(lambda: _arrived(receivers, fact))
    assert stack.queue_depth(stack.outputs["DeliverCrmDeadLettersUrl"]) == 0


def test_a_destination_that_does_not_exist_is_named_beside_those_that_do(operator: Operator) -> None:
    refused = operator.attempt("deliveries", "enable", "CRM")
    assert refused.returncode == 2
    assert "there is no destination 'CRM'; use one of crm, warehouse, wfm" in refused.stderr
