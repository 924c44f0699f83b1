"""Who may see the dashboard: a request that names its password by HTTP Basic, compared in constant time.

The user's name does not matter. While the password is rotated its two latest versions are right; what is in
memory may be older than a rotation, so a password that fits none is compared again once it was read anew, at
most once a minute.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode
from collections.abc import Mapping, Sequence
from enum import StrEnum

from outbound.secrets import Secrets

CHALLENGE = 'Basic realm="Outbound campaigns", charset="UTF-8"'
FIELD = "token"
"""The field of the secret that holds the password."""

# Longer than any password of ours, and short enough to be compared at once.
_LONGEST = 1024


class Login(StrEnum):
    """What an Authorization header proves."""

    RIGHT = "right"
    MISSING = "missing"
    WRONG = "wrong"


class Passwords:
    """Tells whether a request names the password."""

    def __init__(self, secrets: Secrets, secret_id: str) -> None:
        """Compare with the versions of this secret."""
        self._secrets = secrets
        self._secret_id = secret_id

    def check(self, authorization: Sequence[str]) -> Login:
        """Return what the values of a request's Authorization header prove.

        Raises what `Secrets.versions` raises, and what AWS answers, where the secret cannot be read.
        """
        if not authorization:
            return Login.MISSING
        given = _password(authorization)
        if given is None:
            return Login.WRONG
        if _is_one_of(given, self._secrets.versions(self._secret_id)):
            return Login.RIGHT
        if not self._secrets.reread(self._secret_id):
            return Login.WRONG
        return Login.RIGHT if _is_one_of(given, self._secrets.versions(self._secret_id)) else Login.WRONG


def _password(authorization: Sequence[str]) -> bytes | None:
    """Return the password of the one header of HTTP Basic, None where there is none."""
    scheme, _, value = authorization[0].strip().partition(" ")
    if len(authorization) != 1 or scheme.lower() != "basic" or len(value) > _LONGEST:
        return None
    try:
        _, colon, password = b64decode(value.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return password if colon else None


def _is_one_of(given: bytes, versions: Sequence[Mapping[str, str]]) -> bool:
    """Compare with every version, so that the time says nothing of which one was close."""
    # An empty password is never right, also where the secret has no such field yet.
    known = [version.get(FIELD, "").encode() for version in versions]
    same = [hmac.compare_digest(given, each) and bool(each) for each in known]
    return any(same)
