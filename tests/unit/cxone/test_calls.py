"""A call is made once, or again where that is safe; every bad answer is one named error."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from outbound.cxone.errors import (
    Conflict,
    CxoneError,
    Forbidden,
    InvalidRequest,
    NotFound,
    Unauthorised,
    Unavailable,
    UnexpectedAnswer,
    VersionConflict,
)
from worlds.aws import AwsWorld, FakeClock
from worlds.cxone import SCOPES, Access, Reply, ScriptedCxone, issued

GOOD = Reply(body={"fine": True})
PASSING = [Reply(status) for status in (408, 425, 500, 501, 503, 520, 522, 529, 599)]
LOST = [
    Reply(cut="before"),
    Reply(body={"a": "long answer"}, cut="body"),
    Reply(body=b"<html>"),
    Reply(body=b""),
]


def naming(reply: Reply) -> str:
    return f"{reply.status}{reply.cut}{reply.content()[:6]!r}"


def test_an_answer_comes_with_its_status_headers_and_tries(access: Access, cxone: ScriptedCxone) -> None:
    cxone.answers = [Reply(201, {"id": 1}, {"ETag": "v7"})]

    answer = access.call(
        "POST", "/things", json={"name": "Zoë"}, params={"a": "b c"}, headers={"If-Match": "v6"}
    )

    assert (answer.body, answer.status, answer.headers["etag"], answer.tries) == ({"id": 1}, 201, "v7", 1)
    (asked,) = cxone.asked
    assert (asked.method, asked.path, asked.query) == ("POST", "/things", {"a": ["b c"]})
    assert json.loads(asked.body) == {"name": "Zoë"}
    assert asked.headers["Authorization"] == "Bearer token-1"
    assert asked.headers["If-Match"] == "v6"
    assert "X-Idempotency-Key" not in asked.headers


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_an_answer_without_content_is_fine(access: Access, cxone: ScriptedCxone, method: str) -> None:
    cxone.answers = [Reply(204, b"")]

    answer = access.call(method)
    assert answer.nothing
    assert answer.tries == 1


@pytest.mark.parametrize("interim", [(103,), (102,), (103, 103), (102, 103, 100)])
def test_the_final_answer_is_the_one_after_all_interim_ones(
    access: Access, cxone: ScriptedCxone, interim: tuple[int, ...]
) -> None:
    cxone.tokens = [replace(issued(), interim=interim)]
    cxone.answers = [Reply(200, {"id": 1}, interim=interim), Reply(404, interim=interim)]

    assert access.call("POST").body == {"id": 1}
    with pytest.raises(NotFound):
        access.call("POST")


def test_a_server_that_sends_interim_answers_alone_has_none(access: Access, cxone: ScriptedCxone) -> None:
    cxone.answers = [Reply(200, {"id": 1}, interim=(103,) * 1000)] * 4

    with pytest.raises(Unavailable, match="no whole answer"):
        access.call()


@pytest.mark.parametrize("bad", PASSING + LOST, ids=naming)
def test_what_passes_is_tried_again(access: Access, cxone: ScriptedCxone, bad: Reply) -> None:
    # Only a GET has to have an answer: to the others an empty one is as good.
    for method in ("GET", "PUT", "PATCH") if bad.content() else ("GET",):
        cxone.answers = [bad, bad, GOOD]
        assert access.call(method).tries == 3


@pytest.mark.parametrize("bad", PASSING + LOST, ids=naming)
def test_what_does_not_pass_ends(access: Access, cxone: ScriptedCxone, clock: FakeClock, bad: Reply) -> None:
    cxone.answers = [bad] * 20

    with pytest.raises(Unavailable, match="GET /api/v2/outbound/calls"):
        access.call()
    assert len(cxone.asked) == 4
    assert sum(clock.slept) < 15


def test_a_server_that_is_down_is_unavailable(aws: AwsWorld, clock: FakeClock, cxone: ScriptedCxone) -> None:
    access = Access(aws, clock, cxone.url)
    surface = access.settings.surface("outcomes").model_copy(update={"base_url": "http://127.0.0.1:9"})
    access.settings = access.settings.model_copy(update={"surfaces": {"outcomes": surface}})

    with pytest.raises(Unavailable, match="no whole answer"):
        access.call()


@pytest.mark.parametrize("bad", [*PASSING, *LOST[:3]], ids=naming)
def test_what_may_have_had_its_effect_is_not_repeated(
    access: Access, cxone: ScriptedCxone, bad: Reply
) -> None:
    cxone.answers = [bad, bad]

    for method in ("POST", "DELETE"):
        with pytest.raises(Unavailable):
            access.call(method)
    assert len(cxone.asked) == 2


@pytest.mark.parametrize("bad", [*PASSING, *LOST[:3]], ids=naming)
def test_with_an_idempotency_key_it_is(access: Access, cxone: ScriptedCxone, bad: Reply) -> None:
    cxone.answers = [bad, GOOD]

    assert access.call("POST", idempotency_key="key-1").tries == 2
    assert [asked.headers["X-Idempotency-Key"] for asked in cxone.asked] == ["key-1", "key-1"]


def test_what_was_refused_for_want_of_quota_had_no_effect(access: Access, cxone: ScriptedCxone) -> None:
    cxone.answers = [Reply(429, headers={"Retry-After": "1"}), GOOD]

    assert access.call("POST").tries == 2


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, InvalidRequest),
        (422, InvalidRequest),
        (403, Forbidden),
        (404, NotFound),
        (409, Conflict),
        (412, VersionConflict),
        (301, UnexpectedAnswer),
        (302, UnexpectedAnswer),
        (304, UnexpectedAnswer),
        (405, UnexpectedAnswer),
        (418, UnexpectedAnswer),
    ],
)
def test_what_no_repetition_helps_is_an_error_at_once(
    access: Access, cxone: ScriptedCxone, status: int, error: type[CxoneError]
) -> None:
    location = {"Location": f"{cxone.url}/elsewhere", "X-Request-Id": "r-1"}
    body = b"" if status == 304 else b'{"message": "because"}'
    cxone.answers = [Reply(status, body, location)]

    with pytest.raises(
        error, match=rf"GET /api/v2/outbound/calls answered {status} \(request r-1\)"
    ) as caught:
        access.call()
    assert len(cxone.asked) == 1
    assert not caught.value.retryable
    assert status == 304 or "because" in str(caught.value)


def test_the_field_that_cxone_objects_to_is_named(access: Access, cxone: ScriptedCxone) -> None:
    cxone.answers = [Reply(400, {"field": "limit", "message": "5001 is over 5000"})]

    with pytest.raises(InvalidRequest, match=r"^limit: .*5001 is over 5000") as caught:
        access.call()
    assert caught.value.field == "limit"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"field": 3, "message": {}}', b"\xff", b"[" * 9999])
def test_an_error_body_of_any_shape_is_an_error(access: Access, cxone: ScriptedCxone, body: bytes) -> None:
    cxone.answers = [Reply(400, body)]

    with pytest.raises(InvalidRequest):
        access.call()


def test_an_error_whose_body_is_cut_keeps_its_meaning(access: Access, cxone: ScriptedCxone) -> None:
    cxone.answers = [Reply(404, {"message": "no such campaign"}, cut="body")]

    with pytest.raises(NotFound):
        access.call()


def test_a_refusal_for_want_of_a_scope_names_it(access: Access, cxone: ScriptedCxone) -> None:
    cxone.answers = [Reply(403, {"message": f"lacks {SCOPES[1]}"}), Reply(403)]

    with pytest.raises(Forbidden, match=f"these scopes: {SCOPES[1]}$"):
        access.call()
    with pytest.raises(Forbidden, match=f"these scopes: {SCOPES[0]}, {SCOPES[1]}$"):
        access.call()


def test_a_refused_token_is_renewed_once(access: Access, cxone: ScriptedCxone) -> None:
    access.old_token()
    cxone.answers = [Reply(401), GOOD]

    assert access.call().tries == 2
    assert cxone.bearers() == ["token-1", "token-2"]
    assert access.new_tokens().get("outcomes") == "token-2", "for everybody"


def test_a_post_is_made_again_with_a_new_token(access: Access, cxone: ScriptedCxone) -> None:
    access.old_token()
    cxone.answers = [Reply(401), GOOD]

    assert access.call("POST").tries == 2


def test_a_token_refused_twice_is_an_error(access: Access, cxone: ScriptedCxone) -> None:
    access.old_token()
    cxone.answers = [Reply(401)] * 9

    with pytest.raises(Unauthorised):
        access.call()
    assert cxone.bearers() == ["token-1", "token-2"]
    assert access.token() == "token-2", "a token issued just now is not the trouble"


def test_a_call_renews_its_token_once_whatever_happens_in_between(
    access: Access, cxone: ScriptedCxone
) -> None:
    access.old_token()
    cxone.answers = [Reply(401), Reply(503), Reply(401), GOOD]

    with pytest.raises(Unauthorised):
        access.call()
    assert len(cxone.token_requests) == 2


def test_where_every_call_is_refused_tokens_are_not_asked_for_call_by_call(
    access: Access, cxone: ScriptedCxone, clock: FakeClock
) -> None:
    cxone.answers = [Reply(401)] * 200
    for _ in range(50):
        with pytest.raises(Unauthorised):
            access.call()
        access.start_afresh()
        clock.advance(seconds=1)
    assert len(cxone.token_requests) <= 6, "one in ten seconds, for all functions together"


def test_a_token_that_another_function_renewed_is_used(access: Access, cxone: ScriptedCxone) -> None:
    access.call()
    other = access.new_tokens()
    other.get("outcomes")
    access.old_token()
    other.drop("outcomes", "token-1")
    other.get("outcomes")
    cxone.answers = [Reply(401), GOOD]

    access.call()
    assert cxone.bearers() == ["token-1", "token-1", "token-2"]
    assert len(cxone.token_requests) == 2


def test_nothing_secret_or_personal_shows_in_what_is_said(
    access: Access, cxone: ScriptedCxone, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    secrets = ("token-1", "bridge-secret", "5551234567", "555-123", "zoe@", "Schmidt")
    body = {
        "message": "token token-1 may not call +15551234567, zoe@example.com or (212) 555-1234",
        "field": "phone +1 212 555-1234",
        "contact": {"lastName": "Schmidt", "phone": "+15551234567"},
        "padding": ["x" * 100] * 100,
    }
    said = []
    for status in (400, 403, 404, 409, 500):
        cxone.answers = [Reply(status, body, {"X-Request-Id": "r-1"})] * 4
        with pytest.raises(CxoneError) as caught:
            access.call()
        said.append(
            f"{caught.value} {caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
        )
    lines = logged()
    said.append(json.dumps(lines))

    assert not [text for text in said for secret in secrets if secret in text]
    refusals = [line for line in lines if line["message"] == "CXone refused a call"]
    assert len(refusals) == 8
    assert all(line["request_id"] == "r-1" and len(line["answer"]) <= 4096 for line in refusals)
