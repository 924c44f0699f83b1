"""The keys in a sender's secret, in whatever form that sender hands them out.

A secret is `{"secret": "..."}`, or `{"public_key": "..."}` for ed25519. Decoding is remembered by value:
a warm receiver sees the same few texts all day.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_REMEMBERED = 256
_WHSEC = "whsec_"
_WHPK = "whpk_"


def secret_keys(versions: Sequence[Mapping[str, str]], encoding: str) -> list[bytes]:
    """Give the usable keys of a secret's versions, the current one first. One that is no key is left out."""
    keys = (_key(version.get("secret", ""), encoding) for version in versions)
    return [key for key in keys if key]


def public_keys(versions: Sequence[Mapping[str, str]]) -> list[Ed25519PublicKey]:
    """Give the usable ed25519 keys of a secret's versions, the current one first."""
    keys = (_public_key(version["public_key"]) for version in versions if version.get("public_key"))
    return [key for key in keys if key is not None]


@lru_cache(maxsize=_REMEMBERED)
def _key(text: str, encoding: str) -> bytes:
    """The key that a text stands for; empty where it stands for none: anybody could sign with nothing."""
    try:
        return _decoded(text, encoding) if text.strip() else b""
    except (binascii.Error, ValueError):
        return b""


def _decoded(text: str, encoding: str) -> bytes:
    if encoding == "text":
        return text.encode()
    if encoding == "hex":
        return bytes.fromhex(text.strip())
    return _from_base64(text.strip().removeprefix(_WHSEC) if encoding == "whsec" else text.strip())


def _from_base64(text: str) -> bytes:
    # Some senders hand keys out without padding.
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


@lru_cache(maxsize=_REMEMBERED)
def _public_key(text: str) -> Ed25519PublicKey | None:
    # Imported where it is needed: it would cost every other receiver's cold start.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    try:
        return Ed25519PublicKey.from_public_bytes(_from_base64(text.strip().removeprefix(_WHPK)))
    except (binascii.Error, ValueError):
        return None
