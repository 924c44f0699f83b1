"""Secrets that are rotated, missing, or out of reach while requests are checked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from conformance.senders import SENDERS, Sent
from outbound.secrets import Secrets
from outbound.webhooks.problems import Accepted, Refusal, RefusalReason
from outbound.webhooks.request import WebhookRequest
from outbound.webhooks.settings import Providers
from outbound.webhooks.signatures.verifier import verify_with_rotation
from worlds.aws import AwsWorld, FakeClock

ID = "outbound/webhooks/github"
PROVIDER = Providers.model_validate({"providers": {"github": {"scheme": "github"}}}).providers["github"]


@pytest.fixture
def secrets(aws: AwsWorld, clock: FakeClock) -> Secrets:
    return Secrets(aws.secrets, clock)


@pytest.fixture
def rotate(aws: AwsWorld) -> Callable[[str], None]:
    """Put a new value into the secret; the one before stays valid."""

    def put(value: str) -> None:
        text = json.dumps({"secret": value})
        try:
            aws.secrets.create_secret(Name=ID, SecretString=text)
        except aws.secrets.exceptions.ResourceExistsException:
            aws.secrets.put_secret_value(SecretId=ID, SecretString=text)

    return put


@pytest.fixture
def reads(aws: AwsWorld) -> Iterator[list[str]]:
    """The readings of secrets since the test began; a reading asks for two versions."""
    found: list[str] = []
    event, events = "before-call.secrets-manager.GetSecretValue", aws.secrets.meta.events
    events.register(event, lambda model, **_: found.append(model.name), unique_id="reads")
    yield found
    events.unregister(event, unique_id="reads")


def _check(secrets: Secrets, clock: FakeClock, seed: str) -> Accepted | Refusal:
    sent = Sent(b"{}", int(clock.now().timestamp() * 1000))
    headers = {name: (value,) for name, value in SENDERS["github"].sign(sent, seed).items()}
    return verify_with_rotation(
        WebhookRequest("POST", sent.url, headers, sent.body), PROVIDER, secrets, ID, clock.now()
    )


def test_old_and_new_secret_are_both_valid(
    secrets: Secrets, clock: FakeClock, rotate: Callable[[str], None]
) -> None:
    rotate("first")
    rotate("second")

    assert isinstance(_check(secrets, clock, "first"), Accepted)
    assert isinstance(_check(secrets, clock, "second"), Accepted)
    assert _check(secrets, clock, "third") == Refusal(RefusalReason.WRONG_SIGNATURE)


def test_the_first_request_signed_with_a_new_secret_is_accepted(
    secrets: Secrets, clock: FakeClock, rotate: Callable[[str], None]
) -> None:
    rotate("first")
    assert isinstance(_check(secrets, clock, "first"), Accepted)
    clock.advance(seconds=60)
    rotate("second")

    assert isinstance(_check(secrets, clock, "second"), Accepted)
    assert isinstance(_check(secrets, clock, "first"), Accepted)


def test_a_secret_that_was_rotated_out_is_valid_no_more(
    secrets: Secrets, clock: FakeClock, rotate: Callable[[str], None]
) -> None:
    for value in ("first", "second", "third"):
        rotate(value)

    assert _check(secrets, clock, "first") == Refusal(RefusalReason.WRONG_SIGNATURE)


def test_forged_requests_read_the_secret_at_most_once_a_minute(
    reads: list[str], secrets: Secrets, clock: FakeClock, rotate: Callable[[str], None]
) -> None:
    rotate("first")
    _check(secrets, clock, "first")
    reads.clear()

    said = []
    for _ in range(300):
        clock.advance(seconds=1)
        refused = _check(secrets, clock, "forged")
        assert isinstance(refused, Refusal)
        said.append(refused.reason)

    assert len(reads) == 2 * 5
    # Unless the secret was read since it came it cannot be told: once a minute a stranger is refused.
    assert Counter(said) == {RefusalReason.WRONG_SIGNATURE: 5, RefusalReason.SECRET_TOO_OLD: 295}


def test_a_stranger_does_not_use_up_the_look_that_a_genuine_request_needs(
    secrets: Secrets, clock: FakeClock, rotate: Callable[[str], None]
) -> None:
    rotate("first")
    assert isinstance(_check(secrets, clock, "first"), Accepted)
    clock.advance(minutes=5)
    assert _check(secrets, clock, "forged") == Refusal(RefusalReason.WRONG_SIGNATURE)
    rotate("second")

    clock.advance(seconds=1)
    waits = _check(secrets, clock, "second")
    assert waits == Refusal(RefusalReason.SECRET_TOO_OLD)
    assert waits.is_ours, "not a no: the sender comes again"
    for _ in range(58):
        clock.advance(seconds=1)
        _check(secrets, clock, "forged")
    clock.advance(seconds=1)
    assert isinstance(_check(secrets, clock, "second"), Accepted), "a minute later it passes"


def test_a_stranger_s_look_brings_the_new_key_to_the_genuine_one(
    reads: list[str], secrets: Secrets, clock: FakeClock, rotate: Callable[[str], None]
) -> None:
    rotate("first")
    _check(secrets, clock, "first")
    rotate("second")
    clock.advance(seconds=60)
    reads.clear()

    assert _check(secrets, clock, "forged") == Refusal(RefusalReason.WRONG_SIGNATURE)
    assert isinstance(_check(secrets, clock, "second"), Accepted)
    assert len(reads) == 2


def test_a_secret_that_was_read_shortly_before_its_rotation_is_no_reason_for_a_no(
    secrets: Secrets, clock: FakeClock, rotate: Callable[[str], None]
) -> None:
    rotate("first")
    assert isinstance(_check(secrets, clock, "first"), Accepted)
    clock.advance(seconds=20)
    rotate("second")

    assert _check(secrets, clock, "second") == Refusal(RefusalReason.SECRET_TOO_OLD)
    clock.advance(seconds=40)
    assert isinstance(_check(secrets, clock, "second"), Accepted)


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServiceError", "AccessDeniedException"])
def test_a_look_that_fails_is_no_reason_for_a_no(
    aws: AwsWorld, secrets: Secrets, clock: FakeClock, rotate: Callable[[str], None], code: str
) -> None:
    rotate("first")
    _check(secrets, clock, "first")
    rotate("second")
    clock.advance(minutes=2)

    with Stubber(aws.secrets) as stubber:
        stubber.add_client_error("get_secret_value", code)
        refused = _check(secrets, clock, "second")
        assert isinstance(refused, Refusal)
        assert refused.is_ours
        clock.advance(seconds=1)
        assert _check(secrets, clock, "second") == Refusal(RefusalReason.SECRET_TOO_OLD), (
            "nor for another call"
        )
    clock.advance(seconds=60)
    assert isinstance(_check(secrets, clock, "second"), Accepted)


def test_in_an_environment_that_has_just_read_the_secret_a_forged_request_costs_nothing_more(
    reads: list[str], secrets: Secrets, clock: FakeClock, rotate: Callable[[str], None]
) -> None:
    rotate("first")

    assert _check(secrets, clock, "forged") == Refusal(RefusalReason.WRONG_SIGNATURE)
    assert len(reads) == 2


@pytest.mark.parametrize("headers", [{}, {"x-hub-signature-256": ("sha256=none",)}])
def test_what_no_secret_could_heal_reads_nothing_again(
    reads: list[str],
    secrets: Secrets,
    clock: FakeClock,
    rotate: Callable[[str], None],
    headers: dict[str, tuple[str, ...]],
) -> None:
    rotate("first")
    _check(secrets, clock, "first")
    clock.advance(minutes=5)
    reads.clear()

    assert isinstance(
        verify_with_rotation(WebhookRequest("POST", "", headers, b""), PROVIDER, secrets, ID, clock.now()),
        Refusal,
    )
    assert reads == []


def test_a_secret_without_a_value_is_our_fault_and_said_by_the_providers_name(
    secrets: Secrets, clock: FakeClock, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    refusal = _check(secrets, clock, "first")

    assert refusal == Refusal(RefusalReason.NO_SECRET)
    assert refusal.is_ours
    assert logged()[-1]["provider"] == "github"


def test_a_placeholder_is_no_secret_until_a_real_one_is_put_there(
    secrets: Secrets, clock: FakeClock, rotate: Callable[[str], None]
) -> None:
    rotate("")
    assert _check(secrets, clock, "") == Refusal(RefusalReason.NO_SECRET)
    clock.advance(seconds=60)
    rotate("first")

    assert isinstance(_check(secrets, clock, "first"), Accepted)


def test_secrets_out_of_reach_are_our_fault_and_the_known_ones_go_on(
    aws: AwsWorld, secrets: Secrets, clock: FakeClock, rotate: Callable[[str], None]
) -> None:
    rotate("first")
    with Stubber(aws.secrets) as stubber:
        stubber.add_client_error("get_secret_value", "ThrottlingException")
        refusal = _check(secrets, clock, "first")
    assert refusal == Refusal(RefusalReason.SECRET_UNAVAILABLE)
    assert refusal.is_ours

    assert isinstance(_check(secrets, clock, "first"), Accepted)
    clock.advance(minutes=2)
    with Stubber(aws.secrets) as stubber:
        stubber.add_client_error("get_secret_value", "InternalServiceError")
        assert _check(secrets, clock, "forged") == Refusal(RefusalReason.SECRET_UNAVAILABLE)
        assert isinstance(_check(secrets, clock, "first"), Accepted)


def test_nothing_secret_is_logged_or_shown(
    secrets: Secrets,
    clock: FakeClock,
    rotate: Callable[[str], None],
    logged: Callable[[], list[dict[str, Any]]],
) -> None:
    rotate("a-very-secret-value")
    signature = SENDERS["github"].sign(Sent(b"{}", 0), "a-very-secret-value")["x-hub-signature-256"]
    refusal = _check(secrets, clock, "forged")
    request = WebhookRequest("POST", "", {"authorization": ("Bearer hush",)}, b"personal")

    said = f"{json.dumps(logged())} {refusal!r} {request!r} {PROVIDER!r}"
    for hidden in ("a-very-secret-value", signature, signature[7:], "hush", "personal"):
        assert hidden not in said
