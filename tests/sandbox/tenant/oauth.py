"""The token paths, each accepting the forms of request that the world's table gives it."""

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from sandbox.tenant.state import TenantState, state_of
from sandbox.wire.refusal import Refusal
from sandbox.world import DEFAULT_TOKEN_FORMS, OAuthClient, World

router = APIRouter()


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A token request, whichever form it came in."""

    encoding: str
    credentials: str
    client_id: str
    client_secret: str
    grant_type: str
    scopes: tuple[str, ...]


async def token(request: Request) -> JSONResponse:
    """Issue an access token to a client that proves who it is."""
    state = state_of(request)
    state.tokens.requests += 1
    state.quotas.take("token")
    asked = await _read(request)
    client = _client(state.world, asked)
    _check_form(state.world, request.url.path, asked)
    scopes = _granted(state.world, client, asked.scopes)
    return _answer(state, client, scopes)


for _path in DEFAULT_TOKEN_FORMS:
    router.add_api_route(_path, token, methods=["POST"], response_model=None)


def _answer(state: TenantState, client: OAuthClient, scopes: tuple[str, ...]) -> JSONResponse:
    body = {
        "access_token": state.tokens.issue(client.client_id, frozenset(scopes)),
        "token_type": "Bearer",
        "expires_in": state.world.token_lifetime,
        "scope": " ".join(scopes),
    }
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


async def _read(request: Request) -> TokenRequest:
    encoding, fields = _fields(request, await request.body())
    if not all(isinstance(value, str) for value in fields.values()):
        raise _refusal("invalid_request", "Every field of a token request is a string.")
    header = request.headers.get("authorization")
    if header is not None and "client_secret" in fields:
        raise _refusal("invalid_request", "Credentials belong in the header or in the body.")
    if header is not None:
        credentials, (client_id, secret) = "basic", _basic(header)
    else:
        credentials = "body"
        client_id, secret = fields.get("client_id", ""), fields.get("client_secret", "")
    scopes = tuple(fields.get("scope", "").split())
    return TokenRequest(encoding, credentials, client_id, secret, fields.get("grant_type", ""), scopes)


def _fields(request: Request, body: bytes) -> tuple[str, Mapping[str, Any]]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "application/x-www-form-urlencoded":
            return "form", dict(parse_qsl(body.decode(), keep_blank_values=True))
        if kind == "application/json":
            fields = json.loads(body)
            if isinstance(fields, dict):
                return "json", fields
    except ValueError:
        pass
    raise _refusal("invalid_request", "The body is neither a form nor a JSON object.")


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    try:
        if scheme.lower() != "basic":
            raise ValueError
        pair = base64.b64decode(encoded, validate=True).decode()
        client_id, separator, secret = pair.partition(":")
        if not separator:
            raise ValueError
    except (binascii.Error, ValueError):
        raise _unknown_client() from None
    return client_id, secret


def _client(world: World, asked: TokenRequest) -> OAuthClient:
    for client in world.clients:
        if client.client_id == asked.client_id and hmac.compare_digest(
            client.client_secret.encode(), asked.client_secret.encode()
        ):
            return client
    raise _unknown_client()


def _check_form(world: World, path: str, asked: TokenRequest) -> None:
    if asked.grant_type != "client_credentials":
        raise _refusal("unsupported_grant_type", "The grant is client_credentials.")
    for form in world.token_forms[path]:
        if (form.encoding, form.credentials) == (asked.encoding, asked.credentials):
            if form.scope_required and not asked.scopes:
                raise _refusal("invalid_request", "A scope is required.")
            return
    raise _refusal(
        "invalid_request",
        f"{path} takes no {asked.encoding} body with credentials in the {asked.credentials} form.",
    )


def _granted(world: World, client: OAuthClient, asked: tuple[str, ...]) -> tuple[str, ...]:
    """Return the scopes of the token: what was asked for, or all when nothing was."""
    if not asked:
        return client.scopes
    granted = tuple(scope for scope in asked if scope in client.scopes)
    if granted != asked and not (granted and world.grant_partial_scope):
        missing = next(scope for scope in asked if scope not in client.scopes)
        raise _refusal("invalid_scope", f"The client may not ask for {missing}.")
    return granted


def _refusal(error: str, description: str) -> Refusal:
    """Return a refusal in the shape that OAuth gives its errors (RFC 6749, section 5.2)."""
    refusal = Refusal(400, error, description)
    refusal.body = {"error": error, "error_description": description}
    return refusal


def _unknown_client() -> Refusal:
    refusal = _refusal("invalid_client", "The client is unknown or its secret is wrong.")
    refusal.status, refusal.headers = 401, {"WWW-Authenticate": "Basic"}
    return refusal
