"""The configurable keyed hash: what is signed, where the signature and the time stand, are settings."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from outbound.webhooks.keys import secret_keys
from outbound.webhooks.problems import Reason
from outbound.webhooks.request import WebhookRequest
from outbound.webhooks.signatures.headers import Claim, signed_ms, the_header
from outbound.webhooks.signatures.schemes import Hmac
from outbound.webhooks.url_forms import url_forms

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


def check_hmac(
    request: WebhookRequest, scheme: Hmac, versions: Sequence[Mapping[str, str]]
) -> Claim | Reason:
    """Give what a genuine request says of itself, or the reason why it is not believed."""
    header = the_header(request.headers, scheme.signature_header, Reason.MISSING_SIGNATURE)
    if isinstance(header, Reason):
        return header
    elements = header.split(scheme.element_separator) if scheme.signature_element else []
    signatures = _signatures(scheme, header, elements)
    if isinstance(signatures, Reason):
        return signatures
    timestamp = _timestamp(request, scheme, elements)
    if isinstance(timestamp, Reason):
        return timestamp
    ms = signed_ms(timestamp, scheme.timestamp_format) if scheme.is_timed else None
    if scheme.is_timed and ms is None:
        return Reason.MALFORMED_TIMESTAMP
    keys = secret_keys(versions, scheme.secret_encoding)
    if not keys:
        return Reason.NO_SECRET
    fits = any(_any_fits(scheme, keys, signatures, signed) for signed in _forms(request, scheme, timestamp))
    return Claim("", ms) if fits else Reason.WRONG_SIGNATURE


def _signatures(scheme: Hmac, header: str, elements: Sequence[str]) -> list[str] | Reason:
    """The signatures of the right form, without their prefix. Upper-case hex is as good as lower-case."""
    found = _element(elements, scheme.signature_element) if scheme.signature_element else [header]
    if not found:
        return Reason.MISSING_SIGNATURE
    form, prefix = _FORMS[scheme.algorithm, scheme.encoding], scheme.prefix
    begins = len(prefix)
    formed = [each[begins:] for each in found if each.startswith(prefix) and form.fullmatch(each, begins)]
    if not formed or len(found) > _MAX_SIGNATURES:
        return Reason.MALFORMED_SIGNATURE
    return [each.lower() for each in formed] if scheme.encoding == "hex" else formed


def _timestamp(request: WebhookRequest, scheme: Hmac, elements: Sequence[str]) -> str | Reason:
    if scheme.timestamp_header:
        return the_header(request.headers, scheme.timestamp_header, Reason.MISSING_TIMESTAMP)
    if not scheme.timestamp_element:
        return ""
    found = _element(elements, scheme.timestamp_element)
    if len(found) > 1:
        # Nobody can say which of them was signed.
        return Reason.MALFORMED_TIMESTAMP
    return found[0] if found else Reason.MISSING_TIMESTAMP


def _element(elements: Sequence[str], name: str) -> list[str]:
    beginning = f"{name}="
    return [element[len(beginning) :] for element in elements if element.startswith(beginning)]


def _forms(request: WebhookRequest, scheme: Hmac, timestamp: str) -> Iterator[bytes]:
    """The bytes that the sender may have signed: one form of them, or a few where the URL is signed."""
    if scheme.payload == "{body}":
        yield request.body
    elif "{url}" not in scheme.payload:
        yield _signed(request, scheme, timestamp, "")
    else:
        for url in url_forms(request.url):
            yield _signed(request, scheme, timestamp, url)


def _signed(request: WebhookRequest, scheme: Hmac, timestamp: str, url: str) -> bytes:
    return b"".join(
        [
            part if isinstance(part, bytes) else _part(part, request, scheme, timestamp, url)
            for part in _parts(scheme.payload)
        ]
    )


@lru_cache(maxsize=64)
def _parts(payload: str) -> tuple[bytes | str, ...]:
    """The parts of a payload: bytes are literal, a text is the name of a placeholder."""
    pieces = _PLACEHOLDER.split(payload)
    return tuple(piece if number % 2 else piece.encode() for number, piece in enumerate(pieces) if piece)


def _part(name: str, request: WebhookRequest, scheme: Hmac, timestamp: str, url: str) -> bytes:
    if name == "body":
        return request.body
    if name == "timestamp":
        return timestamp.encode()
    if name == "method":
        return request.method.encode(errors="surrogatepass")
    return _url(url, scheme).encode(errors="surrogatepass")


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
