"""Standard Webhooks: HMAC-SHA256 (v1) and ed25519 (v1a) over id, timestamp and body."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from outbound.webhooks.problems import RefusalReason
from outbound.webhooks.request import WebhookRequest
from outbound.webhooks.signatures.headers import Claim, public_keys, secret_keys, signed_ms, single_header

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

# Ids have no full stop: it ends them in what is signed, and one more would let the same signature
# stand for another id, time and body.
_ID = re.compile(r"[!-\-/-~]{1,256}")
_V1 = re.compile(r"v1,([A-Za-z0-9+/]{43}=)")
# The last letter of 64 bytes has four bits to spare: without this the same signature had sixteen spellings.
_V1A = re.compile(r"v1a,([A-Za-z0-9+/]{85}[AQgw]==)")
# A sender signs with two keys while it rotates one; checking costs time, ed25519 most of all.
_MAX_SIGNATURES = 16


def check_standard_webhook(
    request: WebhookRequest, versions: Sequence[Mapping[str, str]]
) -> Claim | RefusalReason:
    """Return what a genuine request says of itself, or the reason why it is not believed.

    Signatures of unknown versions, or of a version that no key is there for, are passed over.
    """
    read = _read(request)
    if isinstance(read, RefusalReason):
        return read
    message_id, timestamp, header = read
    ms = signed_ms(timestamp, "seconds")
    if ms is None:
        return RefusalReason.MALFORMED_TIMESTAMP
    signed = b"%b.%b.%b" % (message_id.encode(), timestamp.encode(), request.body)
    complaint = _complaint(header, signed, versions)
    return Claim(message_id, ms) if complaint is None else complaint


def _read(request: WebhookRequest) -> tuple[str, str, str] | RefusalReason:
    header = single_header(request.headers, "webhook-signature", RefusalReason.MISSING_SIGNATURE)
    if isinstance(header, RefusalReason):
        return header
    message_id = single_header(request.headers, "webhook-id", RefusalReason.MISSING_ID)
    if isinstance(message_id, RefusalReason):
        return message_id
    if not _ID.fullmatch(message_id):
        return RefusalReason.MALFORMED_ID
    timestamp = single_header(request.headers, "webhook-timestamp", RefusalReason.MISSING_TIMESTAMP)
    return timestamp if isinstance(timestamp, RefusalReason) else (message_id, timestamp, header)


def _complaint(header: str, signed: bytes, versions: Sequence[Mapping[str, str]]) -> RefusalReason | None:
    """Why no signature of the header is good; None if one is."""
    keys, public = secret_keys(versions, "whsec"), public_keys(versions)
    if not keys and not public:
        return RefusalReason.NO_SECRET
    entries = header.split(" ")
    if len(entries) > _MAX_SIGNATURES:
        return RefusalReason.MALFORMED_SIGNATURE
    v1 = [found[1] for entry in entries if keys and (found := _V1.fullmatch(entry))]
    v1a = [found[1] for entry in entries if public and (found := _V1A.fullmatch(entry))]
    if not v1 and not v1a:
        known = (*(["v1,"] if keys else []), *(["v1a,"] if public else []))
        of_known_version = any(entry.startswith(known) for entry in entries)
        of_any = any("," in entry for entry in entries)
        return (
            RefusalReason.MALFORMED_SIGNATURE
            if of_known_version or not of_any
            else RefusalReason.UNKNOWN_SIGNATURE_VERSION
        )
    good = _any_hmac(keys, v1, signed) | _any_ed25519(public, v1a, signed)
    return None if good else RefusalReason.WRONG_SIGNATURE


def _any_hmac(keys: Sequence[bytes], signatures: Sequence[str], signed: bytes) -> bool:
    """Compare every signature with every key's: how long it takes does not say which one fitted."""
    good = False
    for key in keys:
        expected = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
        for signature in signatures:
            # As text: base64 that is not canonical decodes to the same bytes, and is not what was signed.
            good |= hmac.compare_digest(expected, signature)
    return good


def _any_ed25519(keys: Sequence[Ed25519PublicKey], signatures: Sequence[str], signed: bytes) -> bool:
    good = False
    for key in keys:
        for signature in signatures:
            good |= _verifies(key, base64.b64decode(signature), signed)
    return good


def _verifies(key: Ed25519PublicKey, signature: bytes, signed: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - see headers.py

    try:
        key.verify(signature, signed)
    except InvalidSignature:
        return False
    return True
