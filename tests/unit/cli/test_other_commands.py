"""What a newcomer stumbles over: empty restores, destinations without a URL, log lines, times."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from outbound.cli import campaigns
from outbound.cli.times import moment, with_joined_times
from outbound.logs import logger
from outbound.webhooks.delivery import Delivery
from outbound.webhooks.ledger import RawWebhooks, raw_key
from worlds.aws import AwsWorld, FakeClock
from worlds.command import Command


def test_restoring_nothing_does_not_speak_of_right_hashes(outbound: Command, tmp_path: Path) -> None:
    file = tmp_path / "out.jsonl"
    said = outbound("archive", "restore", "spring", "--out", str(file))
    assert said.code == 0
    assert said.out.startswith("nothing of spring that fits is in cold storage; the file is empty")
    assert "hash" not in said.out
    assert file.read_text() == ""


def test_a_destination_without_a_url_is_not_switched_on(outbound: Command, aws: AwsWorld) -> None:
    refused = outbound("deliveries", "enable", "wfm")
    assert refused.code == 2
    assert refused.err.startswith("outbound: wfm has no url: put one into the settings first")
    assert aws.published() == []


def test_log_lines_stay_off_the_answer(
    outbound: Command, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def noisy(*_: object) -> None:
        logger.warning("hush")

    monkeypatch.setattr(campaigns, "_list", noisy)
    assert outbound("campaigns", "list").out == ""
    assert "hush" not in caplog.text
    logger.warning("heard")
    assert "heard" in caplog.text, "functions in the same process log as before"


def test_webhooks_are_listed_newest_first(outbound: Command, aws: AwsWorld, clock: FakeClock) -> None:
    raw = RawWebhooks(aws.s3, "outbound-lake")
    for delivery_id in ("b", "c", "a"):
        clock.advance(minutes=1)
        delivery = Delivery(delivery_id, "crm", clock.now(), "POST", "/", {}, b"{}")
        raw.keep(raw_key(clock.now(), "crm", delivery_id), delivery.to_json())
    clock.advance(minutes=1)
    rows = outbound("--json", "webhooks", "list").json
    assert [row["delivery_id"] for row in rows] == ["a", "c", "b"]
    rows = outbound("--json", "webhooks", "list", "--from", "-150s", "--to", "now").json
    assert [row["delivery_id"] for row in rows] == ["a", "c"]


def test_how_a_webhook_came_is_shown_in_lines(outbound: Command, aws: AwsWorld, clock: FakeClock) -> None:
    refused = outbound("webhooks", "show", "nothing")
    assert (refused.code, refused.err) == (2, "outbound: no webhook nothing is kept\n")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("now", "2026-03-10T12:00:00+00:00"),
        ("-90s", "2026-03-10T11:58:30+00:00"),
        ("-5m", "2026-03-10T11:55:00+00:00"),
        ("-1h", "2026-03-10T11:00:00+00:00"),
        ("-2d", "2026-03-08T12:00:00+00:00"),
        ("-1w", "2026-03-03T12:00:00+00:00"),
        ("2026-03-01T00:00:00+02:00", "2026-02-28T22:00:00+00:00"),
    ],
)
def test_a_time_is_a_moment_or_how_long_ago(text: str, meant: str) -> None:
    assert moment("--from", text, FakeClock().now()).isoformat() == meant


@pytest.mark.parametrize("text", ["", "1h", "+1h", "-1x", "-h", "yesterday", "-1.5h", "--1h"])
def test_anything_else_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(ValueError, match=r"--from: .* is not a time; write one like -1h, now or 2026"):
        moment("--from", text, FakeClock().now())


def test_a_relative_time_is_not_taken_for_an_option() -> None:
    assert with_joined_times(["pull", "x", "--from", "-1h", "--to", "now", "-1h"]) == [
        "pull",
        "x",
        "--from=-1h",
        "--to",
        "now",
        "-1h",
    ]


URL = f"https://crm.example.com/hooks/{'outbound-' * 8}events"
SETTINGS = {"destinations": {"crm": {"url": URL, "timeout_seconds": 5, "allow_private": True}}}


def _put(outbound: Command, folder: Path, document: object) -> str:
    file = folder / "deliveries.json"
    file.write_text(json.dumps(document))
    said = outbound("config", "put", "deliveries", str(file))
    assert said.code == 0, said.err
    return said.out


@pytest.mark.slow
def test_answers_fit_80_columns_and_keep_what_is_to_be_copied_in_one_piece(
    outbound: Command, aws: AwsWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = f"arn:aws:lambda:eu-west-1:123456789012:function:outbound-bridge-{'x' * 40}"
    sent = {"reason": "answered 503 " * 12, "queue": arn, "destination": "crm", "event_id": "e" * 32}
    aws.sqs.send_message(
        QueueUrl=aws.queue_urls["deliver-crm-dlq"],
        MessageBody="{}",
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value}
            for name, value in {**sent, "TARGET_ARN": arn}.items()
        },
    )
    outbound("campaigns", "register", "spring-renewals")
    monkeypatch.setenv("COLUMNS", "80")
    _put(outbound, tmp_path, SETTINGS)
    said = {
        "list": outbound("deliveries", "list").out,
        "put": _put(outbound, tmp_path, {}),
        "pull": outbound("outcomes", "pull", "spring-renewals", "--from", "-20h").out,
        "dead": outbound("queues", "dead", "DeliverCrm").out,
    }

    wide = [line.strip() for text in said.values() for line in text.splitlines() if len(line) > 80]
    assert set(wide) == {URL, arn}
    assert "destinations.crm.allow_private" in said["put"]
    assert "request" in said["pull"]


def test_no_command_shows_a_sentence_of_pydantic(outbound: Command, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"max_pages": "x", "categories": {"A": 1}, "carried_fields": {"a": 1}}))
    for said in (outbound("config", "put", "outcomes", str(file)), outbound("campaigns", "register", "a b")):
        assert said.code == 2
        for sign in ("Input should", "Value error", "pydantic", "validation error", "Extra inputs"):
            assert sign not in said.err


def test_an_option_is_named_as_it_is_documented(outbound: Command) -> None:
    said = outbound("problems", "--limit", "0")
    assert said.code == 2
    assert "argument --limit: '0' is not a whole number of at least 1" in " ".join(said.err.split())
