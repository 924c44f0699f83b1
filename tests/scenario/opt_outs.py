"""Three contacts say no in odd ways, and the operator sees whom not to call and what was refused."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sandbox.senders import Sender, plain_event
from scenario.cast import FOLLOW_UPS, Cast
from scenario.webhooks import Row

# A do-not-call that is not in the ledger by then is late, whatever becomes of what it came with.
_NOTED_WITHIN_SECONDS = 60.0
_LISTED_WITHIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class _OptOut:
    """Who must not be called, and how it was said."""

    contact_id: str
    how: str


_BY_WEBHOOK = _OptOut("Kühn-17", "a code without blanks, a day without an offset")
_BY_JSON_LINES = _OptOut("12345", "a number for an id, in a line that is cut off")
_BY_CSV = _OptOut("said-no-99", "a bare CR in a cell without quotes")


def send_opt_outs(cast: Cast, crm: Sender) -> list[Row]:
    """Let the three come in, wait until each is noted, and give what the operator is shown."""
    sent = _by_webhook(cast, crm)
    _put(cast, "opt-outs.jsonl", _json_lines())
    _put(cast, "opt-outs.csv", _csv())
    stop = time.monotonic() + _NOTED_WITHIN_SECONDS
    return [sent, *(_noted(cast, one, stop) for one in (_BY_WEBHOOK, _BY_JSON_LINES, _BY_CSV))]


def _by_webhook(cast: Cast, crm: Sender) -> Row:
    data = {"campaign_id": FOLLOW_UPS, "contact_id": _BY_WEBHOOK.contact_id, "outcome_code": "DoNotCall"}
    event = plain_event("disposition.requested", data) | {"occurredAt": "10.03.2026 11:59"}
    answered = crm.send(f"{cast.stack.outputs['WebhookUrl']}/webhooks/crm/plain", event)
    return Row("plain", "a do-not-call with an odd time", str(answered.status), answered.status == 202)


def _json_lines() -> str:
    whole = f'{{"campaign_id": "{FOLLOW_UPS}", "contact_id": {_BY_JSON_LINES.contact_id}, '
    return whole + '"outcome_code": "DO_NOT_CALL", "notes": "never again\n'


def _csv() -> str:
    head = "campaign_id,contact_id,outcome_code,agent_id,occurred_at,notes"
    return f"{head}\n{FOLLOW_UPS},{_BY_CSV.contact_id},DO_NOT_CALL,,,please\rnever again\n"


def _put(cast: Cast, name: str, text: str) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder, name)
        # As bytes: what is odd about the line ends is to stay.
        file.write_bytes(text.encode())
        cast.operator.attempt("--json", "dispositions", "put", str(file))


def _noted(cast: Cast, said: _OptOut, stop: float) -> Row:
    while True:
        shown: dict[str, Any] = cast.operator.run("consent", "show", said.contact_id)
        noted = shown.get("refusal") == "do_not_call"
        if noted or time.monotonic() > stop:
            standing = "may not be called" if noted else f"not noted ({shown.get('refusal') or 'callable'})"
            return Row("ledger", f"{said.contact_id}: {said.how}", standing, noted)
        time.sleep(0.5)


def what_went_wrong(cast: Cast) -> Row:
    """Give what the operator is told: a contact that nobody knows is among it, with what to type."""
    stop = time.monotonic() + _LISTED_WITHIN_SECONDS
    while True:
        listed = cast.operator.run("problems", "--limit", "500")
        ours = [row for row in listed if row["concerns"].startswith("contact nobody of campaign")]
        helped = any(row["do"] and row["do"][0].startswith("outbound dispositions show ") for row in ours)
        if helped or time.monotonic() > stop:
            return Row("operator", "outbound problems", f"{len(listed)} with what to type", helped)
        time.sleep(0.5)
