"""Dispositions come in: from a CRM and from a file; some contacts are on the phone, and one is unknown."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from outbound.clock import format_time
from sandbox.senders import Sender, plain_event
from sandbox.world import agents_of, contacts_of
from scenario.cast import FOLLOW_UPS, Cast
from scenario.webhooks import Row, insistently

_BY_WEBHOOK, _BY_FILE, _BUSY_OF_EACH = 12, 24, 3
_CODES = ("INTERESTED", "NOT_INTERESTED", "NO_ANSWER", "BUSY", "DO_NOT_CALL")


@dataclass(frozen=True, slots=True)
class _Told:
    contact_id: str
    outcome_code: str
    agent_id: str
    occurred_at: str

    @property
    def data(self) -> dict[str, Any]:
        return {
            "campaign_id": FOLLOW_UPS,
            "contact_id": self.contact_id,
            "outcome_code": self.outcome_code,
            "agent_id": self.agent_id,
            "occurred_at": self.occurred_at,
        }


def send_dispositions(cast: Cast, crm: Sender) -> list[Row]:
    """Let dispositions come in both ways, wait until each has ended, and give what came of them."""
    told = list(_told(cast))
    by_webhook, by_file = told[:_BY_WEBHOOK], told[_BY_WEBHOOK:]
    busy = [one.contact_id for part in (by_webhook, by_file) for one in part[:_BUSY_OF_EACH]]
    for contact_id in busy:
        cast.tenant.set_contact_state(FOLLOW_UPS, contact_id, "CONNECTED")
    with ThreadPoolExecutor(max_workers=1) as phones:
        waited = phones.submit(_hang_up_when_waited_for, cast, busy)
        rows = [_sent(cast, crm, by_webhook), _put(cast, by_file)]
        said = f"{waited.result()} waited for"
    rows.append(Row("cxone", f"{len(busy)} contacts on the phone", said, waited.result() == len(busy)))
    right = sum(_has(cast, one) for one in told)
    rows.append(Row("cxone", "contacts as told", f"{right} of {len(told)}", right == len(told)))
    return rows


def _hang_up_when_waited_for(cast: Cast, busy: Sequence[str]) -> int:
    """End each call once a disposition waits for its contact; give how many that were before time was up."""
    on_the_phone = set(busy)
    while on_the_phone and cast.patience.left() > 0:
        waiting = {row["contact_id"] for row in cast.operator.run("dispositions", "waiting")}
        for contact_id in on_the_phone & waiting:
            cast.tenant.set_contact_state(FOLLOW_UPS, contact_id, "READY")
        on_the_phone -= waiting
        time.sleep(0.5)
    return len(busy) - len(on_the_phone)


def _told(cast: Cast) -> Iterator[_Told]:
    contacts, agents = contacts_of(cast.tenant.world, FOLLOW_UPS), agents_of(cast.tenant.world, FOLLOW_UPS)
    began = datetime.now(UTC) - timedelta(minutes=30)
    for number in range(_BY_WEBHOOK + _BY_FILE):
        moment = format_time(began + timedelta(seconds=number))
        code, agent = _CODES[number % len(_CODES)], agents[number % len(agents)]
        yield _Told(contacts[number], code, agent, moment)


def _sent(cast: Cast, crm: Sender, told: Sequence[_Told]) -> Row:
    """Send a delivery of many, one of them about a contact that nobody knows."""
    events = [plain_event("disposition.requested", one.data) for one in told]
    events.append(plain_event("disposition.requested", told[0].data | {"contact_id": "nobody"}))
    url = f"{cast.stack.outputs['WebhookUrl']}/webhooks/crm/plain"
    answered = insistently(cast, crm.request(url, {"events": events}))
    if answered.status != 202:
        return Row("plain", "dispositions in a delivery", str(answered.status), as_meant=False)
    report = _report(cast, answered.json()["delivery_id"], len(events))
    return _row("plain", f"{len(events)} dispositions in a delivery", report, len(told), rejected=1)


def _put(cast: Cast, told: Sequence[_Told]) -> Row:
    """Put a file into the inbox, one row of it broken."""
    broken = dict(told[0].data) | {"outcome_code": "perhaps"}
    text = _table([*(one.data for one in told), broken])
    with TemporaryDirectory() as folder:
        file = Path(folder, "follow-ups.csv")
        file.write_text(text)
        file_id = cast.operator.run("dispositions", "put", str(file))["file_id"]
    report = _report(cast, file_id, len(told) + 1)
    return _row("file", f"{len(told) + 1} rows", report, len(told), rejected=1)


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _report(cast: Cast, correlation_id: str, wanted: int) -> dict[str, Any]:
    """Wait until so many have ended, or the time for that is up."""
    while True:
        done = cast.operator.attempt("--json", "dispositions", "report", correlation_id)
        report: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
        if report.get("processed", 0) >= wanted or cast.patience.left() <= 0:
            return report
        time.sleep(0.5)


def _row(sender: str, what: str, report: Mapping[str, Any], applied: int, rejected: int) -> Row:
    outcomes = {name: count for name, count in report.get("outcomes", {}).items() if count}
    said = ", ".join(f"{count} {name}" for name, count in outcomes.items()) or "nothing is known of them"
    return Row(sender, what, said, outcomes == {"applied": applied, "rejected": rejected})


def _has(cast: Cast, told: _Told) -> bool:
    contact = cast.tenant.contact(FOLLOW_UPS, told.contact_id)
    return (contact.outcome_code, len(contact.writes)) == (told.outcome_code, 1)
