"""The result of a load test: how each request ended, and what the tenant has of each contact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from disposition_load.dispositions import SentDisposition
from disposition_load.sizes import Size
from outbound.dispositions.ledger import ENDED, DispositionLedger
from outbound.store.table import Table
from sandbox.clients import Contact
from scenario.cast import Cast

_CALLS = ("GET", "PATCH")


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What was sent, how each request ended, and the tenant's contacts by campaign and id."""

    sent: Sequence[SentDisposition]
    endings: Mapping[str, Sequence[str]]
    contacts: Mapping[tuple[str, str], Contact]
    calls: Mapping[str, int]
    throttled: int
    most_writes_at_once: int
    facts: Counter[tuple[str, str]]
    seconds: float
    calls_a_second: int

    @property
    def allowed_seconds(self) -> float:
        """What the quota of each campaign allows for the calls that were made."""
        return max(self.calls.values()) / self.calls_a_second

    @property
    def ratio(self) -> float:
        """Time taken over time allowed."""
        return self.seconds / self.allowed_seconds

    @property
    def newest(self) -> dict[tuple[str, str], SentDisposition]:
        """The newest disposition of each contact."""
        newest: dict[tuple[str, str], SentDisposition] = {}
        for one in sorted(self.sent, key=lambda each: each.occurred_at):
            newest[one.campaign_id, one.contact_id] = one
        return newest

    @property
    def figures(self) -> dict[str, Any]:
        """How much of what there was."""
        return {
            "dispositions": len(self.sent),
            "endings": dict(Counter(ending for endings in self.endings.values() for ending in endings)),
            "calls": sum(self.calls.values()),
            "seconds": round(self.seconds, 1),
            "seconds that the quota allows": round(self.allowed_seconds, 1),
            "ratio": round(self.ratio, 2),
            "most writes at once": self.most_writes_at_once,
        }


class ResultReader:
    """Reads the result of a load test."""

    def __init__(self, cast: Cast, size: Size) -> None:
        self._cast = cast
        self._size = size
        outputs = cast.stack.outputs
        table = Table(cast.stack.client("dynamodb"), outputs["StateTable"])
        self._ledger = DispositionLedger(table, outputs["Tenant"])

    def ended(self, correlation_ids: Sequence[str]) -> int:
        """Count the requests that have ended."""
        return sum(item.get("status") in ENDED for item in self._items(correlation_ids))

    def read(
        self,
        sent: Sequence[SentDisposition],
        correlation_ids: Sequence[str],
        facts: Sequence[Any],
        seconds: float,
    ) -> LoadResult:
        """Read everything. A request is known by when it was decided: each moment is used once."""
        endings: dict[str, list[str]] = {}
        for item in self._items(correlation_ids):
            if item.get("status"):
                endings.setdefault(item["occurred_at"], []).append(item["status"])
        tenant, requests = self._cast.tenant, self._cast.tenant.requests()
        calls = {
            name: sum(f"/campaigns/{name}/contacts/" in one.path and one.method in _CALLS for one in requests)
            for name in self._size.campaigns
        }
        stats = tenant.stats()
        path = "/api/v1/outbound/campaigns/{campaign_id}/contacts/{contact_id}"
        return LoadResult(
            sent,
            endings,
            {(name, key): one for name in calls for key, one in tenant.contacts(name).items()},
            calls,
            sum(stats.count(f"{method} {path}", 429) for method in _CALLS),
            stats.at_once(f"PATCH {path}"),
            Counter(
                (event["event_type"].removeprefix("disposition."), event["data"]["occurred_at"])
                for event in {event["event_id"]: event for event in facts}.values()
                if event["event_type"] != "disposition.requested"
            ),
            seconds,
            self._size.calls_a_second,
        )

    def _items(self, correlation_ids: Sequence[str]) -> list[dict[str, Any]]:
        return [item for one in correlation_ids for item in self._ledger.requests_of(one)]
