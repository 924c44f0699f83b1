"""Steering a running tenant."""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.clients.answers import Emitted, Webhook
from sandbox.clients.archive import ArchiveControl
from sandbox.clients.campaigns import CampaignControl
from sandbox.clients.contact_lists import ContactListControl
from sandbox.clients.contacts import ContactControl
from sandbox.clients.dialer import DialerControl
from sandbox.world import World, iso, read_world, write_world


class Tenant(ContactControl, ContactListControl, ArchiveControl, CampaignControl, DialerControl):
    """A running tenant and the world in it."""

    def __init__(self, url: str, world: World) -> None:
        """Steer the tenant at `url`, which was started with `world`."""
        super().__init__(url)
        self.world = world

    def expire_tokens(self) -> None:
        """Make every token that was issued worthless."""
        self._call("POST", "/expire-tokens")

    def add_call(self, campaign_id: str, record: object, at: datetime | None = None) -> None:
        """Add a record as it is; `at` places one whose startTime does not."""
        place = {} if at is None else {"at": iso(at)}
        self._call("POST", "/calls", {"campaignId": campaign_id, "record": record, **place})

    def emit(
        self,
        event_type: str,
        data: Mapping[str, Any] | None = None,
        *,
        campaign_id: str | None = None,
        event_id: str | None = None,
        occurred_at: datetime | None = None,
        times: int = 1,
    ) -> Emitted:
        """Let the tenant send an event to what is registered, `times` times.

        Each has an id of its own, unless `event_id` gives them all the same one.
        """
        given = {"campaignId": campaign_id, "id": event_id, "occurredAt": occurred_at and iso(occurred_at)}
        document = {name: part for name, part in given.items() if part is not None}
        answer = self._call(
            "POST", "/emit", {"type": event_type, "data": data or {}, "times": times, **document}
        )
        return Emitted(**answer)

    def webhooks(self) -> list[Webhook]:
        """Return what is registered, oldest first, with what was sent to it."""
        return [Webhook(**one) for one in self._call("GET", "/webhooks")["webhooks"]]

    def sent_webhooks(self, seconds: float = 10) -> list[Webhook]:
        """Return `webhooks` once nothing more is on its way, or raise TimeoutError."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.webhooks()
            if not any(one.pending for one in found):
                return found
            if time.monotonic() > deadline:
                raise TimeoutError(f"webhooks are still on their way after {seconds} s")
            time.sleep(0.02)

    def use_world(self, world: World | Mapping[str, Any]) -> World:
        """Go over to another world, forgetting tokens, windows, added calls and webhooks; return it."""
        self.world = world if isinstance(world, World) else read_world(world)
        self._call("PUT", "/world", write_world(self.world))
        return self.world
