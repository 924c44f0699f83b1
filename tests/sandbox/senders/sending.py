"""What every sender has: a secret, a way to sign, and a connection to whoever receives."""

from __future__ import annotations

import json
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import uuid4

import httpx

from sandbox.world import iso

#: An API answers within seconds; one that does not is a receiver that hangs.
_TIMEOUT_SECONDS = 30
_AT_ONCE = 8

Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A signed request, ready to go as often as anybody likes."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answered:
    """What the receiver said; status 0 where it said nothing."""

    status: int
    headers: Mapping[str, str]
    text: str

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.text)


class Sender(ABC):
    """A system that sends signed webhooks.

    `scheme` is what the receiver calls the way of signing. `signs_body` and `signs_time` say what the
    signature proves: without the first a changed body passes, without the second an old request does.
    """

    name: ClassVar[str]
    scheme: ClassVar[str]
    signs_body: ClassVar[bool] = True
    signs_time: ClassVar[bool] = True

    def __init__(self, secret: str = "") -> None:
        """Sign with this secret, or with a new one."""
        self.secret = secret or self.new_secret()

    @staticmethod
    def new_secret() -> str:
        """Return a new secret in the form that this system hands out."""
        return secrets.token_hex(24)

    @abstractmethod
    def sign(self, method: str, url: str, body: bytes, now: datetime) -> Headers:
        """Return the headers that prove a request at this moment."""

    def request(
        self, url: str, payload: object, *, now: datetime | None = None, public_url: str = ""
    ) -> Outgoing:
        """Return the signed POST of a payload, which is bytes or goes as JSON.

        `public_url` is what the sender believes to call, where `url` leads to it by another name.
        """
        body = payload if isinstance(payload, bytes) else json.dumps(payload, separators=(",", ":")).encode()
        signed = self.sign("POST", public_url or url, body, now or datetime.now(UTC))
        return Outgoing("POST", url, {"Content-Type": "application/json", **signed}, body)

    def send(self, url: str, payload: object, **options: Any) -> Answered:
        """Sign and send a payload, and return the answer; options are those of `request`."""
        return deliver(self.request(url, payload, **options))


def deliver(outgoing: Outgoing, client: httpx.Client | None = None) -> Answered:
    """Send a request as it is."""
    if client is None:
        with _client() as own:
            return deliver(outgoing, own)
    try:
        answer = client.request(
            outgoing.method, outgoing.url, headers=dict(outgoing.headers), content=outgoing.body
        )
    except httpx.HTTPError:
        return Answered(0, {}, "")
    return Answered(answer.status_code, dict(answer.headers), answer.text)


def deliver_all(outgoing: Iterable[Outgoing], at_once: int = _AT_ONCE) -> Sequence[Answered]:
    """Send many requests, some of them at the same time; return their answers in the order given."""
    with _client() as client, ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(lambda one: deliver(one, client), outgoing))


def plain_event(
    event_type: str,
    data: Mapping[str, Any],
    *,
    event_id: str = "",
    occurred_at: datetime | None = None,
    **parts: Any,
) -> dict[str, Any]:
    """Return an event in the plain form, which every system can be told to send."""
    moment = iso(occurred_at or datetime.now(UTC))
    return {
        "id": event_id or uuid4().hex,
        "type": event_type,
        "occurredAt": moment,
        **parts,
        "data": dict(data),
    }


def _client() -> httpx.Client:
    return httpx.Client(trust_env=False, timeout=_TIMEOUT_SECONDS)
