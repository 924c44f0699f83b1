"""Typed access to the control calls of a running sandbox."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests

from sandbox.world import World, iso, read_world, write_world

#: Control calls answer at once; one that does not is a sandbox that hangs.
_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """How a quota was used; `highest` is the most that one window of it let through."""

    limit: int | None
    seconds: float | None
    admitted: int
    refused: int
    highest: int


@dataclass(frozen=True, slots=True)
class Stats:
    """Requests by call, such as "GET /api/v2/outbound/calls", and status, and what else is counted."""

    requests: Mapping[str, Mapping[str, int]]
    most_at_once: int
    quotas: Mapping[str, QuotaUse]
    token_requests: int
    tokens_issued: int

    def count(self, call: str, status: int | str | None = None) -> int:
        """Return how often `call` was answered, with `status` ("cut" for none) or at all."""
        answers = self.requests.get(call, {})
        return sum(answers.values()) if status is None else answers.get(str(status), 0)


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """A request as the server saw it; `status` is "cut" where a fault closed the connection."""

    method: str
    path: str
    query: str
    status: int | str
    arrived: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery to a receiver. `body` is text; a body that is not text is in `body_base64`."""

    webhook_id: str
    method: str
    path: str
    headers: Mapping[str, str]
    verified: bool
    with_authorization: bool
    arrived: float
    body: str | None = None
    body_base64: str | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook registered at the tenant; `sent` counts every try, the rest counts events."""

    id: str
    surface: str
    name: str
    url: str
    events: Sequence[str]
    enabled: bool
    sent: int
    acknowledged: int
    failed: int
    pending: int
    answers: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Emitted:
    """Events that the tenant was made to send: their ids, and to how many webhooks each went in all."""

    ids: Sequence[str]
    deliveries: int


@dataclass(frozen=True, slots=True)
class Received:
    """What a receiver got: totals and counts of all, the latest deliveries whole."""

    ids: int
    verified: int
    refused: int
    with_authorization: int
    counts: Mapping[str, int]
    deliveries: Sequence[Delivery]


class ControlFailed(Exception):
    """The sandbox refused a control call: the test asked for something that makes no sense."""


class Control:
    """The control calls that the tenant and the receivers share."""

    def __init__(self, url: str) -> None:
        """Steer the sandbox at `url`."""
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False

    def add_fault(
        self,
        action: Mapping[str, Any],
        *,
        method: str | None = None,
        path: str | None = None,
        query: Mapping[str, str] | None = None,
        nth: int = 1,
        times: int | None = 1,
    ) -> None:
        """Let the `nth` matching request and those after it, `times` in all, meet `action`.

        `path` and the values of `query` are regular expressions that are searched for; `times`
        None is for ever.
        """
        match = {"method": method, "path": path, "query": query}
        given = {name: part for name, part in match.items() if part is not None}
        self._call("POST", "/faults", {"match": given, "nth": nth, "times": times, "action": dict(action)})

    def faults(self) -> list[dict[str, Any]]:
        """Return each fault's action with how many requests it `matched` and `hit`."""
        faults: list[dict[str, Any]] = self._call("GET", "/faults")["faults"]
        return faults

    def clear_faults(self) -> None:
        """Let every request through again."""
        self._call("DELETE", "/faults")

    def requests(self) -> list[LoggedRequest]:
        """Return the latest requests, in the order in which they ended."""
        return [LoggedRequest(**one) for one in self._call("GET", "/requests")["requests"]]

    def reset(self) -> None:
        """Go back to the beginning: no faults, no records, nothing changed in the world in use."""
        self._call("POST", "/reset")

    def stats(self) -> Stats:
        """Return the counts since the beginning."""
        counts = self._call("GET", "/stats")
        return Stats(
            requests=counts["requests"],
            most_at_once=counts["most_at_once"],
            quotas={name: QuotaUse(**one) for name, one in counts.get("quotas", {}).items()},
            token_requests=counts.get("token_requests", 0),
            tokens_issued=counts.get("tokens_issued", 0),
        )

    def _call(self, method: str, path: str, document: object = None) -> Any:
        url = f"{self.url}/_sandbox{path}"
        answer = self._session.request(method, url, json=document, timeout=_TIMEOUT_SECONDS)
        if not answer.ok:
            raise ControlFailed(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None


class Tenant(Control):
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


class Receivers(Control):
    """The running CRM, warehouse and WFM."""

    def __init__(self, url: str, secrets: Mapping[str, Sequence[str]]) -> None:
        """Steer the receivers at `url`, which were started with these secrets."""
        super().__init__(url)
        self._given = {name: tuple(keys) for name, keys in secrets.items()}
        self.secrets = dict(self._given)

    def url_of(self, name: str) -> str:
        """Return where "crm", "warehouse" or "wfm" takes deliveries."""
        return f"{self.url}/{name}"

    def received(self, name: str) -> Received:
        """Return what a receiver got, whether it believed it or not."""
        answer = self._call("GET", f"/received/{name}")
        deliveries = [Delivery(**one) for one in answer.pop("deliveries")]
        return Received(deliveries=deliveries, **answer)

    def reset(self) -> None:
        """Go back to the beginning, also to the secrets of the beginning."""
        super().reset()
        self.secrets = dict(self._given)

    def use_secrets(self, name: str, secrets: Sequence[str]) -> None:
        """Let a receiver accept signatures by exactly these secrets."""
        self._call("PUT", f"/secrets/{name}", list(secrets))
        self.secrets[name] = tuple(secrets)
