"""Sending events to what was registered, as often as its retry policy says."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from sandbox.tenant.webhook_forms import Registration
from sandbox.world import iso

#: Deliveries under way together; a slow receiver must not use up the process's connections.
_AT_ONCE = 32


@dataclass(slots=True)
class Webhook:
    """A registered webhook and what became of the events sent to it."""

    id: str
    registration: Registration
    created: str
    sent: int = 0
    acknowledged: int = 0
    failed: int = 0
    pending: int = 0
    answers: Counter[str] = field(default_factory=Counter)

    def shown(self) -> dict[str, Any]:
        """Return the webhook as the API answers it."""
        return {"id": self.id, **self.registration.shown, "createdTime": self.created}

    def counts(self) -> dict[str, Any]:
        """Return the webhook with its counts, for whoever steers the sandbox."""
        about = self.registration
        return {
            "id": self.id,
            "surface": about.surface,
            "name": about.name,
            "url": about.url,
            "events": list(about.events),
            "enabled": about.enabled,
            "sent": self.sent,
            "acknowledged": self.acknowledged,
            "failed": self.failed,
            "pending": self.pending,
            "answers": dict(self.answers),
        }


class Webhooks:
    """The webhooks of a tenant, by their ids."""

    def __init__(self) -> None:
        """Start without any."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: httpx.AsyncClient | None = None
        self.start_afresh(1.0)

    def start_afresh(self, first_pause: float) -> None:
        """Forget every webhook and what is still to be sent; wait `first_pause` before a first retry."""
        for task in self._tasks:
            task.cancel()
        self._first_pause = first_pause
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self.registered: dict[str, Webhook] = {}

    def register(self, registration: Registration) -> Webhook:
        """Keep a registration under a new id. Assumption: names may be given twice."""
        webhook = Webhook(f"wh_{uuid4().hex[:20]}", registration, iso(datetime.now(UTC)))
        self.registered[webhook.id] = webhook
        return webhook

    def of(self, surface: str) -> list[Webhook]:
        """Return the webhooks of a surface, oldest first."""
        return [one for one in self.registered.values() if one.registration.surface == surface]

    def emit(self, event: Mapping[str, Any]) -> int:
        """Send an event to everybody who asked for its type; return how many that are."""
        body = json.dumps(event, ensure_ascii=False).encode()
        takers = [one for one in self.registered.values() if _wants(one.registration, event["type"])]
        for webhook in takers:
            webhook.pending += 1
            task = asyncio.get_running_loop().create_task(self._deliver(webhook, body))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(takers)

    async def _deliver(self, webhook: Webhook, body: bytes) -> None:
        """Send until it is acknowledged, replaced policies and all, or until the policy gives up."""
        try:
            for number in range(webhook.registration.retry.retries + 1):
                if number:
                    pause = self._first_pause * webhook.registration.retry.multiplier ** (number - 1)
                    await asyncio.sleep(pause)
                if await self._send(webhook, body):
                    webhook.acknowledged += 1
                    return
            webhook.failed += 1
        finally:
            webhook.pending -= 1

    async def _send(self, webhook: Webhook, body: bytes) -> bool:
        about = webhook.registration
        headers = {"Content-Type": "application/json", "User-Agent": "cxone-sandbox", **about.headers}
        async with self._slots:
            webhook.sent += 1
            try:
                answer = await self._http().post(
                    about.url, content=body, headers=headers, timeout=about.retry.timeout
                )
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                webhook.answers[type(error).__name__] += 1
                return False
        webhook.answers[str(answer.status_code)] += 1
        # Assumption: only 2xx is an acknowledgement, and every other answer is worth another try.
        return answer.is_success

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(trust_env=False)
        return self._client


def _wants(registration: Registration, event_type: str) -> bool:
    return registration.enabled and event_type in registration.events
