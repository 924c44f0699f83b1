"""`outbound campaigns` and `outbound config`, run as an operator runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from integration.conftest import DAY, Attempt
from integration.listening import Listener
from local import Stack
from local.stack import eventually
from scenario.cast import Operator


def _registered(operator: Operator, campaign_id: str) -> dict[str, Any] | None:
    rows = operator.run("campaigns", "list")
    return next((row for row in rows if row["campaign_id"] == campaign_id), None)


def test_a_registration_is_listed_and_its_repetition_changes_nothing(
    operator: Operator, listener: Listener
) -> None:
    said = ("campaigns", "register", "listed", "--name", "Listed", "--outcome-codes", "CONVERTED, BUSY")
    said += ("--page-size", "5000", "--start", f"{DAY:%Y-%m-%dT02:00:00+02:00}", "--disabled")
    assert operator.run(*said) == {"campaign_id": "listed", "revision": 1}
    assert operator.run(*said) == {"campaign_id": "listed", "revision": 1}
    row = _registered(operator, "listed")
    assert row is not None
    assert row | {"planned_until": None} == {
        "campaign_id": "listed",
        "name": "Listed",
        "purpose": None,
        "enabled": False,
        "outcome_codes": ["BUSY", "CONVERTED"],
        "page_size": 5000,
        "start": f"{DAY:%Y-%m-%dT00:00:00Z}",
        "planned_until": None,
        "revision": 1,
    }
    assert eventually(lambda: listener.heard("campaign.registered", campaign_id="listed", revision=1))


def test_a_person_is_told_what_was_done_in_a_sentence_and_shown_a_table(operator: Operator) -> None:
    done = operator.attempt("campaigns", "register", "told", "--disabled")
    assert (done.returncode, done.stdout) == (0, "told is registered (revision 1)\n")
    shown = operator.attempt("campaigns", "list").stdout.splitlines()
    assert shown[0].split()[:3] == ["campaign_id", "name", "purpose"]
    assert any(line.split()[:2] == ["told", "told"] and "no" in line.split() for line in shown)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (["two words"], "campaign_id"),
        (["refused", "--page-size", "0"], "page_size"),
        (["refused", "--page-size", "5001"], "page_size"),
        (["refused", "--start", "2026-01-31T08:00:00"], "--start"),
        (["refused", "--outcome-codes", "CONVERTED,sold!"], "outcome_codes"),
    ],
)
def test_a_refused_registration_names_its_field(arguments: list[str], field: str, attempt: Attempt) -> None:
    code, said, complained = attempt("campaigns", "register", *arguments)
    assert (code, said) == (2, "")
    assert complained.startswith(f"outbound: {field}")


def test_what_was_refused_is_not_registered(operator: Operator) -> None:
    assert _registered(operator, "refused") is None


def test_a_stack_that_does_not_exist_is_named(operator: Operator) -> None:
    refused = operator.attempt("--stack", "elsewhere", "campaigns", "list")
    assert refused.returncode == 2
    assert "'elsewhere'" in refused.stderr
    assert "OUTBOUND_STACK" in refused.stderr


def test_settings_are_shown_with_their_defaults_filled_in(operator: Operator) -> None:
    shown = operator.run("config", "show", "outcomes")
    assert shown["settling_seconds"] == 60
    assert shown["retention_days"] == 90
    assert shown["categories"]["CONVERTED"] == "success"


def test_a_document_that_was_put_is_in_force(operator: Operator, tmp_path: Path) -> None:
    file = tmp_path / "outcomes.json"
    file.write_text(json.dumps({"settling_seconds": 60, "spread_seconds": 3, "max_pages": 100}))
    said = operator.run("config", "put", "outcomes", str(file))
    assert said["parameter"] == "/outbound/config/outcomes"
    assert operator.run("config", "show", "outcomes")["max_pages"] == 100


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ('{"settling_seconds": "soon"}', "settling_seconds"),
        ('{"settling_seconds": 60, "settlingseconds": 60}', "settlingseconds"),
        ('{"settling_seconds": 60', "document"),
        ("\N{LATIN SMALL LETTER E WITH ACUTE}", "byte 0 is not utf-8"),
    ],
)
def test_a_broken_document_is_refused_and_nothing_is_written(
    document: str, field: str, attempt: Attempt, stack: Stack, tmp_path: Path
) -> None:
    before = stack.client("ssm").get_parameter(Name="/outbound/config/outcomes")["Parameter"]
    file = tmp_path / "outcomes.json"
    file.write_text(document, encoding="latin-1")
    code, _, complained = attempt("config", "put", "outcomes", str(file))
    assert code == 2
    assert f"{file}: {field}" in complained
    after = stack.client("ssm").get_parameter(Name="/outbound/config/outcomes")["Parameter"]
    assert (after["Version"], after["Value"]) == (before["Version"], before["Value"])


def test_a_document_that_cannot_be_read_is_named(operator: Operator, tmp_path: Path) -> None:
    refused = operator.attempt("config", "put", "outcomes", str(tmp_path / "nothing.json"))
    assert refused.returncode == 2
    assert f"outbound: {tmp_path / 'nothing.json'}" in refused.stderr


def test_settings_in_force_that_do_not_hold_are_named(operator: Operator, stack: Stack) -> None:
    ssm, name = stack.client("ssm"), "/outbound/config/outcomes"
    whole = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    ssm.put_parameter(Name=name, Value='{"retention_days": 0}', Type="String", Overwrite=True)
    try:
        failed = operator.attempt("config", "show", "outcomes")
    finally:
        ssm.put_parameter(Name=name, Value=whole, Type="String", Overwrite=True)
    assert failed.returncode == 1
    assert "retention_days" in failed.stderr
    assert "Traceback" not in failed.stderr
