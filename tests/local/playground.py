"""What `make up` has beside the stack: a tenant, receivers, a sender, and files to begin with.

.local/up/activate           what a terminal needs: `source .local/up/activate`
.local/up/dispositions.csv   dispositions of contacts that the tenant has
.local/up/consent.csv        written consent of the contacts on its list
.local/up/campaign.json      a campaign that may be provisioned
.local/up/outputs.json       the stack's outputs
"""

from __future__ import annotations

import csv
import json
import shlex
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local.containers import ENVIRONMENT_FILE, reachable_host, write_environment
from local.places import LOCAL, ROOT
from outbound.clock import format_time
from sandbox.senders import StandardWebhooksCrm, plain_event
from sandbox.senders.sending import Answered
from sandbox.world import World, agents_of, contacts_of, read_world
from scenario.cast import Cast, assembled
from scenario.steps import connect

FOLDER = LOCAL / "up"
CAMPAIGN = "spring-renewals"
SENDER = "crm"
LIST, SELLER = "renewals-2026", "Acme"
BACKUP = "autumn-renewals"
_CALLS, _CONTACTS = 2000, 1500
_AGREED = timedelta(days=40)
PLAN = {
    "name": "Summer renewals",
    "purpose": "telemarketing",
    "seller": SELLER,
    "subject": "renewals",
    "contact_list_id": LIST,
    "queue_id": "default_outbound_queue",
    "states": ["NY", "OH"],
    "time_zone": "America/New_York",
    "hours": {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "9:00", "end": "20:00"},
    "predictive": {
        "answer_ratio": 0.85,
        "max_calls_in_flight": 50,
        "call_rate": 12,
        "abandonment_threshold": 0.02,
    },
    "caps": {"per_day": 1, "per_week": 3, "campaign_per_day": 5000},
    "failover": {
        "enabled": True,
        "threshold_type": "success_rate",
        "threshold_value": 0.15,
        "window_minutes": 30,
    },
    "backup_campaign_id": BACKUP,
}
"""The campaign that the README provisions."""
_CODES = ("INTERESTED", "NOT_INTERESTED", "NO_ANSWER", "BUSY")


@contextmanager
def playground(parameters: Mapping[str, str]) -> Iterator[Cast]:
    """Have a stack that is ready to be played with, for as long as the block lasts.

    Args:
        parameters: of the template.
    """
    with assembled(_document(), reachable_host(), parameters) as cast:
        connect(cast, quota=True)
        _connect_sender(cast)
        cast.operator.run("webhooks", "register")
        cast.operator.run(
            *("campaigns", "register", CAMPAIGN, "--name", "Spring renewals", "--start", "-1d"),
            *("--purpose", "telemarketing", "--seller", SELLER, "--subject", "renewals", "--list", LIST),
        )
        # Metrics of the present, so that its health and its charts show something.
        cast.tenant.follow_script(CAMPAIGN, "healthy")
        try:
            write_environment(cast.stack)
            _write_files(cast)
            yield cast
        finally:
            ENVIRONMENT_FILE.unlink(missing_ok=True)
            shutil.rmtree(FOLDER, ignore_errors=True)


def send_webhook(change: str, folder: Path = FOLDER) -> tuple[dict[str, Any], Answered]:
    """Send a signed change of consent to the stack that is up; return what was sent and the answer.

    Raises NotUp where none is.
    """
    try:
        known = json.loads((folder / "sender.json").read_text())
    except OSError:
        raise NotUp("nothing is up: use `make up` first, in another terminal") from None
    data = {"contact_id": known["contact_id"], "change": change, "source": "make webhook"}
    event = plain_event("consent.changed", data)
    return event, StandardWebhooksCrm(known["secret"]).send(known["url"], event)


class NotUp(RuntimeError):
    """There is no stack to speak to."""


def world_of() -> World:
    """Return the tenant as it is when it begins."""
    return read_world(_document())


