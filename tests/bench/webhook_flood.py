"""Signed webhooks from several senders at once to a deployed stack, counted where they end up."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import quantiles
from typing import Any
from uuid import uuid4

import httpx
from conformance.senders import SENDERS, Sent

from bench.webhook_requests import SEED, change_of_consent, name_of, settings_of
from local import Stack, running_stack

_SENDER = "standard webhooks v1"
_TIMEOUT = 60.0
_WARMING_SECONDS = 8.0
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

    Raises RuntimeError where nothing is taken, or something that was is not kept.
    """
    with running_stack() as stack:
        _let_in(stack)
        # The functions of the whole way start meanwhile, as many of each as there are at once.
        before = _taken(_answers(stack, senders, _WARMING_SECONDS))
        _wait_until_kept(stack, before)
        began = time.monotonic()
        answers = _answers(stack, senders, seconds)
        taken = _taken(answers)
        _wait_until_kept(stack, before + taken)
        within = time.monotonic() - began
    return Flood(taken, len(answers) - taken, within, tuple(latency for _, latency in answers))


def _let_in(stack: Stack) -> None:
    secret = dict(SENDERS[_SENDER].secret(SEED))
    name = f"{stack.name}/webhooks/{name_of(_SENDER)}"
    stack.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(secret))
    settings = settings_of(_SENDER)
    settings["providers"][name_of(_SENDER)]["request_types"] = ["consent.changed"]
    stack.client("ssm").put_parameter(
        Name=f"/{stack.name}/config/ingress", Type="String", Overwrite=True, Value=json.dumps(settings)
    )


def _answers(stack: Stack, senders: int, seconds: float) -> list[tuple[int, float]]:
    """Send without a pause for so long; give the status of every answer and how long it took."""
    until = time.monotonic() + seconds

    def send_on() -> Iterator[tuple[int, float]]:
        with httpx.Client(timeout=_TIMEOUT) as client:
            while (began := time.monotonic()) < until:
                status = _send(client, _url(stack), uuid4().hex)
                yield status, time.monotonic() - began

    with ThreadPoolExecutor(senders) as pool:
        sent = [pool.submit(lambda: list(send_on())) for _ in range(senders)]
        return [answer for each in sent for answer in each.result()]


def _taken(answers: Sequence[tuple[int, float]]) -> int:
    taken = sum(status == _TAKEN for status, _ in answers)
    if not taken:
        raise RuntimeError(f"none of {len(answers)} webhooks was taken")
    return taken


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
