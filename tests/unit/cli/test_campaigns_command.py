"""`outbound campaigns`: registering again changes only what is said; enable, disable, remove."""

from __future__ import annotations

import json
from typing import Any

import pytest

from worlds.aws import AwsWorld
from worlds.command import Command


def row(outbound: Command, campaign_id: str) -> dict[str, Any] | None:
    rows = outbound("--json", "campaigns", "list").json
    return next((each for each in rows if each["campaign_id"] == campaign_id), None)


def test_registering_again_changes_only_what_is_said(outbound: Command) -> None:
    first = ("--name", "Spring", "--outcome-codes", "BUSY,CONVERTED", "--page-size", "50", "--disabled")
    assert outbound("campaigns", "register", "spring", *first, "--start", "-30d").code == 0
    before = row(outbound, "spring")
    assert outbound("campaigns", "register", "spring", "--page-size", "70").code == 0
    after = row(outbound, "spring")
    assert before is not None
    assert after == before | {"page_size": 70, "revision": 2}
    assert after["start"] == "2026-02-08T12:00:00Z"


def test_all_codes_can_be_asked_for_again(outbound: Command) -> None:
    outbound("campaigns", "register", "spring", "--outcome-codes", "BUSY")
    outbound("campaigns", "register", "spring", "--outcome-codes", "")
    listed = row(outbound, "spring")
    assert listed is not None
    assert listed["outcome_codes"] == []


def test_a_new_campaign_is_called_by_its_id(outbound: Command) -> None:
    assert outbound("campaigns", "register", "spring").out == "spring is registered (revision 1)\n"
    # An empty name is none: the id again, and nothing has changed.
    assert outbound("campaigns", "register", "spring", "--name", "").out.endswith("(revision 1)\n")
    listed = row(outbound, "spring")
    assert listed is not None
    assert (listed["name"], listed["page_size"], listed["start"]) == ("spring", 1000, None)


def test_a_campaign_is_disabled_enabled_and_removed(outbound: Command) -> None:
    outbound("campaigns", "register", "spring", "--page-size", "50")
    assert "is disabled" in outbound("campaigns", "disable", "spring").out
    disabled = row(outbound, "spring")
    assert disabled is not None
    assert (disabled["enabled"], disabled["page_size"]) == (False, 50)
    assert outbound("--json", "campaigns", "enable", "spring").json["enabled"] is True
    assert outbound("campaigns", "remove", "spring").out == "spring is removed\n"
    assert row(outbound, "spring") is None


@pytest.mark.parametrize("command", ["enable", "disable", "remove"])
def test_a_campaign_that_is_not_registered_is_named(outbound: Command, command: str) -> None:
    refused = outbound("campaigns", command, "autumn")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == "outbound: autumn is not registered; use: outbound campaigns register autumn\n"


@pytest.mark.parametrize("start", ["-91d", "2020-01-01T00:00:00Z"])
def test_a_start_that_cxone_no_longer_has_is_refused(outbound: Command, start: str) -> None:
    refused = outbound("campaigns", "register", "spring", "--start", start)
    assert refused.code == 2
    assert "older than the 90 days that CXone keeps; use 2025-12-10T12:00:01Z or later" in refused.err
    assert row(outbound, "spring") is None


def test_a_start_that_is_registered_may_be_said_again_when_it_is_old(
    outbound: Command, clock: Any, aws: AwsWorld
) -> None:
    said = ("campaigns", "register", "spring", "--start", "2026-03-01T00:00:00Z")
    assert outbound(*said).code == 0
    clock.advance(days=100)
    assert outbound(*said).out == "spring is registered (revision 1)\n"


def test_a_code_that_every_pull_would_be_refused_for_is_refused(outbound: Command) -> None:
    refused = outbound("campaigns", "register", "spring", "--outcome-codes", "SOLD_OUT")
    assert refused.code == 2
    assert refused.err.startswith("outbound: outcome_codes: SOLD_OUT has no category")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["two words"], "campaign_id: must be 1 to 64 letters, digits, '-' and '_'"),
        (["spring", "--page-size", "0"], "page_size: must be 1 or more"),
        (["spring", "--name", "x" * 201], "name: must have 200 characters at most"),
        (["spring", "--start", "soon"], "--start: 'soon' is not a time; write one like -1h, now or 2026"),
        (["spring", "--start", "2026-03-01T00:00:00"], "--start: '2026-03-01T00:00:00' is not a time; write"),
        (["spring", "--start", "-999999w"], "--start: '-999999w' lies before the year 1"),
    ],
)
def test_a_wrong_field_is_refused_in_plain_words(outbound: Command, arguments: list[str], said: str) -> None:
    refused = outbound("campaigns", "register", *arguments)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith(f"outbound: {said}")


def test_the_facts_are_those_of_the_changes(outbound: Command, aws: AwsWorld) -> None:
    for command in (
        ["register", "spring"],
        ["disable", "spring"],
        ["disable", "spring"],
        ["remove", "spring"],
    ):
        outbound("campaigns", *command)
    assert [json.dumps(fact["data"]) for fact in aws.published()] == [
        '{"campaign_id": "spring", "revision": 1, "enabled": true}',
        '{"campaign_id": "spring", "revision": 2, "enabled": false}',
        '{"campaign_id": "spring", "revision": 3}',
    ]
