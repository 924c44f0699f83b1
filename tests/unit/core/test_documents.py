"""Settings documents: cached for a minute, packaged defaults, and a broken one that says what is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from pydantic import BaseModel, ConfigDict

from outbound.metrics import FunctionMetric, Metric
from outbound.settings import ConfigurationError, Documents
from worlds.aws import AwsWorld, FakeClock
from worlds.runtime import WorldRuntime

NAME = "/outbound/config/toys"


class Toys(BaseModel):
    model_config = ConfigDict(extra="forbid")

    colour: str = "red"
    count: int = 1


@pytest.fixture
def documents(aws: AwsWorld, clock: FakeClock) -> Documents:
    return Documents(aws.ssm, "outbound", clock)


def write(aws: AwsWorld, value: object) -> None:
    text = value if isinstance(value, str) else json.dumps(value)
    aws.ssm.put_parameter(Name=NAME, Type="String", Overwrite=True, Value=text)


def test_without_a_document_the_packaged_defaults_hold(documents: Documents) -> None:
    assert documents.get("toys", Toys) == Toys()


def test_a_change_is_seen_after_a_minute_and_not_before(
    aws: AwsWorld, documents: Documents, clock: FakeClock
) -> None:
    write(aws, {"colour": "blue"})
    assert documents.get("toys", Toys).colour == "blue"
    write(aws, {"colour": "green"})

    clock.advance(seconds=59)
    assert documents.get("toys", Toys).colour == "blue"
    clock.advance(seconds=1)
    assert documents.get("toys", Toys).colour == "green"


def test_a_broken_document_is_named_with_the_place_and_without_the_value(
    aws: AwsWorld, documents: Documents
) -> None:
    write(aws, {"count": "hush", "colr": "hush"})

    with pytest.raises(ConfigurationError) as caught:
        documents.get("toys", Toys)

    message = str(caught.value)
    assert NAME in message
    assert "count: must be a whole number" in message
    assert "colr: is not a known field" in message
    assert "hush" not in message
    assert caught.value.__context__ is None


@pytest.mark.parametrize("text", ["{", "[]", "null", '"x"'])
def test_a_document_that_is_no_object_is_named(aws: AwsWorld, documents: Documents, text: str) -> None:
    write(aws, text)

    with pytest.raises(ConfigurationError, match=f"the settings document {NAME} is not valid"):
        documents.get("toys", Toys)


@pytest.mark.parametrize("text", [{"colour": 3}, "{", "null"])
def test_a_document_that_breaks_later_leaves_the_last_good_one_in_force_loudly(
    aws: AwsWorld, documents: Documents, clock: FakeClock, text: object, logged: Any, monkeypatch: Any
) -> None:
    measured: list[Metric] = []
    monkeypatch.setattr("outbound.settings.measure", measured.append)
    write(aws, {"colour": "blue"})
    documents.get("toys", Toys)
    write(aws, text)
    clock.advance(minutes=1)

    assert documents.get("toys", Toys).colour == "blue"
    assert documents.get("toys", Toys, else_packaged=True).colour == "blue"
    (said,) = [line for line in logged() if line["level"] == "ERROR"]
    assert (said["document"], said["in_force"]) == (NAME, "the last good document")
    assert measured == [FunctionMetric.SETTINGS_UNUSABLE]

    write(aws, {"colour": "green"})
    clock.advance(minutes=1)
    assert documents.get("toys", Toys).colour == "green", "a good one takes its place within a minute"


def test_without_a_good_document_the_packaged_one_holds_for_what_may_not_wait(
    aws: AwsWorld, documents: Documents, clock: FakeClock
) -> None:
    write(aws, {"colour": 3})
    assert documents.get("toys", Toys, else_packaged=True) == Toys()
    with pytest.raises(ConfigurationError):
        documents.get("toys", Toys)

    write(aws, {"colour": "blue"})
    assert documents.get("toys", Toys, else_packaged=True) == Toys(), "it is not read for every message"
    clock.advance(minutes=1)
    assert documents.get("toys", Toys, else_packaged=True).colour == "blue"


def test_a_document_that_cannot_be_read_does_not_stop_what_may_not_wait(
    aws: AwsWorld, documents: Documents
) -> None:
    with Stubber(aws.ssm) as stubber:
        stubber.add_client_error("get_parameter", "AccessDeniedException")
        assert documents.get("toys", Toys, else_packaged=True) == Toys()


def test_known_settings_outlast_a_refusal(aws: AwsWorld, documents: Documents, clock: FakeClock) -> None:
    write(aws, {"colour": "blue"})
    documents.get("toys", Toys)
    clock.advance(minutes=1)
    with Stubber(aws.ssm) as stubber:
        stubber.add_client_error("get_parameter", "ThrottlingException")
        assert documents.get("toys", Toys).colour == "blue"
        assert documents.get("toys", Toys).colour == "blue", "and are not asked for again at once"


def test_without_known_settings_a_refusal_is_no_absence(aws: AwsWorld, documents: Documents) -> None:
    with Stubber(aws.ssm) as stubber:
        stubber.add_client_error("get_parameter", "ThrottlingException")
        with pytest.raises(ClientError):
            documents.get("toys", Toys)


def test_a_name_that_is_missing_says_where_it_is_given(aws: AwsWorld, clock: FakeClock) -> None:
    with pytest.raises(ConfigurationError, match="TENANT is not set: give it to the function"):
        _ = WorldRuntime(aws, clock, TENANT="").tenant
    assert WorldRuntime(aws, clock).tenant == "acme"