def _document() -> dict[str, Any]:
    """A tenant with one campaign that has made calls since yesterday, and goes on having contacts."""
    campaign = {"id": CAMPAIGN, "name": "Spring renewals", "calls": _CALLS, "from": "-20h", "to": "-2m"}
    backup = {
        "id": BACKUP,
        "name": "Autumn renewals",
        "from": "-20h",
        "to": "-2m",
        "contacts": 60,
        "agents": 5,
    }
    return {
        "seed": 20,
        "contact_lists": [{"id": LIST, "campaign_id": CAMPAIGN}],
        "campaigns": [campaign | {"contacts": _CONTACTS, "agents": 5}, backup],
    }


def _connect_sender(cast: Cast) -> None:
    """Make one CRM known to the stack, and CXone."""
    secret = StandardWebhooksCrm().secret
    cast.stack.client("secretsmanager").create_secret(
        Name=f"{cast.stack.name}/webhooks/{SENDER}", SecretString=json.dumps({"secret": secret})
    )
    requests = ["consent.changed", "disposition.requested"]
    crm = {"scheme": "standard_webhooks", "mapping": "plain", "request_types": requests}
    document = {
        "public_base_url": cast.stack.outputs["WebhookUrl"],
        "cxone": {"scheme": "bearer", "request_types": requests},
        "providers": {SENDER: crm},
    }
    cast.operator.configure("ingress", document)
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / "sender.json"
    file.touch(mode=0o600)
    url = f"{cast.stack.outputs['WebhookUrl']}/webhooks/crm/{SENDER}"
    contact_id = contacts_of(cast.tenant.world, CAMPAIGN)[0]
    file.write_text(json.dumps({"url": url, "secret": secret, "contact_id": contact_id}))


def _write_files(cast: Cast) -> None:
    (FOLDER / "outputs.json").write_text(json.dumps(dict(cast.stack.outputs), indent=2))
    (FOLDER / "activate").write_text(activation(cast))
    with (FOLDER / "dispositions.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["campaign_id", "contact_id", "outcome_code", "agent_id", "notes"])
        writer.writerows(_rows(cast.tenant.world))

    with (FOLDER / "consent.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["contact_id", "change", "occurred_at", "kind", "seller", "evidence", "source"])
        writer.writerows(_grants(cast.tenant.world))
    (FOLDER / "campaign.json").write_text(json.dumps(PLAN, indent=2) + "\n")


def _grants(world: World) -> Iterator[list[str]]:
    agreed = format_time(datetime.now(UTC).replace(microsecond=0) - _AGREED)
    for number, contact_id in enumerate(contacts_of(world, CAMPAIGN)):
        # A few never agreed, so that there is something to see.
        if number % 20 != 19:
            yield [contact_id, "granted", agreed, "written", SELLER, f"form {number}", "forms"]


def _rows(world: World) -> Iterator[list[str]]:
    agents = agents_of(world, CAMPAIGN)
    for number, contact_id in enumerate(contacts_of(world, CAMPAIGN)[:20]):
        code = _CODES[number % len(_CODES)]
        yield [CAMPAIGN, contact_id, code, agents[number % len(agents)], f"row {number + 1}"]


def activation(cast: Cast) -> str:
    """Return a shell script that lets a terminal speak to this stack."""
    values = {
        "AWS_ENDPOINT_URL": cast.stack.endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "OUTBOUND_STACK": cast.stack.name,
        "STACK": cast.stack.name,
        "CXONE_SECRET": cast.stack.outputs["CxoneSecret"],
        "WEBHOOK_URL": cast.stack.outputs["WebhookUrl"],
        "DASHBOARD_URL": cast.stack.outputs["DashboardUrl"],
    }
    lines = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    # A profile of the person's own would win over the keys.
    lines.append("unset AWS_PROFILE AWS_SESSION_TOKEN")
    lines.append(f"export PATH={shlex.quote(str(ROOT / '.local' / 'venv' / 'bin'))}:$PATH")
    return "\n".join(lines) + "\n"
