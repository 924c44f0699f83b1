"""Whether a webhook request may be believed: one total function, and the same with secrets read again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from outbound.clock import parse_time
from outbound.logs import logger
from outbound.secrets import Secrets
from outbound.settings import ConfigurationError
from outbound.webhooks.problems import Accepted, Refusal, RefusalReason
from outbound.webhooks.request import WebhookRequest
from outbound.webhooks.settings import CALLBACK_SIGNATURE, Provider
from outbound.webhooks.signatures.headers import Claim, milliseconds
from outbound.webhooks.signatures.hmac import check_hmac
from outbound.webhooks.signatures.schemes import Hmac, StandardWebhooks
from outbound.webhooks.signatures.shared_secret import check_shared_secret
from outbound.webhooks.signatures.standard_webhooks import check_standard_webhook

# What the secret decides, so that one that was rotated a moment ago looks like it. All else the request says.
_SAID_BY_THE_SECRET = frozenset(
    {RefusalReason.WRONG_SIGNATURE, RefusalReason.NO_SECRET, RefusalReason.UNKNOWN_SIGNATURE_VERSION}
)

# So long a callback may be verified; a window that was left open by mistake for years opens no earlier.
LONGEST_WINDOW = timedelta(hours=4)

_FIELDS = {"callbackId", "verificationKey"}
_MAX_BODY_BYTES = 4096
_MAX_TEXT = 1000


def verify(
    request: WebhookRequest, provider: Provider, secrets: Sequence[Mapping[str, str]], now: datetime
) -> Accepted | Refusal:
    """Return an acceptance if a request comes from this provider, else the reason why it is not believed.

    Total: any method, URL, headers and body give an acceptance or a refusal, and never an exception.

    Args:
        request: The request as it came.
        provider: Who it is said to come from.
        secrets: The valid versions of the provider's secret; a signature by any of them is good.
        now: The time; a signed time may lie `tolerance_seconds` before or after it, both bounds included.
    """
    claim = _claim(request, provider, secrets)
    if isinstance(claim, RefusalReason):
        if claim is RefusalReason.NO_SECRET:
            logger.error("the provider has no usable secret", extra={"provider": provider.name})
        return Refusal(claim)
    if claim.signed_ms is None:
        return Accepted(claim.signed_id)
    # After the signature: these two reasons speak of genuine requests, and tell of clocks and replays.
    age = milliseconds(now) - claim.signed_ms
    if age > provider.tolerance_seconds * 1000:
        return Refusal(RefusalReason.EXPIRED)
    if -age > provider.tolerance_seconds * 1000:
        return Refusal(RefusalReason.FROM_THE_FUTURE)
    return Accepted(claim.signed_id, claim.signed_ms)


def _claim(
    request: WebhookRequest, provider: Provider, secrets: Sequence[Mapping[str, str]]
) -> Claim | RefusalReason:
    scheme = provider.scheme
    if isinstance(scheme, Hmac):
        return check_hmac(request, scheme, secrets)
    if isinstance(scheme, StandardWebhooks):
        return check_standard_webhook(request, secrets)
    return check_shared_secret(request, scheme, secrets)


def verify_with_rotation(
    request: WebhookRequest, provider: Provider, secrets: Secrets, secret_id: str, now: datetime
) -> Accepted | Refusal:
    """Verify with the provider's secret as it is known, and refuse only with the secret as it is now.

    A secret that was rotated since it was read makes a genuine request look forged. So it is read again, at
    most once a minute; where it cannot be read the refusal is one whose fault is ours, and the sender sends
    the same again.

    Args:
        request: The request as it came.
        provider: Who it is said to come from.
        secrets: Where secrets are read.
        secret_id: The name of the provider's secret.
        now: The time.
    """
    if verifies_a_callback(request, provider, now):
        logger.warning("the verification of a callback was taken", extra={"provider": provider.name})
        return Accepted()
    came_at = secrets.monotonic()
    try:
        verdict = verify(request, provider, secrets.versions(secret_id), now)
    except (ConfigurationError, ClientError, BotoCoreError) as error:
        return _unreadable(provider, error)
    if isinstance(verdict, Accepted) or verdict.reason not in _SAID_BY_THE_SECRET:
        return verdict
    try:
        versions = secrets.versions_since(secret_id, came_at)
    except (ConfigurationError, ClientError, BotoCoreError) as error:
        return _unreadable(provider, error)
    if versions is None:
        return Refusal(RefusalReason.SECRET_TOO_OLD)
    return verify(request, provider, versions, now)


def _unreadable(provider: Provider, error: Exception) -> Refusal:
    said = {"provider": provider.name, "reason": type(error).__name__}
    logger.error("the provider's secret could not be read", extra=said)
    wrong_form = isinstance(error, ConfigurationError)
    return Refusal(RefusalReason.NO_SECRET if wrong_form else RefusalReason.SECRET_UNAVAILABLE)


def verifies_a_callback(request: WebhookRequest, provider: Provider, now: datetime) -> bool:
    """Return True if an unsigned request is the first one of a new callback of Marketing Cloud.

    Its Event Notification Service sends `{"callbackId": ..., "verificationKey": ...}` to a callback's address
    when it is created, before the key that it will sign with is known. The operator who created the callback
    has four hours to hand both back. Such a request is taken while that operator holds a window open for it,
    kept as every delivery is, and means nothing else: it has these two fields, and none that a mapping reads.
    """
    if not provider.callback_verification_until or CALLBACK_SIGNATURE in request.headers:
        return False
    if not timedelta(0) < parse_time(provider.callback_verification_until) - now <= LONGEST_WINDOW:
        return False
    return _is_verification(request.body)


def _is_verification(body: bytes) -> bool:
    if len(body) > _MAX_BODY_BYTES:
        return False
    try:
        # As pairs: a name that stands twice hides a value that is not signed and that other readers may take.
        pairs = json.loads(body, object_pairs_hook=tuple)
    except (ValueError, RecursionError):
        return False
    return (
        isinstance(pairs, tuple)
        and len(pairs) == len(_FIELDS)
        and {name for name, _ in pairs} == _FIELDS
        and all(isinstance(text, str) and 0 < len(text) <= _MAX_TEXT for _, text in pairs)
    )
