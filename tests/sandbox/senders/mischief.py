"""Requests that no receiver should take, and good ones in bad order."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.senders.sending import Outgoing, Sender

#: Beyond any tolerance, and still the same day for most clocks.
_LONG = 3600
#: One byte more than the receiver's limit of 240 KB.
_TOO_LARGE = 240 * 1024 + 1


def forged(sender: Sender, url: str, payload: object, **options: Any) -> Outgoing:
    """Return a request that somebody signed who does not have the secret."""
    return type(sender)().request(url, payload, **options)


def stale(sender: Sender, url: str, payload: object, seconds: float = _LONG, **options: Any) -> Outgoing:
    """Return a request that was signed so many seconds ago."""
    return _signed_at(sender, url, payload, -seconds, options)


def from_the_future(
    sender: Sender, url: str, payload: object, seconds: float = _LONG, **options: Any
) -> Outgoing:
    """Return a request that will be signed in so many seconds."""
    return _signed_at(sender, url, payload, seconds, options)


def tampered(sender: Sender, url: str, payload: object, **options: Any) -> Outgoing:
    """Return a request whose body was changed on the way: it still means the same JSON."""
    if not sender.signs_body:
        raise ValueError(f"{sender.name} does not sign the body: nobody can tell that it was changed")
    good = sender.request(url, payload, **options)
    return replace(good, body=good.body + b" ")


def unsigned(sender: Sender, url: str, payload: object, **options: Any) -> Outgoing:
    """Return a request without the headers that prove it."""
    good = sender.request(url, payload, **options)
    return replace(good, headers={"Content-Type": good.headers["Content-Type"]})


def too_large(sender: Sender, url: str, payload: object, size: int = _TOO_LARGE, **options: Any) -> Outgoing:
    """Return a request of so many bytes, well signed, that means the same JSON."""
    body = json.dumps(payload).encode()
    return sender.request(url, body + b" " * (size - len(body)), **options)


def repeated(outgoing: Iterable[Outgoing], times: int = 3) -> list[Outgoing]:
    """Return each request so many times, byte by byte the same."""
    return [one for one in outgoing for _ in range(times)]


def shuffled(outgoing: Iterable[Outgoing], seed: int = 1) -> list[Outgoing]:
    """Return the requests in an order that nobody would choose, the same for the same seed."""
    mixed = list(outgoing)
    random.Random(seed).shuffle(mixed)
    return mixed


def _signed_at(
    sender: Sender, url: str, payload: object, seconds: float, options: dict[str, Any]
) -> Outgoing:
    if not sender.signs_time:
        raise ValueError(f"{sender.name} does not sign the time: nobody can tell when it was")
    now = options.pop("now", None) or datetime.now(UTC)
    return sender.request(url, payload, now=now + timedelta(seconds=seconds), **options)
