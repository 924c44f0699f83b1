"""The harness reaches every outside call: in batches, behind queues, over HTTP, in threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
from faults import (
    QueueTrigger,
    check_every_cut,
    check_every_refusal,
    fresh,
    until_quiet,
)
from toy_world import Toy, nothing, put_event, record_once

from outbound.store.table import Key
from worlds.aws import ACCOUNT, REGION, AwsWorld, FakeClock


def test_threads_end_with_their_process() -> None:
    release = threading.Event()

    def work(toy: Toy) -> None:
        pool = ThreadPoolExecutor(2)
        later = pool.submit(lambda: (release.wait(5), put_event(toy, "from-the-grave")))
        try:
            record_once(toy)
            record_once(toy)
        finally:
            toy.notes.append("ended")
        release.set()
        later.result()

    def recover(toy: Toy) -> None:
        release.set()
        for thread in threading.enumerate():
            if thread.name.startswith("ThreadPoolExecutor"):
                thread.join(0.2)
        release.clear()

    def only_from_the_living(toy: Toy) -> object:
        return toy.published() == [] or toy.notes == ["ended"]

    check_every_cut(fresh(Toy), work, recover, only_from_the_living)


def test_a_cut_in_a_pool_reaches_the_work() -> None:
    def work(toy: Toy) -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(record_once, toy).result()
        put_event(toy, "done")

    def recover(toy: Toy) -> None:
        record_once(toy)
        put_event(toy, "done")

    checked = check_every_cut(fresh(Toy), work, recover, lambda toy: (toy.counted(), toy.published()))
    assert checked.runs == 4


def test_a_batch_refused_in_part_is_found() -> None:
    def send(toy: Toy) -> None:
        entries = [{"Id": str(n), "MessageBody": str(n)} for n in range(3)]
        toy.aws.sqs.send_message_batch(QueueUrl=toy.aws.queue_urls["plan-pulls"], Entries=entries)

    def state(toy: Toy) -> object:
        return sorted(message["Body"] for message in toy.aws.drain("plan-pulls"))

    with pytest.raises(AssertionError) as caught:
        check_every_refusal(fresh(Toy), send, nothing, state)
    assert "call 1 has its first entry refused = sqs SendMessageBatch" in str(caught.value)
    assert "call 1 has its last entry refused = sqs SendMessageBatch" in str(caught.value)


def test_a_queue_hands_back_what_was_not_worked_off() -> None:
    def build(aws: AwsWorld, clock: FakeClock) -> tuple[Toy, QueueTrigger]:
        toy = Toy(aws, clock)
        url = aws.queue_urls["plan-pulls"]
        for n in range(3):
            aws.sqs.send_message(QueueUrl=url, MessageBody=str(n))

        def handler(event: dict[str, Any]) -> dict[str, Any]:
            for record in event["Records"]:
                toy.table.put(Key("acme#toy", record["body"]), {"done": True})
            return {"batchItemFailures": []}

        return toy, QueueTrigger(aws.sqs, url, f"arn:aws:sqs:{REGION}:{ACCOUNT}:plan-pulls", handler)

    def recover(world: tuple[Toy, QueueTrigger]) -> None:
        world[1].let_time_pass()
        until_quiet(world[1].poll)

    def state(world: tuple[Toy, QueueTrigger]) -> object:
        return [item["sk"] for item in world[0].table.query("acme#toy")]

    checked = check_every_cut(fresh(build), lambda world: world[1].poll(), recover, state)
    assert checked.calls == ("dynamodb PutItem",) * 3


@pytest.fixture
def counting_server() -> Any:
    """An HTTP server that counts what reaches it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            server.seen.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            return None

    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_http_calls_are_cut_like_those_of_aws(counting_server: Any) -> None:
    url = f"http://127.0.0.1:{counting_server.server_port}/effect"

    def build(aws: AwsWorld, clock: FakeClock) -> Toy:
        counting_server.seen.clear()
        return Toy(aws, clock)

    def work(toy: Toy) -> None:
        requests.post(url, data=b"x", timeout=5)
        record_once(toy)

    def recover(toy: Toy) -> None:
        if not toy.counted():
            work(toy)

    with pytest.raises(AssertionError) as caught:
        check_every_cut(fresh(build), work, recover, lambda toy: len(counting_server.seen))
    assert "cut off after call 1 = http POST /effect" in str(caught.value)
    assert "cut off before call 2 = dynamodb UpdateItem" in str(caught.value)
    assert "before call 1" not in str(caught.value)


@pytest.mark.parametrize(("full", "cuts"), [(False, 4 + 6), (True, 20 + 6)])
def test_of_many_calls_of_one_place_the_first_and_the_last_are_cut_and_at_full_size_all(
    monkeypatch: pytest.MonkeyPatch, full: bool, cuts: int
) -> None:
    """Ten calls of a loop, three of another, each cut before and after; every run says where it ended."""
    monkeypatch.delenv("OUTBOUND_LOAD", raising=False)
    if full:
        monkeypatch.setenv("OUTBOUND_LOAD", "1")
    ended: list[int] = []

    def work(toy: Toy) -> None:
        for number in range(10):
            toy.notes.append(str(number))
            record_once(toy)
        for _ in range(3):
            put_event(toy, "done")

    def recover(toy: Toy) -> None:
        ended.append(len(toy.notes))

    assert check_every_cut(fresh(Toy), work, recover, lambda toy: None).runs == cuts
    assert {1, 10} <= set(ended)
    assert (5 in ended) is full
