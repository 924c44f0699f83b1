"""Whether a webhook request may be believed: one total function, and the same with secrets read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError

from outbound.observability import logger
from outbound.secrets import Secrets
from outbound.settings import ConfigurationError
from outbound.webhooks.callback_verification import verifies_a_callback
from outbound.webhooks.problems import Accepted, Reason, Refusal
from outbound.webhooks.request import WebhookRequest
from outbound.webhooks.settings import Provider
from outbound.webhooks.signatures.headers import Claim, milliseconds, moment_of
from outbound.webhooks.signatures.hmac import check_hmac
from outbound.webhooks.signatures.schemes import Hmac, StandardWebhooks
from outbound.webhooks.signatures.shared_secret import check_shared_secret
from outbound.webhooks.signatures.standard_webhooks import check_standard_webhook

# What the secret decides, so that one that was rotated a moment ago looks like it. All else the request says.
_SAID_BY_THE_SECRET = frozenset({Reason.WRONG_SIGNATURE, Reason.NO_SECRET, Reason.UNKNOWN_SIGNATURE_VERSION})


def verify(
    request: WebhookRequest, provider: Provider, secrets: Sequence[Mapping[str, str]], now: datetime
) -> Accepted | Refusal:
    """Say whether a request comes from this provider, or why it is not believed.

    Total: any method, URL, headers and body give an acceptance or a refusal, and never an exception.
    `secrets` are the valid versions of the provider's secret; a signature by any of them is good. A signed
    time may lie `tolerance_seconds` before or after `now`, both bounds included.
    """
    claim = _claim(request, provider, secrets)
    if isinstance(claim, Reason):
        if claim is Reason.NO_SECRET:
            logger.error("the provider has no usable secret", extra={"provider": provider.name})
        return Refusal(claim)
    if claim.signed_ms is None:
        return Accepted(claim.signed_id)
    # After the signature: these two reasons speak of genuine requests, and tell of clocks and replays.
    age = milliseconds(now) - claim.signed_ms
    if age > provider.tolerance_seconds * 1000:
        return Refusal(Reason.EXPIRED)
    if -age > provider.tolerance_seconds * 1000:
        return Refusal(Reason.FROM_THE_FUTURE)
    return Accepted(claim.signed_id, moment_of(claim.signed_ms))


def _claim(
    request: WebhookRequest, provider: Provider, secrets: Sequence[Mapping[str, str]]
) -> Claim | Reason:
    scheme = provider.scheme
    if isinstance(scheme, Hmac):
        return check_hmac(request, scheme, secrets)
    if isinstance(scheme, StandardWebhooks):
        return check_standard_webhook(request, secrets)
    return check_shared_secret(request, scheme, secrets)


def checked(
    request: WebhookRequest, provider: Provider, secrets: Secrets, secret_id: str, now: datetime
) -> Accepted | Refusal:
    """Verify with the provider's secret as it is known, and say no only with the secret as it is now.

    A secret that was rotated since it was read makes a genuine request look forged. So it is read again, at
    most once a minute; where that is not to be had the refusal is one whose fault is ours, and the sender is
    to come back. So it is where the secret cannot be read at all.
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
        return Refusal(Reason.SECRET_TOO_OLD)
    return verify(request, provider, versions, now)


def _unreadable(provider: Provider, error: Exception) -> Refusal:
    said = {"provider": provider.name, "reason": type(error).__name__}
    logger.error("the provider's secret could not be read", extra=said)
    wrong_form = isinstance(error, ConfigurationError)
    return Refusal(Reason.NO_SECRET if wrong_form else Reason.SECRET_UNAVAILABLE)
