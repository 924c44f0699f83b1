"""Whatever arrives, a request is accepted exactly if its sender signed it, and nothing raises."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from conformance.senders import SENDERS, Sender, Sent
from outbound.webhooks.problems import Accepted, Refusal
from outbound.webhooks.request import WebhookRequest, from_api_gateway
from outbound.webhooks.settings import Providers
from outbound.webhooks.settings_fields import InvalidSettings
from outbound.webhooks.signatures.verifier import verify

SEED = "the seed of the secret that is valid"
OLD_SEED = "the seed of the one that was before it"
OTHER_SEED = "the seed of a secret of somebody else"
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)

_EXAMPLES, _MANY = 1000, 100_000
_quick = settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
# Each draws much, and what it draws is seldom near to anything.
_wide = settings(_quick, max_examples=250)
# In runs of half a minute on an idle core, which `make load` shares out to all of them; a busy machine
# takes five times as long.
_RUNS = 4
_full = settings(_quick, max_examples=_MANY // _RUNS, database=None)
_load = [
    pytest.mark.load,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not os.environ.get("OUTBOUND_LOAD"), reason="full sizes; `make load` runs them"),
]

# What headers really look like, so that a made-up request gets past the first look.
_SHAPED = st.one_of(
    st.text(max_size=20),
    st.binary(min_size=32, max_size=32).map(bytes.hex),
    st.sampled_from(["v1,", "v1a,", "sha256=", "Bearer ", "t=1,v1=", "v1=,", "v1=\x00", "v1,v1,"]),
    st.builds(
        "{}{}".format,
        st.sampled_from(["", "v1,", "v1a,", "sha256=", "t=1,v1="]),
        st.binary(min_size=32, max_size=32).map(lambda digest: base64.b64encode(digest).decode()),
    ),
    st.integers(min_value=-(10**20), max_value=10**20).map(str),
    st.just(str(NOW_MS // 1000)),
    st.just("2026-03-10T12:00:00Z"),
    st.text(alphabet="\ud800\udfff\u0660\uff11\u212a 0.+-_\n", max_size=12),
)


@dataclass
class Attempt:
    """A request on its way: what was signed, what arrives, and whether it is still genuine."""

    sender: Sender
    sent: Sent
    headers: dict[str, tuple[str, ...]]
    genuine: bool = True

    @property
    def request(self) -> WebhookRequest:
        return WebhookRequest(self.sent.method, self.sent.url, self.headers, self.sent.body)

    def signed(self, seed: str) -> None:
        self.headers = {name: (value,) for name, value in self.sender.sign(self.sent, seed).items()}

    def changes(self, part: str, **changed: Any) -> None:
        assume(replace(self.sent, **changed) != self.sent)
        self.sent = replace(self.sent, **changed)
        self.genuine = part not in self.sender.covers


Disturbance = Callable[[st.DrawFn, Attempt], None]


def _nothing(draw: st.DrawFn, attempt: Attempt) -> None:
    """It arrives as it was sent."""


def _old_secret(draw: st.DrawFn, attempt: Attempt) -> None:
    attempt.signed(OLD_SEED)


def _other_secret(draw: st.DrawFn, attempt: Attempt) -> None:
    attempt.signed(OTHER_SEED)
    attempt.genuine = False


def _other_body(draw: st.DrawFn, attempt: Attempt) -> None:
    attempt.changes("body", body=draw(st.binary(max_size=64)))


def _longer_body(draw: st.DrawFn, attempt: Attempt) -> None:
    attempt.changes("body", body=attempt.sent.body + draw(st.binary(min_size=1, max_size=3)))


def _other_method(draw: st.DrawFn, attempt: Attempt) -> None:
    attempt.changes("method", method=draw(st.text(max_size=5)))


def _other_url(draw: st.DrawFn, attempt: Attempt) -> None:
    attempt.changes("url", url=attempt.sent.url + draw(st.text(min_size=1, max_size=5)))


def _out_of_time(draw: st.DrawFn, attempt: Attempt) -> None:
    beyond = draw(st.integers(min_value=301, max_value=10**9)) * draw(st.sampled_from([-1, 1]))
    attempt.sent = replace(attempt.sent, ms=NOW_MS + beyond * 1000)
    attempt.signed(SEED)
    attempt.genuine = not attempt.sender.is_timed


def _missing_header(draw: st.DrawFn, attempt: Attempt) -> None:
    del attempt.headers[draw(st.sampled_from(sorted(attempt.headers)))]
    attempt.genuine = False


def _repeated_header(draw: st.DrawFn, attempt: Attempt) -> None:
    name = draw(st.sampled_from(sorted(attempt.headers)))
    attempt.headers[name] += (draw(st.one_of(st.just(attempt.headers[name][0]), _SHAPED)),)
    attempt.genuine = False


def _other_header(draw: st.DrawFn, attempt: Attempt) -> None:
    """One of the headers that are checked says something else, and may not even be text."""
    name = draw(st.sampled_from(sorted(attempt.headers)))
    value = draw(_SHAPED)
    assume(value != attempt.headers[name][0])
    attempt.headers[name] = (value,)
    attempt.genuine = False


def _other_character(draw: st.DrawFn, attempt: Attempt) -> None:
    name = draw(st.sampled_from(sorted(attempt.headers)))
    value = attempt.headers[name][0]
    place = draw(st.integers(0, len(value) - 1))
    changed = value[:place] + draw(st.characters()) + value[place + 1 :]
    ignores_case = attempt.sender.ignores_case
    assume(changed.lower() != value.lower() if ignores_case else changed != value)
    attempt.headers[name] = (changed,)
    attempt.genuine = False


def _cut_header(draw: st.DrawFn, attempt: Attempt) -> None:
    name = draw(st.sampled_from(sorted(attempt.headers)))
    value = attempt.headers[name][0]
    attempt.headers[name] = (value[: draw(st.integers(0, len(value) - 1))],)
    attempt.genuine = False


def _made_up(draw: st.DrawFn, attempt: Attempt) -> None:
    attempt.headers = {name: tuple(draw(st.lists(_SHAPED, max_size=2))) for name in attempt.headers}
    attempt.genuine = False


def _more_headers(draw: st.DrawFn, attempt: Attempt) -> None:
    more = draw(st.dictionaries(st.text(max_size=8), st.tuples(_SHAPED), max_size=3))
    attempt.headers = {**more, **attempt.headers}


_DISTURBANCES: list[Disturbance] = [
    *(_nothing, _old_secret, _more_headers),
    *(_other_secret, _other_body, _longer_body, _other_method, _other_url, _out_of_time),
    *(_missing_header, _repeated_header, _other_header, _other_character, _cut_header, _made_up),
]


@st.composite
def attempts(draw: st.DrawFn, sender: Sender) -> Attempt:
    """A request that its sender signed within the tolerance, and what became of it on its way."""
    age = draw(st.integers(-300, 300))
    attempt = Attempt(sender, Sent(draw(st.binary(max_size=64)), NOW_MS + age * 1000), {})
    attempt.signed(SEED)
    draw(st.sampled_from(_DISTURBANCES))(draw, attempt)
    return attempt


def _property(name: str) -> Callable[[], None]:
    sender = SENDERS[name]
    provider = Providers.model_validate({"providers": {"x": {"scheme": sender.scheme}}}).providers["x"]
    secrets = [sender.secret(SEED), sender.secret(OLD_SEED)]

    @given(attempt=attempts(sender))
    def accepted_exactly_if_genuine(attempt: Attempt) -> None:
        verdict = verify(attempt.request, provider, secrets, NOW)

        assert isinstance(verdict, Accepted) == attempt.genuine
        if isinstance(verdict, Accepted):
            assert verdict.signed_id == (attempt.sent.message_id if "id" in sender.covers else "")
            assert (verdict.signed_ms is not None) == sender.is_timed

    return accepted_exactly_if_genuine


@pytest.mark.slow
@pytest.mark.parametrize("name", SENDERS)
def test_a_request_is_accepted_exactly_if_its_sender_signed_it(name: str) -> None:
    _quick(_property(name))()


@pytest.mark.parametrize("run", range(_RUNS))
@pytest.mark.parametrize("name", [pytest.param(name, marks=_load) for name in SENDERS])
def test_a_request_is_accepted_exactly_if_its_sender_signed_it_in_full(name: str, run: int) -> None:
    _full(_property(name))()


@pytest.mark.slow
@pytest.mark.parametrize("name", SENDERS)
@_wide
@given(
    method=st.text(),
    url=st.text(),
    headers=st.lists(st.lists(_SHAPED, max_size=2), min_size=4, max_size=4),
    body=st.binary(max_size=200),
    secrets=st.lists(
        st.dictionaries(st.sampled_from(["secret", "public_key", "key"]), _SHAPED, max_size=2), max_size=2
    ),
    age=st.timedeltas(timedelta(days=-400_000), timedelta(days=400_000)),
)
def test_any_request_with_any_secrets_gives_a_verdict(
    name: str,
    method: str,
    url: str,
    headers: list[list[str]],
    body: bytes,
    secrets: list[dict[str, str]],
    age: timedelta,
) -> None:
    sender = SENDERS[name]
    provider = Providers.model_validate({"providers": {"x": {"scheme": sender.scheme}}}).providers["x"]
    names = sorted(sender.sign(Sent(b"", NOW_MS), SEED))
    given_headers = {name: tuple(values) for name, values in zip(names, headers, strict=False)}

    verdict = verify(WebhookRequest(method, url, given_headers, body), provider, secrets, NOW + age)

    # A secret header may hold by chance what the secret is.
    assert isinstance(verdict, Refusal) or not sender.covers


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | _SHAPED,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
_EVENT_FIELDS = (
    *("httpMethod", "path", "headers", "multiValueHeaders", "queryStringParameters"),
    *("multiValueQueryStringParameters", "body", "isBase64Encoded", "requestContext"),
)


@pytest.mark.slow
@_quick
@given(
    event=_ANYTHING
    | st.fixed_dictionaries({"httpMethod": st.text(), "path": st.text()}).flatmap(
        lambda base: st.dictionaries(st.sampled_from(_EVENT_FIELDS), _ANYTHING).map(lambda more: base | more)
    ),
    base=st.sampled_from(["", "https://hooks.example.com/dev", "http://["]),
)
@example(event={"httpMethod": "POST", "path": "/", "queryStringParameters": {"\ud800": "\udfff"}}, base="")
@example(event={"httpMethod": "POST", "path": "/", "body": "\ud800"}, base="")
def test_any_event_gives_a_request_or_a_refusal(event: object, base: str) -> None:
    assert isinstance(from_api_gateway(event, base), WebhookRequest | Refusal)


@pytest.mark.slow
@_quick
@given(
    value=_ANYTHING
    | st.dictionaries(
        st.sampled_from(["public_base_url", "cxone", "providers"]),
        st.dictionaries(st.sampled_from(["a", "scheme", "mapping", "type"]), _ANYTHING) | _ANYTHING,
    )
)
def test_any_settings_are_read_or_refused_with_the_field_named(value: object) -> None:
    try:
        providers = Providers.model_validate(value)
    except InvalidSettings as refusal:
        (problem,) = refusal.errors(include_url=False)
        assert problem["msg"]
    else:
        assert Providers.model_validate(providers.model_dump()) == providers
