"""`outbound consent show`: what a compliance officer is asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from outbound.cli.__main__ import parser
from outbound.cli.output import Output
from outbound.cli.stack import Stack
from outbound.clock import format_time
from worlds.aws import ENVIRONMENT
from worlds.consent import ConsentWorld, changed


@pytest.fixture
def show(world: ConsentWorld, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the command as a person (a text) or as a script (JSON)."""
    outputs = {"Tenant": ENVIRONMENT["TENANT"], "ConsentTable": ENVIRONMENT["CONSENT_TABLE"]}

    def run(*arguments: str, as_json: bool = True) -> Any:
        chosen = parser().parse_args(["consent", "show", *arguments])
        chosen.run(Stack("outbound", outputs, world.clock), chosen, Output(as_json=as_json))
        said = capsys.readouterr().out
        return json.loads(said) if as_json else said

    return run


def test_it_shows_what_stands_and_every_change_that_was_recorded(world: ConsentWorld, show: Any) -> None:
    world.take(changed("revoked", -30, source="agent 7"), changed("granted", -60), changed("granted", 30))

    shown = show("c1")

    assert (shown["callable"], shown["refusal"]) == (False, "consent_revoked")
    assert shown["registers"] == {
        "call_consent": {"value": "revoked", "source": "agent 7", "since": "2026-03-10T11:30:00Z"},
        "do_not_call": None,
        "record": None,
    }
    assert [(one["value"], one["took_effect"], one["refused"]) for one in shown["history"]] == [
        ("granted", False, None),
        ("revoked", True, None),
        ("granted", False, "occurred_at"),
    ]
    assert all(one["recorded_at"] == "2026-03-10T12:00:00Z" for one in shown["history"])


def test_a_person_reads_a_sentence_and_a_table(world: ConsentWorld, show: Any) -> None:
    world.take(changed("granted", -60))

    said = show("c1", as_json=False)

    assert said.startswith("c1 may be called\n\noccurred_at")
    assert "hubspot" in said
    assert show("c2", as_json=False) == "c2 may not be called: never consented to be called\n"


def test_a_grant_for_one_category_of_calls_is_not_said_to_be_none(world: ConsentWorld, show: Any) -> None:
    world.take(changed("granted", -60, scope="telemarketing"))
    said = show("c1", as_json=False).splitlines()[0]
    assert said == ("c1 may be called for telemarketing alone; otherwise it never consented to be called")
    assert show("c1")["callable"] is False


def test_it_shows_what_was_known_at_a_time(world: ConsentWorld, show: Any) -> None:
    world.take(changed("granted", -60))
    then = format_time(world.clock.now())
    world.clock.advance(hours=1)
    world.take(changed("revoked", -90), changed("do_not_call", -90))

    shown = show("c1", "--known-at", then)

    assert shown["callable"]
    assert len(shown["history"]) == 1
    assert show("c1")["refusal"] == "do_not_call"


def test_a_time_without_offset_is_refused(show: Any) -> None:
    with pytest.raises(ValueError, match="needs a UTC offset"):
        show("c1", "--known-at", "2026-03-10T12:00:00")
