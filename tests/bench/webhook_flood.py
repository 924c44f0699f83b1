"""Signed webhooks from several senders at once to a deployed stack, counted where they end up."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from statistics import quantiles
from typing import Any

import httpx
from conformance.senders import SENDERS, Sent

from bench.webhook_requests import SEED, change_of_consent, name_of, settings_of
from local import Stack, running_stack

_SENDER = "standard webhooks v1"
_TIMEOUT = 60.0
# How often each sender sends before the clock runs.
_WARMING = 3
# What was taken and is not kept by then is taken for lost.
_KEPT_WITHIN = 120.0
_LOOK_EVERY = 0.5
_TAKEN = 202


@dataclass(frozen=True)
class Flood:
    """What came of it: deliveries kept, requests not taken, and the seconds until the last one was kept."""

    kept: int
    refused: int
    seconds: float
    latencies: tuple[float, ...]

    def answered_within(self, share: float) -> float:
        """Give the seconds within which this share of the answers came."""
        return quantiles(self.latencies, n=100, method="inclusive")[round(share * 100) - 1]


def flooded(senders: int, seconds: float) -> Flood:
    """Deploy a stack, let so many senders send for so long, and wait until all that was taken is kept.

    Raises RuntimeError where nothing is taken at all, or something that was is not kept.
    """
    with running_stack() as stack:
        _let_in(stack)
        before = _warm_up(stack, senders)
        began = time.monotonic()
        answers = _answers(stack, senders, began + seconds)
        taken = [latency for status, latency in answers if status == _TAKEN]
        _wait_until_kept(stack, before + len(taken))
        within = time.monotonic() - began
    return Flood(len(taken), len(answers) - len(taken), within, tuple(latency for _, latency in answers))


def _let_in(stack: Stack) -> None:
    secret = dict(SENDERS[_SENDER].secret(SEED))
    name = f"{stack.name}/webhooks/{name_of(_SENDER)}"
    stack.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(secret))
    settings = settings_of(_SENDER)
    settings["providers"][name_of(_SENDER)]["request_types"] = ["consent.changed"]
    stack.client("ssm").put_parameter(
        Name=f"/{stack.name}/config/ingress", Type="String", Overwrite=True, Value=json.dumps(settings)
    )


def _warm_up(stack: Stack, senders: int) -> int:
    """Start the functions of the whole way, as many as there will be at once; give how many were taken."""
    with ThreadPoolExecutor(senders) as pool:
        answers = pool.map(lambda number: _once(stack, f"warm-{number}"), range(_WARMING * senders))
        taken = list(answers).count(_TAKEN)
    if not taken:
        raise RuntimeError("not one webhook was taken")
    _wait_until_kept(stack, taken)
    return taken


def _once(stack: Stack, message_id: str) -> int:
    with httpx.Client(timeout=_TIMEOUT) as client:
        return _send(client, _url(stack), message_id)


def _answers(stack: Stack, senders: int, until: float) -> list[tuple[int, float]]:
    """Send without a pause until then; give the status of every answer and how long it took."""
    numbers, lock = count(), threading.Lock()

    def send_on() -> Iterator[tuple[int, float]]:
        with httpx.Client(timeout=_TIMEOUT) as client:
            while (began := time.monotonic()) < until:
                with lock:
                    number = next(numbers)
                status = _send(client, _url(stack), str(number))
                yield status, time.monotonic() - began

    with ThreadPoolExecutor(senders) as pool:
        sent = [pool.submit(lambda: list(send_on())) for _ in range(senders)]
        return [answer for each in sent for answer in each.result()]


def _send(client: httpx.Client, url: str, message_id: str) -> int:
    body = change_of_consent(f"c-{message_id}")
    headers = SENDERS[_SENDER].sign(Sent(body, int(time.time() * 1000), message_id=message_id), SEED)
    given = {**headers, "content-type": "application/json"}
    try:
        return client.post(url, content=body, headers=given).status_code
    except httpx.TransportError:
        # Nobody knows whether it was taken; a sender would send it again under the same id.
        return 0


def _url(stack: Stack) -> str:
    return f"{stack.outputs['WebhookUrl']}/webhooks/crm/{name_of(_SENDER)}"


def _wait_until_kept(stack: Stack, wanted: int) -> None:
    until = time.monotonic() + _KEPT_WITHIN
    while (kept := _kept(stack)) < wanted:
        if time.monotonic() > until:
            raise RuntimeError(f"of {wanted} webhooks that were taken {kept} are kept")
        time.sleep(_LOOK_EVERY)


def _kept(stack: Stack) -> int:
    pages: Any = stack.client("s3").get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=stack.outputs["LakeBucket"], Prefix="webhooks/")
    return sum(page["KeyCount"] for page in found)
