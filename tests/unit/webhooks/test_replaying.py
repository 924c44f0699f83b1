"""The operator's command for webhooks: seen, and sent through the mapping again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from outbound.cli.__main__ import parser
from outbound.cli.output import Output
from outbound.cli.stack import Stack
from outbound.webhooks.settings import Providers
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock
from worlds.webhooks import SETTINGS, TENANT, IngressWorld, as_json, consent, request

Run = Callable[..., Any]
LEAD = {"id": "l-1", "type": "lead.changed", "occurredAt": "2026-03-10T11:00:00Z", "person": "contact-9"}
NEW_MAPPING = {
    "occurred_at": "occurredAt",
    "rules": [
        {
            "when": "type == 'lead.changed'",
            "type": "consent.changed",
            "data": "{contact_id: person, change: 'revoked', source: 'crm'}",
        },
        {"when": "type == 'consent.changed'", "type": "consent.changed", "data": "data"},
    ],
}


@pytest.fixture
def run(aws: AwsWorld, clock: FakeClock, world: IngressWorld, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `outbound --json webhooks ...` and give what it prints."""
    outputs = {
        "Tenant": TENANT,
        "StateTable": ENVIRONMENT["STATE_TABLE"],
        "LakeBucket": ENVIRONMENT["LAKE_BUCKET"],
        "RouteWebhooksQueueUrl": world.queue_url,
    }
    stack = Stack("outbound", outputs, clock)

    def outbound(*arguments: str) -> Any:
        aws.ssm.put_parameter(
            Name="/outbound/config/ingress", Type="String", Overwrite=True, Value=json.dumps(SETTINGS | extra)
        )
        chosen = parser().parse_args(["webhooks", *arguments])
        capsys.readouterr()
        chosen.run(stack, chosen, Output(as_json=True))
        return json.loads(capsys.readouterr().out)

    extra: dict[str, Any] = {}
    outbound.extra = extra  # type: ignore[attr-defined]
    return outbound


@pytest.fixture
def received(world: IngressWorld, clock: FakeClock) -> list[str]:
    """Three deliveries, an hour apart, the last of them not understood; their ids."""
    ids = []
    for value in (consent(1), consent(2), LEAD):
        ids.append(json.loads(world.receive(request(as_json(value)))["body"])["delivery_id"])
        clock.advance(hours=1)
    world.route()
    world.aws.published()
    return ids


def _mapped_anew(world: IngressWorld, run: Run) -> None:
    plain = {**SETTINGS["providers"]["plain"], "mapping": NEW_MAPPING}
    run.extra["providers"] = {**SETTINGS["providers"], "plain": plain}  # type: ignore[attr-defined]
    world.settings = Providers.model_validate({**SETTINGS, **run.extra})  # type: ignore[attr-defined]


def test_webhooks_of_a_time_are_listed_with_what_became_of_them(run: Run, received: list[str]) -> None:
    rows = run("list", "--from", "2026-03-10T13:00:00Z", "--to", "2026-03-11T00:00:00Z")
    assert {row["delivery_id"] for row in rows} == set(received[1:])
    unmapped = {row["delivery_id"]: row["unmapped"] for row in rows}
    assert unmapped == {received[1]: 0, received[2]: 1}


def test_a_time_has_two_ends_the_second_not_included(run: Run, received: list[str]) -> None:
    span = ("--from", "2026-03-10T12:00:00Z", "--to", "2026-03-10T14:00:00Z")
    assert {row["delivery_id"] for row in run("list", *span)} == set(received[:2])
    assert run("list", *span, "--provider", "hubspot") == []
    assert len(run("list", *span, "--provider", "plain", "--most", "1")) == 1


def test_one_webhook_is_shown_without_personal_data_unless_asked(run: Run, world: IngressWorld) -> None:
    body = as_json({**consent(), "phone": "+49 30 1234567"})
    delivery_id = json.loads(world.receive(request(body))["body"])["delivery_id"]
    world.route()
    assert run("show", delivery_id)["body"]["phone"] == "***"
    assert run("show", delivery_id, "--plain")["body"]["phone"] == "+49 30 1234567"


def test_a_dry_run_shows_what_would_come_of_it_and_sends_nothing(
    run: Run, world: IngressWorld, received: list[str]
) -> None:
    _mapped_anew(world, run)
    (row,) = run("replay", received[2], "--dry-run")
    assert row["events"] == ["consent.changed"]
    assert row["unmapped"] == 0
    assert world.route() == 0
    assert world.aws.published() == []


def test_a_better_mapping_applies_to_what_is_replayed(
    run: Run, world: IngressWorld, received: list[str]
) -> None:
    _mapped_anew(world, run)
    assert run("replay", received[2])["replayed"] == 1
    world.route()
    (event,) = world.aws.published()
    assert event["data"]["contact_id"] == "contact-9"
    assert event["correlation_id"] == received[2]


def test_a_replay_has_the_ids_that_it_had(run: Run, world: IngressWorld) -> None:
    delivery_id = json.loads(world.receive(request(as_json([consent(1), consent(2)])))["body"])["delivery_id"]
    world.route()
    before, copies = world.aws.published(), world.kept()
    run("replay", delivery_id)
    world.route()
    assert sorted(event["event_id"] for event in world.aws.published()) == sorted(
        event["event_id"] for event in before
    )
    assert world.kept() == copies


def test_a_time_is_replayed_whole_or_by_what_went_wrong(
    run: Run, world: IngressWorld, received: list[str]
) -> None:
    span = ("--from", "2026-03-10T00:00:00Z", "--to", "2026-03-11T00:00:00Z")
    assert len(run("replay", *span, "--dry-run")) == 3
    assert [row["delivery_id"] for row in run("replay", *span, "--only", "unmapped", "--dry-run")] == [
        received[2]
    ]
    assert run("replay", *span, "--only", "unmapped")["replayed"] == 1
    assert world.route() == 1


def test_one_run_that_the_queue_delivers_twice_is_read_once(
    run: Run, world: IngressWorld, received: list[str]
) -> None:
    kept = world.replays.named(received[0])
    assert kept is not None
    world.replays.send(kept.delivery, "run-1")
    world.replays.send(kept.delivery, "run-1")
    world.route()
    assert len(world.aws.published()) == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["replay"], "by their ids, or by --from and --to"),
        (["replay", "x", "--from", "2026-03-10T00:00:00Z"], "by their ids, or by --from and --to"),
        (["replay", "--from", "2026-03-10T00:00:00Z"], "--to: is needed"),
        (["replay", "--to", "2026-03-10T00:00:00Z"], "--from: is needed"),
        (
            ["replay", "--from", "2026-03-10", "--to", "2026-03-11T00:00:00Z"],
            "--from: '2026-03-10' is not a time",
        ),
        (["list", "--from", "2026-03-11T00:00:00Z", "--to", "2026-03-11T00:00:00Z"], "later than --from"),
        (["replay", "unknown"], "no webhook unknown is kept"),
        (["show", "unknown"], "no webhook unknown is kept"),
    ],
)
def test_what_cannot_be_asked_is_said(run: Run, arguments: list[str], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        run(*arguments)


def test_a_misspelt_id_among_others_sends_none(run: Run, world: IngressWorld, received: list[str]) -> None:
    with pytest.raises(ValueError, match="no webhook unknown"):
        run("replay", received[0], "unknown")
    assert world.route() == 0
