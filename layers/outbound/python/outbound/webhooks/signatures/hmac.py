"""The configurable keyed hash: what is signed, where the signature and the time stand, are settings."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import product

from outbound.webhooks.problems import RefusalReason
from outbound.webhooks.request import WebhookRequest
from outbound.webhooks.signatures.headers import Claim, secret_keys, signed_ms, single_header
from outbound.webhooks.signatures.schemes import Hmac

_FORMS = {
    ("sha256", "hex"): re.compile(r"[0-9A-Fa-f]{64}"),
    ("sha384", "hex"): re.compile(r"[0-9A-Fa-f]{96}"),
    ("sha512", "hex"): re.compile(r"[0-9A-Fa-f]{128}"),
    ("sha256", "base64"): re.compile(r"[A-Za-z0-9+/]{43}="),
    ("sha384", "base64"): re.compile(r"[A-Za-z0-9+/]{64}"),
    ("sha512", "base64"): re.compile(r"[A-Za-z0-9+/]{86}=="),
}
# What HubSpot decodes of a URL before it signs it.
_HUBSPOT_DECODES = re.compile("%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")
_MAX_SIGNATURES = 16
_DEFAULT_PORTS = {"https": ":443", "http": ":80"}


def check_hmac(
    request: WebhookRequest, scheme: Hmac, versions: Sequence[Mapping[str, str]]
) -> Claim | RefusalReason:
    """Return what a genuine request says of itself, or the reason why it is not believed."""
    header = single_header(request.headers, scheme.signature_header, RefusalReason.MISSING_SIGNATURE)
    if isinstance(header, RefusalReason):
        return header
    elements = header.split(scheme.element_separator) if scheme.signature_element else []
    signatures = _signatures(scheme, header, elements)
    if isinstance(signatures, RefusalReason):
        return signatures
    timestamp = _timestamp(request, scheme, elements)
    if isinstance(timestamp, RefusalReason):
        return timestamp
    ms = signed_ms(timestamp, scheme.timestamp_format) if scheme.is_timed else None
    if scheme.is_timed and ms is None:
        return RefusalReason.MALFORMED_TIMESTAMP
    keys = secret_keys(versions, scheme.secret_encoding)
    if not keys:
        return RefusalReason.NO_SECRET
    fits = any(_any_fits(scheme, keys, signatures, signed) for signed in _forms(request, scheme, timestamp))
    return Claim("", ms) if fits else RefusalReason.WRONG_SIGNATURE


def _signatures(scheme: Hmac, header: str, elements: Sequence[str]) -> list[str] | RefusalReason:
    """The signatures of the right form, without their prefix. Upper-case hex is as good as lower-case."""
    found = _element(elements, scheme.signature_element) if scheme.signature_element else [header]
    if not found:
        return RefusalReason.MISSING_SIGNATURE
    form, prefix = _FORMS[scheme.algorithm, scheme.encoding], scheme.prefix
    begins = len(prefix)
    formed = [each[begins:] for each in found if each.startswith(prefix) and form.fullmatch(each, begins)]
    if not formed or len(found) > _MAX_SIGNATURES:
        return RefusalReason.MALFORMED_SIGNATURE
    return [each.lower() for each in formed] if scheme.encoding == "hex" else formed


def _timestamp(request: WebhookRequest, scheme: Hmac, elements: Sequence[str]) -> str | RefusalReason:
    if scheme.timestamp_header:
        return single_header(request.headers, scheme.timestamp_header, RefusalReason.MISSING_TIMESTAMP)
    if not scheme.timestamp_element:
        return ""
    found = _element(elements, scheme.timestamp_element)
    if len(found) > 1:
        # Which of them was signed cannot be told.
        return RefusalReason.MALFORMED_TIMESTAMP
    return found[0] if found else RefusalReason.MISSING_TIMESTAMP


def _element(elements: Sequence[str], name: str) -> list[str]:
    beginning = f"{name}="
    return [element[len(beginning) :] for element in elements if element.startswith(beginning)]


def _forms(request: WebhookRequest, scheme: Hmac, timestamp: str) -> Iterator[bytes]:
    """The bytes that the sender may have signed: one form of them, or a few where the URL is signed."""
    if scheme.payload == "{body}":
        yield request.body
        return
    form = _form(scheme.payload)
    values = {
        b"body": request.body,
        b"method": request.method.encode(errors="surrogatepass"),
        b"timestamp": timestamp.encode(),
    }
    if "{url}" not in scheme.payload:
        yield form % values
        return
    for url in url_forms(request.url):
        values[b"url"] = _url(url, scheme).encode(errors="surrogatepass")
        yield form % values


@lru_cache(maxsize=64)
def _form(payload: str) -> bytes:
    """A payload as a format that takes the values of its placeholders by name."""
    return _PLACEHOLDER.sub(r"%(\1)b", payload.replace("%", "%%")).encode()


def _url(url: str, scheme: Hmac) -> str:
    if scheme.url_form != "hubspot" or "%" not in url:
        return url
    return _HUBSPOT_DECODES.sub(lambda found: chr(int(found[0][1:], 16)), url)


def _any_fits(scheme: Hmac, keys: Sequence[bytes], signatures: Sequence[str], signed: bytes) -> bool:
    """Compare every signature with every key's: how long it takes does not say which one fitted."""
    good = False
    for key in keys:
        digest = hmac.digest(key, signed, scheme.algorithm)
        expected = digest.hex() if scheme.encoding == "hex" else base64.b64encode(digest).decode()
        for signature in signatures:
            # As text: base64 that is not canonical decodes to the same bytes, and is not what was signed.
            good |= hmac.compare_digest(expected, signature)
    return good


def url_forms(url: str) -> Iterator[str]:
    """Yield the forms of a request's URL that its sender may have signed, each once, some two dozen at most.

    API Gateway hands over a query decoded, and an operator writes the base URL by hand: how a sender wrote
    either cannot be told. But it wrote them in one of a few ways, and a signature fits one of them or none.
    The URL as it is comes first.

    Before the query: the host as written, in small letters without the port that goes without saying, and
    with it; `/webhooks` once where the base URL ends with it. In the query: a blank as `%20` or `+`, brackets
    as they are or encoded, a name without value with or without its `=`.
    """
    yield url
    address, mark, query = url.partition("?")
    queries = _queries(query) if mark else [""]
    seen = {url}
    for base, rest in product(_addresses(address), queries):
        form = base + mark + rest
        if form not in seen:
            seen.add(form)
            yield form


def _addresses(address: str) -> list[str]:
    scheme, mark, rest = address.partition("://")
    if not mark:
        return [address]
    host, slash, path = rest.partition("/")
    small = scheme.lower()
    port = _DEFAULT_PORTS.get(small, "")
    bare = host.lower().removesuffix(port) if port else host.lower()
    hosts = [f"{scheme}://{host}", f"{small}://{bare}"]
    if port and ":" not in bare:
        hosts.append(f"{small}://{bare}{port}")
    path = slash + path
    # The base URL with the first part of every path at its end, which then is there twice.
    once = path.replace("/webhooks/webhooks/", "/webhooks/", 1)
    return [host + each for each in dict.fromkeys((path, once)) for host in hosts]


def _queries(query: str) -> list[str]:
    raw = query.replace("%5B", "[").replace("%5D", "]")
    written = [form for each in (query, raw) for form in (each, each.replace("%20", "+"))]
    return written + ["&".join(part.removesuffix("=") for part in form.split("&")) for form in written]
