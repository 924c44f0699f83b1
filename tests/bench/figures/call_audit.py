"""What a decision about a call takes, and the audit of calls that were made: CPU and memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from bench.handlers import handler_named
from bench.measured import Measured, Target
from bench.processes import run
from bench.stage import Stage
from worlds.aws import ENVIRONMENT, sqs_event

NAME = "call-audit"

DECISION = Target("at most", 50, "µs")
AUDIT = Target("at most", 60, "s")
MEMORY = Target("at most", 1.15)
CALLS, FEW = 100_000, 10_000
_PART = 10_000
# Every contact is called some times, and most have agreed to it.
_CALLS_A_CONTACT = 5
_CODES = ("212", "928", "208", "850", "305", "401", "601", "808", "907", "215", "312", "503", "713", "404")
_TENANT = ENVIRONMENT["TENANT"]


def measure(stage: Stage) -> Iterator[Measured]:
    """Decide about a mix of contacts; judge a hundred thousand calls in a fresh process, and ten thousand."""
    handler = handler_named("audit_calls")
    environment = {**handler.environment, **stage.environment}
    decided = run("deciding", handler.path, environment)
    yield Measured(
        "a decision whether a contact may be called",
        decided["microseconds"],
        DECISION,
        note=f"{decided['decisions']:,} contacts and moments, {decided['callable']:,} callable",
        detail=decided,
    )
    stage.configure("compliance", {"accept_bare_consent": True})
    few, many = (_audited(stage, environment, f"audit-{calls}", calls) for calls in (FEW, CALLS))
    yield Measured(
        f"CPU of {CALLS:,} calls judged",
        many["cpu_seconds"],
        AUDIT,
        note=f"{many['seconds']:.0f} s with the emulator's part; {FEW:,} took {few['cpu_seconds']:.1f} s",
        detail={"seconds": round(many["seconds"], 1)},
    )
    yield Measured(
        f"memory of {CALLS:,} calls judged / of {FEW:,}",
        many["peak_kib"] / few["peak_kib"],
        MEMORY,
        note=f"{many['peak_kib'] / 1024:.0f} MiB / {few['peak_kib'] / 1024:.0f} MiB",
    )


def _audited(stage: Stage, environment: dict[str, str], campaign_id: str, calls: int) -> dict[str, Any]:
    """Put a window of so many calls into the lake, and let the function judge it in a process of its own."""
    # What is imported there reads the environment, which the stage sets.
    from outbound.events import Event
    from worlds.call_audit import AuditWorld, message_of

    world = AuditWorld.on(stage.aws)
    start = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
    contacts = calls // _CALLS_A_CONTACT
    _agree(stage, campaign_id, contacts)
    parts = [_rows(campaign_id, start, contacts, part) for part in range(calls // _PART)]
    manifest = world.put_window(*parts, campaign_id=campaign_id, start=start, end=start + timedelta(hours=6))
    event = Event(campaign_id, "outcomes.pulled", start.isoformat(), "", _TENANT, {"manifest": manifest})
    path = handler_named("audit_calls").path
    answer: dict[str, Any] = run(
        "pulling", path, environment, event=sqs_event("audit-calls", message_of(event))
    )
    judged = [result for result in world.results() if result["campaign_id"] == campaign_id]
    if answer.pop("answer")["batchItemFailures"] or [one["tally"]["calls"] for one in judged] != [calls]:
        raise RuntimeError(f"{campaign_id}: not all of {calls} calls were judged")
    return answer


def _rows(campaign_id: str, start: datetime, contacts: int, part: int) -> list[dict[str, Any]]:
    from worlds.call_audit import call

    random = Random(part)
    rows = []
    for number in range(_PART):
        contact = random.randrange(contacts)
        started = (start + timedelta(seconds=random.randrange(6 * 3600))).strftime("%Y-%m-%dT%H:%M:%SZ")
        phone = f"+1{_CODES[contact % len(_CODES)]}5550100"
        row = call(f"{campaign_id}-{part}-{number}", f"{campaign_id}-{contact}", phone_number=phone)
        rows.append({**row, "campaign_id": campaign_id, "start_time": started})
    return rows


def _agree(stage: Stage, campaign_id: str, contacts: int) -> None:
    """Let nine of ten contacts have agreed to calls some months ago."""
    register = {
        "value": {"S": "granted"},
        "source": {"S": "bench"},
        "occurred_at": {"S": "2026-01-05T10:00:00Z"},
        "rank": {"S": "2026-01-05T10:00:00.000000Z#0#event#granted"},
    }
    requests = [
        {
            "PutRequest": {
                "Item": {
                    "pk": {"S": f"{_TENANT}#contact#{campaign_id}-{number}"},
                    "sk": {"S": "call"},
                    "call_consent": {"M": register},
                }
            }
        }
        for number in range(contacts)
        if number % 10
    ]
    for first in range(0, len(requests), 25):
        batch = {ENVIRONMENT["CONSENT_TABLE"]: requests[first : first + 25]}
        stage.aws.dynamodb.batch_write_item(RequestItems=batch)
