"""The facts of the consent table are swept as those of the state table are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from outbound.clock import Deadline, format_time
from outbound.events import Event
from outbound.store.outbox import facts_attributes
from outbound.store.table import Item, Key
from outbound.sweeper import Duty, Sweeper
from worlds.aws import AwsWorld, FakeClock
from worlds.runtime import QUEUES_BY_NAME


def test_facts_of_both_tables_are_published(
    aws: AwsWorld, clock: FakeClock, load_function: Any, lambda_context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = {name: aws.queue_urls[f"deliver-{name}"] for name in ("crm", "warehouse", "wfm")}
    monkeypatch.setenv("QUEUE_URLS", json.dumps(urls))
    for variable, queue in QUEUES_BY_NAME.items():
        monkeypatch.setenv(variable, aws.queue_urls[queue])
    function = load_function("sweep")
    for name in ("STATE_TABLE", "CONSENT_TABLE"):
        fact = Event(name, "toy.done", format_time(clock.now()), name, "acme", {"where": name})
        aws.table(name).put(Key("acme#contact#c1", "call"), facts_attributes([fact], clock.now()))

    assert function.handler({}, lambda_context)["facts"] == 2
    assert function.handler({}, lambda_context)["facts"] == 0
    published = {event["data"]["where"] for event in aws.published()}
    assert published == {"STATE_TABLE", "CONSENT_TABLE"}
    for name in published:
        assert aws.table(name).get(Key("acme#contact#c1", "call")) == {"pk": "acme#contact#c1", "sk": "call"}


def test_a_duty_takes_its_items_from_its_own_table(aws: AwsWorld, clock: FakeClock) -> None:
    done: list[Item] = []
    due = {"due_kind": "job", "due_at": int(clock.now().timestamp())}
    for name in ("STATE_TABLE", "CONSENT_TABLE"):
        aws.table(name).put(Key("acme#job", name), due)

    duty = Duty("job", 300, done.append, aws.table("CONSENT_TABLE"))
    swept = Sweeper(aws.table(), [duty], clock).sweep(Deadline(clock, 60))

    assert swept == {"job": 1}
    assert [item["sk"] for item in done] == ["CONSENT_TABLE"]
    assert (aws.table().get(Key("acme#job", "STATE_TABLE")) or {})["due_at"] == due["due_at"]
