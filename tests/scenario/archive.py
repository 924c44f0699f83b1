"""A campaign that dials is archived: paused, its finished attempts into cold storage, and resumed."""

from __future__ import annotations

import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sandbox.world import archivable_ids
from scenario.cast import WRAPPED_UP, Cast
from scenario.webhooks import Row


def start_archive(cast: Cast) -> None:
    """Ask for the archive, as an operator does."""
    cast.operator.run("campaigns", "register", WRAPPED_UP, "--disabled")
    cast.operator.run("archive", "start", WRAPPED_UP)


def what_was_archived(cast: Cast) -> list[Row]:
    """Wait until the run has ended, and give what came of it."""
    run = _ended(cast)
    wanted = set(archivable_ids(cast.tenant.world, WRAPPED_UP))
    figures = {name: run.get(name) or 0 for name in ("archived", "skipped", "quarantined", "failed")}
    said = ", ".join(f"{count} {name}" for name, count in figures.items())
    whole = sum(figures.values()) == run.get("collected") and figures["archived"] == len(wanted)
    return [
        Row("archive", f"{run.get('collected') or 0} attempts", said, whole),
        _gone(cast, wanted),
        _restored(cast, wanted),
        _resumed(cast),
        _told(cast, len(wanted)),
    ]


def _ended(cast: Cast) -> dict[str, Any]:
    while True:
        runs = cast.operator.run("archive", "runs", WRAPPED_UP)
        run: dict[str, Any] = runs[0] if runs else {}
        if run.get("collected") is not None or cast.patience.left() <= 0:
            return run
        time.sleep(1)


def _gone(cast: Cast, wanted: set[str]) -> Row:
    archived = cast.tenant.attempts(WRAPPED_UP).archived
    right = set(archived) == wanted
    return Row("cxone", "dropped its attempts", f"{len(archived)} of {len(wanted)}", right)


def _restored(cast: Cast, wanted: set[str]) -> Row:
    """Read all of it back from cold storage, hashes checked."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "restored.jsonl")
        cast.operator.run("archive", "restore", WRAPPED_UP, "--out", str(file))
        found = [json.loads(line)["attempt_id"] for line in file.read_text().splitlines()]
    right = sorted(found) == sorted(wanted)
    return Row("archive", "restored from cold storage", f"{len(found)} of {len(wanted)}", right)


def _resumed(cast: Cast) -> Row:
    now = cast.tenant.campaign_status(WRAPPED_UP)
    asked = [change.status for change in now.changes]
    said = " then ".join(asked).lower() or "never paused"
    return Row(
        "cxone", "the campaign dials again", said, (now.status, asked) == ("ACTIVE", ["PAUSED", "ACTIVE"])
    )


def _told(cast: Cast, wanted: int) -> Row:
    while True:
        bodies = [
            json.loads(delivery.body or "{}")
            for delivery in {
                d.webhook_id: d for d in cast.receivers.received("warehouse").deliveries
            }.values()
        ]
        told = [body for body in bodies if body.get("event_type") == "CAMPAIGN_CONTACT_ARCHIVED"]
        archived = sum(body["archived_count"] for body in told)
        if archived >= wanted or cast.patience.left() <= 0:
            return Row(
                "warehouse", "told of batches", f"{len(told)}, {archived} attempts", archived == wanted
            )
        time.sleep(0.5)
