"""On the local stack: an opt-out at the end of a long file is in the ledger before a row is applied."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local.stack import eventually
from outbound.clock import format_time, parse_time
from outbound.dispositions.ledger import DispositionLedger
from outbound.store.consents import Consents
from outbound.store.table import Table
from sandbox.world import agents_of, contacts_of
from scenario.cast import FOLLOW_UPS, assembled, world
from scenario.steps import connect
from scenario.webhooks import connect_senders

pytestmark = [pytest.mark.load, pytest.mark.stack, pytest.mark.timeout(1800)]

ROWS = int(os.environ.get("OUTBOUND_LOAD_ROWS", "100000"))


def test_an_opt_out_in_the_last_row_is_in_the_ledger_before_the_first_is_applied(tmp_path: Path) -> None:
    with assembled(world(calls=10, campaigns=1, quota=True)) as cast:
        connect(cast, quota=True)
        connect_senders(cast)
        *contacts, refuses = contacts_of(cast.tenant.world, FOLLOW_UPS)
        agent = agents_of(cast.tenant.world, FOLLOW_UPS)[0]
        began = datetime.now(UTC) - timedelta(days=2)
        file = tmp_path / "long.csv"
        with file.open("w") as out:
            out.write("campaign_id,contact_id,outcome_code,agent_id,occurred_at\n")
            for number in range(ROWS - 1):
                moment = format_time(began + timedelta(seconds=number))
                out.write(f"{FOLLOW_UPS},{contacts[number % len(contacts)]},BUSY,{agent},{moment}\n")
            out.write(f"{FOLLOW_UPS},{refuses},DO_NOT_CALL,{agent},{format_time(began)}\n")
        file_id = cast.operator.run("dispositions", "put", str(file))["file_id"]

        outputs, dynamodb = cast.stack.outputs, cast.stack.client("dynamodb")
        consents = Consents(Table(dynamodb, outputs["ConsentTable"]), outputs["Tenant"])
        ledger = DispositionLedger(Table(dynamodb, outputs["StateTable"]), outputs["Tenant"])
        ended: list[str] = []

        def first_is_applied() -> bool:
            ended.extend(
                item["ended_at"] for item in ledger.requests_of(file_id) if item.get("status") == "applied"
            )
            return bool(ended)

        eventually(first_is_applied, seconds=900, every=1)
        cast.operator.run("dispositions", "cancel", file_id)
        (told,) = consents.history(refuses)
        assert consents.get(refuses).refusal == "do_not_call"
        assert told.recorded_at <= parse_time(min(ended))
