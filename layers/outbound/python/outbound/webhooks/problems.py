"""What may become of a webhook request: it is believed, or refused for one of the reasons here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Reason(StrEnum):
    """Why a request is not believed. The names may be logged and counted; none tells a sender too much."""

    MALFORMED_REQUEST = "malformed_request"
    """What arrived is no request that API Gateway sends."""

    MALFORMED_BODY_ENCODING = "malformed_body_encoding"
    """The body is said to be base64 and is not, or is text that has no bytes."""

    MISSING_SIGNATURE = "missing_signature"
    """The header that carries the signature (or the token) is not there, or is empty."""

    MISSING_TIMESTAMP = "missing_timestamp"
    """The signed time is not there."""

    MISSING_ID = "missing_id"
    """The signed id is not there."""

    REPEATED_HEADER = "repeated_header"
    """A header that the check reads is there more than once: nobody can say which one was meant."""

    MALFORMED_SIGNATURE = "malformed_signature"
    """No signature in the header has the form that this scheme's signatures have."""

    MALFORMED_TIMESTAMP = "malformed_timestamp"
    """The signed time is not written as this scheme writes it."""

    MALFORMED_ID = "malformed_id"
    """The signed id is too long or has a character that ids do not have."""

    UNKNOWN_SIGNATURE_VERSION = "unknown_signature_version"
    """Every signature in the header is of a version that is not known, or that no key is there for."""

    WRONG_SIGNATURE = "wrong_signature"
    """No signature fits any of the valid keys: not from this sender, or changed on the way."""

    EXPIRED = "expired"
    """Genuine, but signed longer ago than the tolerance: a replay, or a clock that is wrong."""

    FROM_THE_FUTURE = "from_the_future"
    """Genuine, but signed later than now by more than the tolerance: a clock is wrong."""

    NO_SECRET = "no_secret"
    """No usable secret is there for the sender: put one in, in the form that the scheme needs."""

    SECRET_UNAVAILABLE = "secret_unavailable"
    """The secret could not be read just now."""

    SECRET_TOO_OLD = "secret_too_old"
    """No signature fits the keys as they were read before the request came: they may have been rotated."""

    SETTINGS_INVALID = "settings_invalid"
    """The settings document does not fit: an operator has to mend it."""

    SETTINGS_UNAVAILABLE = "settings_unavailable"
    """The settings could not be read just now."""

    QUEUE_UNAVAILABLE = "queue_unavailable"
    """The ingress queue did not take the delivery."""


_OURS = frozenset(
    {
        Reason.NO_SECRET,
        Reason.SECRET_UNAVAILABLE,
        Reason.SECRET_TOO_OLD,
        Reason.SETTINGS_INVALID,
        Reason.SETTINGS_UNAVAILABLE,
        Reason.QUEUE_UNAVAILABLE,
    }
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that is not believed."""

    reason: Reason

    @property
    def is_ours(self) -> bool:
        """Whether the fault is on our side: the sender should send the same again later."""
        return self.reason in _OURS


@dataclass(frozen=True, slots=True)
class Accepted:
    """A request that is believed.

    `signed_id` is the sender's id of the delivery where the signature covers one, else empty: only
    then may it be used to tell deliveries apart. `signed_at` is the signed time where there is one.
    """

    signed_id: str = ""
    signed_at: datetime | None = None
