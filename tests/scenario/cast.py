"""Who takes part: the tenant and its campaigns, the receivers, the deployed stack, the operator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from local import Stack, running_stack
from local.emulator import LOOPBACK
from local.places import LOCAL, ROOT
from outbound.clock import Deadline, SystemClock
from sandbox.running import Receivers, Tenant, running_receivers, running_tenant
from sandbox.world import Campaign, World

# Calls began within the last day and ended two minutes ago, so a pull with a minute of settling has them all.
_FROM, _TO = "-20h", "-2m"
_MIXES: dict[str, dict[str, float]] = {
    "spring-renewals": {"CONVERTED": 3, "APPOINTMENT_SET": 1, "NOT_INTERESTED": 4, "NO_ANSWER": 6, "BUSY": 2},
    "win-back": {"INTERESTED": 3, "CALLBACK_LATER": 2, "CONVERTED": 1, "NO_ANSWER": 8, "WRONG_NUMBER": 1},
    "survey-q1": {"SURVEY_TAKEN": 5, "NO_ANSWER": 7, "DO_NOT_CALL": 1, "DISCONNECTED": 1, "LEFT_PARCEL": 0.5},
    "premium-upsell": {"APPOINTMENT_SET": 4, "INTERESTED": 2, "NOT_INTERESTED": 3, "BUSY": 3},
}

PATIENCE_SECONDS = 300.0
"""Everything has arrived by then, even if functions died on the way: a minute where none does."""

FOLLOW_UPS = "follow-ups"
"""The campaign whose contacts get dispositions."""

WRAPPED_UP = "wrapped-up"
"""The campaign whose finished attempts are archived; it dials, so it has to be paused for that."""


RENEWALS, RENEWALS_LIST, SELLER = "renewals", "renewals-list", "Acme"
"""The campaign that is steered by the rules of calling, its list, and on whose behalf it calls."""

CAMPAIGN_CALLS = 1000
"""How often a minute the tenant may be asked about campaigns."""

PRIMARY, STAND_IN = "autumn-offers", "autumn-offers-2"
"""A campaign whose calls are moved to its backup, and back."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody who takes part, up and running."""

    tenant: Tenant
    receivers: Receivers
    stack: Stack
    operator: Operator
    patience: Deadline = field(default_factory=lambda: Deadline(SystemClock(), PATIENCE_SECONDS))
    """Past this what has not arrived counts as lost."""

    def begun(self) -> Cast:
        """Count the time from now."""
        return replace(self, patience=Deadline(SystemClock(), PATIENCE_SECONDS))


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody with the operator's command."""

    environment: dict[str, str]

    def run(self, *arguments: str) -> Any:
        """Run `outbound ...` as an operator does, and give what it says to scripts."""
        done = self.attempt("--json", *arguments)
        if done.returncode:
            raise RuntimeError(f"outbound {' '.join(arguments)}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `outbound ...`, whatever comes of it."""
        command = [str(Path(sys.executable).parent / "outbound"), *arguments]
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )

    def configure(self, capability: str, document: dict[str, Any]) -> None:
        """Put a settings document in force."""
        with TemporaryDirectory() as folder:
            file = Path(folder, f"{capability}.json")
            file.write_text(json.dumps(document))
            self.run("config", "put", capability, str(file))


def dialled(tenant: Tenant) -> list[Campaign]:
    """Give the campaigns that made calls."""
    return [campaign for campaign in tenant.world.campaigns if campaign.calls]


def world(calls: int, campaigns: int, quota: bool) -> dict[str, Any]:
    """Describe a tenant with so many calls over so many campaigns, a few of them inbound or broken.

    Five more campaigns have no calls of their own: two have contacts, and what is written to those changes no
    outcome that is pulled, one of them with a contact list; one has finished attempts, and takes a moment to
    pause; two are a campaign and its backup.
    """
    share = calls // campaigns
    follow_ups = {"id": FOLLOW_UPS, "from": _FROM, "to": _TO, "contacts": 60, "agents": 5}
    return {
        "seed": 20,
        # CXone tries four times: for longer than functions are killed.
        "webhook_pause": 10,
        # The schedule that looks at campaigns ticks twelve times as often here.
        "quotas": {
            "outbound": {"limit": 100, "seconds": 60} if quota else None,
            "campaigns": {"limit": CAMPAIGN_CALLS, "seconds": 60},
        },
        "contact_lists": [{"id": RENEWALS_LIST, "campaign_id": RENEWALS}],
        "campaigns": [
            follow_ups,
            follow_ups | {"id": RENEWALS, "contacts": 40},
            {"id": PRIMARY, "from": _FROM, "to": _TO, "pause_seconds": 1},
            {"id": STAND_IN, "from": _FROM, "to": _TO, "status": "PAUSED", "pause_seconds": 1},
            {
                "id": WRAPPED_UP,
                "from": _FROM,
                "to": _TO,
                "pause_seconds": 3,
                "attempts": {
                    "count": 600,
                    "odd": {"unapproved": 0.05, "not_anonymised": 0.02, "repeated": 0.01},
                },
            },
            *(
                {
                    "id": name,
                    "name": name.replace("-", " ").title(),
                    "calls": share,
                    "from": _FROM,
                    "to": _TO,
                    "agents": 25,
                    "codes": codes,
                    "inbound": 0.01,
                    "bad": {"without_code": 0.002, "bad_start_time": 0.001, "end_before_start": 0.001},
                }
                for name, codes in list(_MIXES.items())[:campaigns]
            ),
        ],
    }


@contextmanager
def assembled(
    document: World | dict[str, Any], host: str = LOOPBACK, more: Mapping[str, str] | None = None
) -> Iterator[Cast]:
    """Bring everybody up, for as long as the block lasts; each in processes of its own, at this address.

    `more` are parameters of the template.
    """
    parameters = {"AuditBatchSeconds": "5", "LogLevel": "INFO", **(more or {})}
    with (
        running_tenant(document, host=host) as tenant,
        running_receivers(host=host) as receivers,
        running_stack(parameters, host=host) as stack,
    ):
        yield Cast(tenant, receivers, stack, Operator(_environment(stack)))


def _environment(stack: Stack) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        # Beside the sources it would be packed for Lambda; without it every command compiles all of them.
        "PYTHONPYCACHEPREFIX": str(LOCAL / "build" / "bytecode"),
        # This folder's own, wherever the command was installed from.
        "PYTHONPATH": str(ROOT / "layers" / "outbound" / "python"),
        "AWS_ENDPOINT_URL": stack.endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "OUTBOUND_STACK": stack.name,
    }
