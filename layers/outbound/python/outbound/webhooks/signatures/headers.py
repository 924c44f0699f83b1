"""What every scheme's check reads: headers that are there once, signed times, and the keys of a secret.

A secret is `{"secret": "..."}`, or `{"public_key": "..."}` for ed25519, in whatever form its sender hands it
out. Decoding is remembered by value: a warm receiver sees the same few texts all day.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from outbound.webhooks.problems import RefusalReason

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

# No sign, no fraction, no leading zero, and only the digits of ASCII; the bound keeps them within
# the years that a datetime has.
_TIMES = {
    "seconds": re.compile(r"[1-9][0-9]{0,10}"),
    "milliseconds": re.compile(r"[1-9][0-9]{0,13}"),
    "iso8601": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z"),
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

_REMEMBERED = 256
_WHSEC = "whsec_"
_WHPK = "whpk_"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a genuine request says of itself: its id and its time (milliseconds since 1970), if signed."""

    signed_id: str = ""
    signed_ms: int | None = None


def single_header(
    headers: Mapping[str, tuple[str, ...]], name: str, missing: RefusalReason
) -> str | RefusalReason:
    """Return the one value of a header, or the reason why there is none.

    A header that is there twice is refused: no sender does that, and two readers of such a request could
    each believe another half of it.

    Args:
        headers: All values by their names in lower case.
        name: The header's name in lower case.
        missing: The reason where it is not there, or empty.
    """
    values = headers.get(name, ())
    if len(values) > 1:
        return RefusalReason.REPEATED_HEADER
    return values[0] if values and values[0] else missing


def signed_ms(text: str, form: str) -> int | None:
    """Return the milliseconds since 1970 that a timestamp names; None where it is not of this form."""
    if not _TIMES[form].fullmatch(text):
        return None
    if form == "iso8601":
        return _from_iso(text)
    return int(text) * (1000 if form == "seconds" else 1)


def _from_iso(text: str) -> int | None:
    try:
        return milliseconds(datetime.fromisoformat(text))
    except ValueError:
        return None


def milliseconds(moment: datetime) -> int:
    """Return the whole milliseconds since 1970; whole, so that a bound is exact."""
    return (moment - _EPOCH) // _MILLISECOND


def secret_keys(versions: Sequence[Mapping[str, str]], encoding: str) -> list[bytes]:
    """Return the usable keys of a secret's versions, the current one first; what is not a key is left out.

    `encoding` is how the sender hands its keys out: `text`, `hex`, `base64` or `whsec`.
    """
    return [key for version in versions if (key := _key(version.get("secret", ""), encoding))]


def public_keys(versions: Sequence[Mapping[str, str]]) -> list[Ed25519PublicKey]:
    """Return the usable ed25519 keys of a secret's versions, the current one first."""
    keys = (_public_key(version["public_key"]) for version in versions if version.get("public_key"))
    return [key for key in keys if key is not None]


@lru_cache(maxsize=_REMEMBERED)
def _key(text: str, encoding: str) -> bytes:
    """Return the key that a text stands for; empty, and not used, where it stands for none."""
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
