"""The harness finds the bugs that it is there to find, and lets right work pass."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
from aws_world import ACCOUNT, ENVIRONMENT, REGION, AwsWorld, FakeClock
from faults import (
    Cut,
    QueueTrigger,
    check_every_cut,
    check_every_refusal,
    fresh,
    until_quiet,
)

from outbound.store.table import Key, Table

KEY = Key("acme#toy", "1")


@dataclass
class Toy:
    """A world with one table, and a file that is nobody's outside call."""

    aws: AwsWorld
    clock: FakeClock
    notes: list[str] = field(default_factory=list)

    @property
    def table(self) -> Table:
        return self.aws.table()

    def counted(self) -> int:
        return int((self.table.get(KEY) or {}).get("count", 0))

    def published(self) -> list[str]:
        return sorted({event["event_id"] for event in self.aws.published()})


def put_event(toy: Toy, event_id: str) -> None:
    detail = f'{{"event_id": "{event_id}", "event_type": "toy.done"}}'
    entry = {"EventBusName": ENVIRONMENT["BUS_NAME"], "Source": "outbound-bridge", "Detail": detail}
    toy.aws.events.put_events(Entries=[entry | {"DetailType": "toy.done"}])


def record_once(toy: Toy) -> None:
    toy.table.update(KEY, "SET #count = :one", {":one": 1})


def record_and_publish(toy: Toy) -> None:
    """Effect, then fact, with nothing that remembers the fact in between."""
    if not toy.counted():
        record_once(toy)
        put_event(toy, "done")


def count_up(toy: Toy) -> None:
    toy.table.update(KEY, "ADD #count :one", {":one": 1})


def nothing(toy: Toy) -> None:
    return None


def test_work_that_is_right_passes() -> None:
    def work(toy: Toy) -> None:
        record_once(toy)
        put_event(toy, "done")

    def state(toy: Toy) -> object:
        return toy.counted(), toy.published()

    checked = check_every_cut(fresh(Toy), work, work, state)

    assert checked.calls == ("dynamodb UpdateItem", "events PutEvents")
    assert checked.runs == 4
    assert check_every_refusal(fresh(Toy), work, work, state).runs == 7


def test_a_lost_fact_is_found_and_its_place_named() -> None:
    with pytest.raises(AssertionError) as caught:
        check_every_cut(fresh(Toy), record_and_publish, record_and_publish, Toy.published)

    message = str(caught.value)
    assert "2 of 6 disturbed runs end wrongly" in message
    assert "cut off after call 2 = dynamodb UpdateItem" in message
    assert "cut off before call 3 = events PutEvents" in message
    assert "-['done']" in message


def test_a_double_effect_is_found() -> None:
    def work(toy: Toy) -> None:
        count_up(toy)
        toy.notes.append("acknowledged")

    def redelivered(toy: Toy) -> None:
        if not toy.notes:
            work(toy)

    with pytest.raises(AssertionError) as caught:
        check_every_cut(fresh(Toy), work, redelivered, Toy.counted)
    assert "1 of 2 disturbed runs end wrongly" in str(caught.value)
    assert "cut off after call 1 = dynamodb UpdateItem" in str(caught.value)


def test_a_lost_answer_taken_for_a_refusal_is_found() -> None:
    def work(toy: Toy) -> None:
        toy.table.update(KEY, "ADD #count :one", {":one": 1})

    def recover(toy: Toy) -> None:
        if toy.counted() != 1:
            count_up(toy)

    def impatient(toy: Toy) -> None:
        try:
            work(toy)
        except Exception:
            work(toy)

    check_every_refusal(fresh(Toy), work, recover, Toy.counted)
    with pytest.raises(
        AssertionError, match=r"call 1 has its effect and loses its answer = dynamodb UpdateItem"
    ):
        check_every_refusal(fresh(Toy), impatient, recover, Toy.counted)


def test_work_that_catches_everything_is_found() -> None:
    def work(toy: Toy) -> None:
        try:
            record_once(toy)
        except BaseException:
            toy.notes.append("all is well")

    with pytest.raises(AssertionError, match="the work caught the cut and went on"):
        check_every_cut(fresh(Toy), work, record_once, Toy.counted)


def test_a_process_that_was_cut_off_makes_no_further_call() -> None:
    def work(toy: Toy) -> None:
        try:
            record_once(toy)
        finally:
            count_up(toy)

    def state(toy: Toy) -> object:
        return min(toy.counted(), 2)

    def recover(toy: Toy) -> None:
        if toy.counted() == 0:
            record_once(toy)
        if toy.counted() == 1:
            count_up(toy)

    check_every_cut(fresh(Toy), work, recover, state)


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


def test_recovery_that_never_ends_is_found() -> None:
    with pytest.raises(AssertionError, match="still something to do after 50 rounds"):
        until_quiet(lambda: 1)


def test_work_without_outside_calls_is_no_check() -> None:
    with pytest.raises(AssertionError, match="nothing to disturb"):
        check_every_cut(fresh(Toy), nothing, nothing, Toy.counted)


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


def test_a_cut_is_no_exception_that_a_handler_would_catch() -> None:
    assert not issubclass(Cut, Exception)


def test_nothing_is_left_behind() -> None:
    before: Callable[..., Any] = requests.Session.send
    with pytest.raises(AssertionError):
        check_every_cut(fresh(Toy), record_and_publish, record_and_publish, Toy.published)
    assert requests.Session.send is before


def test_a_world_within_another_is_refused(aws: AwsWorld) -> None:
    with pytest.raises(RuntimeError, match="leave out the fixture"):
        check_every_cut(fresh(Toy), record_once, nothing, Toy.counted)
