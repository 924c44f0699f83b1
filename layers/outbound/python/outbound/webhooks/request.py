"""A webhook request as it came over the wire, rebuilt from what API Gateway hands to a function."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote

from outbound.webhooks.problems import Refusal, RefusalReason


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """Method, public URL, headers by their lower-cased names, and the body's bytes as received.

    `body_base64` is the body in base64 where it came so: checked, nothing but its alphabet. Headers and body
    may hold tokens and personal data, so no representation shows them.
    """

    method: str
    url: str
    headers: Mapping[str, tuple[str, ...]] = field(repr=False)
    body: bytes = field(repr=False)
    body_base64: str = field(default="", repr=False)


def from_api_gateway(event: object, public_base_url: str = "") -> WebhookRequest | Refusal:
    """Return the request that an event of a REST API's proxy integration holds, else a refusal.

    Total: any value gives one of the two.

    Args:
        event: What API Gateway hands to the function.
        public_base_url: Where senders see the API, stage included; without it the host and the path that API
            Gateway says it was called by are taken.
    """
    if not isinstance(event, Mapping):
        return Refusal(RefusalReason.MALFORMED_REQUEST)
    method = event.get("httpMethod")
    if not isinstance(method, str) or not isinstance(event.get("path"), str):
        return Refusal(RefusalReason.MALFORMED_REQUEST)
    body = _body(event)
    if body is None:
        return Refusal(RefusalReason.MALFORMED_BODY_ENCODING)
    return WebhookRequest(method, _url(event, public_base_url), _headers(event), *body)


def _body(event: Mapping[str, object]) -> tuple[bytes, str] | None:
    """The body's bytes, and their base64 where they came in it; None where they cannot be told."""
    body = event.get("body")
    if body is None:
        return b"", ""
    if not isinstance(body, str):
        return None
    try:
        if event.get("isBase64Encoded") is True:
            return base64.b64decode(body, validate=True), body
        return body.encode(), ""
    except (binascii.Error, ValueError):
        return None


def _headers(event: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    """Every value of every header; names in any case are one name."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in _named(event, "multiValueHeaders", "headers").items():
        key = str(name).lower()
        if type(value) is list and len(value) == 1 and type(value[0]) is str:
            # Nearly every header, and a request has twenty of them.
            texts: tuple[str, ...] = (value[0],)
        else:
            texts = _texts(value)
        found[key] = found[key] + texts if key in found else texts
    return found


def _named(event: Mapping[str, object], many: str, one: str) -> Mapping[object, object]:
    """Names with their values; the field with one value a name only speaks where the other is silent."""
    named = event.get(many) or event.get(one)
    return named if isinstance(named, Mapping) else {}


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple([each for each in value if isinstance(each, str)]) if isinstance(value, list) else ()


def _url(event: Mapping[str, object], public_base_url: str) -> str:
    """The URL that the sender called.

    API Gateway hands over the parameters of a query decoded, and in no promised order: they are encoded
    again, which is as sent for whatever a sender's own encoding agrees with.
    """
    path = str(event["path"])
    url = _under(public_base_url.rstrip("/"), path) if public_base_url else _called_by(event, path)
    query = _named(event, "multiValueQueryStringParameters", "queryStringParameters")
    pairs = [f"{_encoded(str(name))}={_encoded(text)}" for name in query for text in _texts(query[name])]
    return f"{url}?{'&'.join(pairs)}" if pairs else url


@lru_cache(maxsize=64)
def _under(base: str, path: str) -> str:
    """The path under the base URL: a custom domain's base path is in it already, a stage's name is not."""
    _, _, base_path = base.partition("://")[2].partition("/")
    has_it = base_path and path.startswith(f"/{base_path}/")
    return base.removesuffix(f"/{base_path}") + path if has_it else base + path


def _encoded(text: str) -> str:
    return quote(text, safe="", errors="surrogatepass")


def _called_by(event: Mapping[str, object], path: str) -> str:
    context = event.get("requestContext")
    if not isinstance(context, Mapping) or not isinstance(context.get("domainName"), str):
        return path
    with_stage = context.get("path")
    return f"https://{context['domainName']}{with_stage if isinstance(with_stage, str) else path}"
