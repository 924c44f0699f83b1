"""Secrets: two versions at a time, read once, read again at most once a minute, never shown."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from outbound.secrets import Secrets
from outbound.settings import ConfigurationError
from worlds.aws import AwsWorld, FakeClock

ID = "outbound/cxone"


@pytest.fixture
def secrets(aws: AwsWorld, clock: FakeClock) -> Secrets:
    return Secrets(aws.secrets, clock)


def rotate(aws: AwsWorld, value: object) -> None:
    aws.secrets.put_secret_value(
        SecretId=ID, SecretString=value if isinstance(value, str) else json.dumps(value)
    )


def test_the_current_version_comes_first_and_the_previous_is_valid(aws: AwsWorld, secrets: Secrets) -> None:
    rotate(aws, {"client_id": "bridge", "client_secret": "new"})

    assert [version["client_secret"] for version in secrets.versions(ID)] == ["new", "bridge-secret"]
    assert secrets.current(ID)["client_secret"] == "new"


def test_a_secret_is_read_once(aws: AwsWorld, secrets: Secrets) -> None:
    assert secrets.current(ID)["client_secret"] == "bridge-secret"
    rotate(aws, {"client_secret": "new"})

    assert secrets.current(ID)["client_secret"] == "bridge-secret"


def test_a_failed_check_rereads_at_most_once_a_minute(
    aws: AwsWorld, secrets: Secrets, clock: FakeClock
) -> None:
    secrets.current(ID)
    rotate(aws, {"client_secret": "second"})

    assert not secrets.reread(ID), "it was read a moment ago"
    clock.advance(seconds=60)
    assert secrets.reread(ID)
    assert secrets.current(ID)["client_secret"] == "second"

    rotate(aws, {"client_secret": "third"})
    assert not secrets.reread(ID)
    clock.advance(seconds=60)
    assert secrets.reread(ID)


def test_a_secret_that_did_not_change_is_not_worth_another_try(secrets: Secrets, clock: FakeClock) -> None:
    secrets.current(ID)
    clock.advance(minutes=5)

    assert not secrets.reread(ID)


def test_a_reread_that_fails_keeps_what_is_known_and_counts(
    aws: AwsWorld, secrets: Secrets, clock: FakeClock
) -> None:
    secrets.current(ID)
    clock.advance(minutes=5)
    with Stubber(aws.secrets) as stubber:
        stubber.add_client_error("get_secret_value", "ThrottlingException")
        with pytest.raises(ClientError):
            secrets.reread(ID)
        assert not secrets.reread(ID), "failures would be as frequent as an attacker likes"

    assert secrets.current(ID)["client_secret"] == "bridge-secret"


@pytest.fixture
def reads(aws: AwsWorld) -> Iterator[list[str]]:
    """The versions of secrets that were asked for since the test began."""
    found: list[str] = []
    event, events = "provide-client-params.secrets-manager.GetSecretValue", aws.secrets.meta.events
    events.register(event, lambda params, **_: found.append(params["VersionStage"]), unique_id="reads")
    yield found
    events.unregister(event, unique_id="reads")


def test_a_secret_without_a_value_is_asked_for_once_a_minute(
    aws: AwsWorld, secrets: Secrets, clock: FakeClock, reads: list[str]
) -> None:
    for _ in range(180):
        with pytest.raises(ConfigurationError, match="outbound/none has no value"):
            secrets.versions("outbound/none")
        with pytest.raises(ConfigurationError, match="outbound/none has no value"):
            secrets.reread("outbound/none")
        clock.advance(seconds=1)
    assert reads == ["AWSCURRENT"] * 3

    aws.secrets.create_secret(Name="outbound/none", SecretString='{"client_secret": "there"}')
    assert secrets.current("outbound/none") == {"client_secret": "there"}


def test_a_secret_of_the_wrong_form_is_asked_for_once_a_minute_and_goes_by_itself(
    aws: AwsWorld, secrets: Secrets, clock: FakeClock, reads: list[str]
) -> None:
    rotate(aws, "not-json-but-hush")
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="outbound/cxone is not a JSON object"):
            secrets.current(ID)
    with pytest.raises(ConfigurationError, match="outbound/none"):
        secrets.current("outbound/none")
    assert reads == ["AWSCURRENT"] * 2, "one secret's failure says nothing of another's"

    rotate(aws, {"client_secret": "real"})
    clock.advance(seconds=60)
    assert secrets.current(ID) == {"client_secret": "real"}


@pytest.mark.parametrize("code", ["AccessDeniedException", "DecryptionFailure", "InvalidRequestException"])
def test_what_somebody_has_to_mend_is_named_and_remembered(
    aws: AwsWorld, secrets: Secrets, clock: FakeClock, reads: list[str], code: str
) -> None:
    with Stubber(aws.secrets) as stubber:
        stubber.add_client_error("get_secret_value", code)
        for _ in range(2):
            with pytest.raises(ConfigurationError, match=f"outbound/cxone cannot be read .{code}"):
                secrets.current(ID)
    assert len(reads) == 1

    clock.advance(seconds=60)
    assert secrets.current(ID)["client_secret"] == "bridge-secret"


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServiceError"])
def test_what_passes_by_itself_is_not_remembered(aws: AwsWorld, secrets: Secrets, code: str) -> None:
    with Stubber(aws.secrets) as stubber:
        stubber.add_client_error("get_secret_value", code)
        with pytest.raises(ClientError):
            secrets.current(ID)

    assert secrets.current(ID)["client_secret"] == "bridge-secret"


def test_a_previous_version_that_cannot_be_read_does_no_harm(aws: AwsWorld, secrets: Secrets) -> None:
    current = {"ARN": "a" * 20, "SecretString": '{"client_secret": "new"}'}
    with Stubber(aws.secrets) as stubber:
        stubber.add_response("get_secret_value", current)
        stubber.add_client_error("get_secret_value", "DecryptionFailure")
        assert secrets.versions(ID) == [{"client_secret": "new"}]


def test_a_secret_without_a_value_says_what_to_do(secrets: Secrets) -> None:
    with pytest.raises(ConfigurationError, match="outbound/none has no value: put one there"):
        secrets.current("outbound/none")


@pytest.mark.parametrize("value", ["not-json-but-hush", '["hush"]', '"hush"', "3"])
def test_a_secret_of_the_wrong_form_is_named_and_not_shown(
    aws: AwsWorld, secrets: Secrets, value: str
) -> None:
    rotate(aws, value)

    with pytest.raises(ConfigurationError, match="outbound/cxone is not a JSON object") as caught:
        secrets.current(ID)

    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_binary_secret_is_named(aws: AwsWorld, secrets: Secrets) -> None:
    aws.secrets.put_secret_value(SecretId=ID, SecretBinary=b"hush")

    with pytest.raises(ConfigurationError, match="outbound/cxone is not a JSON object"):
        secrets.current(ID)


def test_a_placeholder_before_the_first_value_does_no_harm(aws: AwsWorld, secrets: Secrets) -> None:
    rotate(aws, "change me")
    rotate(aws, {"client_secret": "real"})

    assert secrets.versions(ID) == [{"client_secret": "real"}]


def test_values_are_in_no_representation(secrets: Secrets) -> None:
    secrets.current(ID)

    assert "bridge-secret" not in f"{secrets!r} {secrets}"
