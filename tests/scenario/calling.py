"""A campaign is provisioned and one refused; a person says no, is suppressed, and is called all the same."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from outbound.clock import format_time
from sandbox.senders import Sender, plain_event
from sandbox.world import contacts_of
from scenario.cast import RENEWALS, RENEWALS_LIST, SELLER, Cast
from scenario.webhooks import Row, insistently

_WITHIN_SECONDS = 60.0
_PROVISIONED = "Spring renewals"
# CXone's own day is over by then, and the call lies in a window that can be pulled.
_AGREED, _SAID_NO, _CALLED = timedelta(days=40), timedelta(hours=5), timedelta(hours=3)


def call_by_the_rules(cast: Cast, crm: Sender) -> list[Row]:
    """Play it from provisioning to the violation, and give what came of each step."""
    rows = [_provisioned(cast), _refused(cast)]
    contacts = contacts_of(cast.tenant.world, RENEWALS)
    rows.append(_imported(cast, contacts))
    cast.operator.run(
        *("campaigns", "register", RENEWALS, "--disabled", "--purpose", "telemarketing"),
        *("--seller", SELLER, "--subject", "renewals", "--list", RENEWALS_LIST),
    )
    rows.append(_previewed(cast, len(contacts)))
    person = _who_agreed(cast, contacts)
    rows.append(_said_no(cast, crm, person))
    rows.append(_called_anyway(cast, person))
    return rows


def _plan(**changed: Any) -> dict[str, Any]:
    plan = {
        "name": _PROVISIONED,
        "purpose": "telemarketing",
        "seller": SELLER,
        "subject": "renewals",
        "contact_list_id": RENEWALS_LIST,
        "queue_id": "default_outbound_queue",
        "time_zone": "America/New_York",
        "predictive": {
            "answer_ratio": 0.85,
            "max_calls_in_flight": 50,
            "call_rate": 12.0,
            "abandonment_threshold": 0.02,
        },
        "hours": {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "9:00", "end": "20:00"},
        "caps": {"per_day": 1, "per_week": 3, "campaign_per_day": 5000},
        "states": ["NY", "OH"],
    }
    return plan | changed


def _in_file(name: str, text: str, use: Callable[[str], Any]) -> Any:
    with TemporaryDirectory() as folder:
        file = Path(folder, name)
        file.write_text(text)
        return use(str(file))


def _until(found: Callable[[], Any]) -> Any:
    """Look until there is something, or time is up."""
    stop = time.monotonic() + _WITHIN_SECONDS
    while True:
        seen = found()
        if seen or time.monotonic() > stop:
            return seen
        time.sleep(0.5)


def _provisioned(cast: Cast) -> Row:
    def provision(file: str) -> str:
        key: str = cast.operator.run("campaigns", "provision", file)["key"]
        return key

    key = _in_file("campaign.json", json.dumps(_plan()), provision)

    def registered() -> Mapping[str, Any]:
        # It is not there before the request has arrived.
        done = cast.operator.attempt("--json", "campaigns", "show", key)
        shown: dict[str, Any] = json.loads(done.stdout or "{}")
        return shown if (shown.get("provisioning") or {}).get("state") == "registered" else {}

    shown = _until(registered)
    status = (shown.get("cxone") or {}).get("status", "not there") if shown else "not there"
    return Row("operator", f"provisions {_PROVISIONED!r}", f"created {status}", status == "paused")


def _refused(cast: Cast) -> Row:
    wrong = _plan(
        name="Night calls",
        time_zone="America/New_Yrok",
        predictive={
            "answer_ratio": 1.85,
            "max_calls_in_flight": 0,
            "call_rate": 0,
            "abandonment_threshold": 0.05,
        },
        hours={"days": ["sun"], "start": "6:00", "end": "23:00"},
        caps={"per_day": 5, "per_week": 3},
    )
    done = _in_file(
        "night.json",
        json.dumps(wrong),
        lambda file: cast.operator.attempt("--json", "campaigns", "provision", file),
    )
    complaints = json.loads(done.stdout or "{}").get("complaints", [])
    fields = {each["field"].split(".")[0] for each in complaints}
    as_meant = done.returncode == 2 and {"time_zone", "predictive", "hours", "caps"} <= fields
    return Row("operator", "provisions calls at night", f"refused for {len(complaints)} reasons", as_meant)


def _imported(cast: Cast, contacts: Sequence[str]) -> Row:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["contact_id", "change", "occurred_at", "kind", "seller", "evidence", "source"])
    agreed = format_time(datetime.now(UTC) - _AGREED)
    writer.writerows(
        [one, "granted", agreed, "written", SELLER, f"form of {one}", "forms"] for one in contacts
    )

    def put(file: str) -> str:
        file_id: str = cast.operator.run("consent", "import", file)["file_id"]
        return file_id

    _in_file("forms.csv", out.getvalue(), put)

    def finished() -> Mapping[str, Any]:
        files = cast.operator.run("consent", "files")
        return next((one for one in files if one["file"] == "forms.csv" and one["state"] == "finished"), {})

    file = _until(finished)
    return Row(
        "operator",
        f"imports {len(contacts)} written grants",
        f"{file.get('recorded', 0)} recorded",
        file.get("recorded") == len(contacts),
    )


def _previewed(cast: Cast, contacts: int) -> Row:
    said = cast.operator.run("campaigns", "preview", RENEWALS, "--wait", "60")
    now, later, never = (said[name] for name in ("callable", "later", "refused"))
    whole = 0 < said["contacts"] == now + later + never <= contacts
    return Row(
        "operator",
        f"previews {said['contacts']} contacts",
        f"{now} now, {later} later, {never} never",
        whole and now + later > 0,
    )


def _who_agreed(cast: Cast, contacts: Sequence[str]) -> str:
    """Return a contact whom CXone lists as agreed."""
    listed = (cast.tenant.listed_contact(RENEWALS_LIST, one) for one in contacts)
    return str(next(one["contactId"] for one in listed if one["consentFlags"]["outbound"]["call"]))


def _said_no(cast: Cast, crm: Sender, person: str) -> Row:
    at = datetime.now(UTC) - _SAID_NO
    data = {"contact_id": person, "change": "revoked", "source": "a call", "occurred_at": format_time(at)}
    event = plain_event("consent.changed", data, occurred_at=at)
    insistently(cast, crm.request(f"{cast.stack.outputs['WebhookUrl']}/webhooks/crm/plain", event))
    suppressed = _until(lambda: cast.tenant.contact(RENEWALS, person).suppressed)
    said = "suppressed in CXone" if suppressed else "may be dialled still"
    return Row("plain", "a person of the list revokes", said, bool(suppressed))


def _called_anyway(cast: Cast, person: str) -> Row:
    at = datetime.now(UTC) - _CALLED
    call_id = cast.tenant.call_contact(RENEWALS, person, at)
    period = ("--from", format_time(at - timedelta(hours=1)), "--to", format_time(at + timedelta(hours=1)))
    cast.operator.run("outcomes", "pull", RENEWALS, *period)

    def found() -> list[str]:
        listed = cast.operator.run("compliance", "audit", "--campaign", RENEWALS, *period)["listed"]
        return next((one["rule"] for one in listed if one["call_id"] == call_id), [])

    rules = _until(found)
    said = f"a violation: {', '.join(rules)}" if rules else "not found"
    return Row("cxone", "calls that person all the same", said, "consent_revoked" in rules)
