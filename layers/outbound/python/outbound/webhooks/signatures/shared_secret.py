"""A shared secret in a header, bare or as a bearer token."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence

from outbound.webhooks.problems import RefusalReason
from outbound.webhooks.request import WebhookRequest
from outbound.webhooks.signatures.headers import Claim, secret_keys, single_header
from outbound.webhooks.signatures.schemes import SharedSecret


def check_shared_secret(
    request: WebhookRequest, scheme: SharedSecret, versions: Sequence[Mapping[str, str]]
) -> Claim | RefusalReason:
    """Return an empty claim if the header holds a valid version of the secret, else what is wrong with it.

    Nothing else of the request is proved.
    """
    header = single_header(request.headers, scheme.header, RefusalReason.MISSING_SIGNATURE)
    if isinstance(header, RefusalReason):
        return header
    prefix = scheme.prefix
    # The scheme's name before a token may be written in any case.
    if header[: len(prefix)].lower() != prefix.lower() or len(header) == len(prefix):
        return RefusalReason.MALFORMED_SIGNATURE
    keys = secret_keys(versions, "text")
    if not keys:
        return RefusalReason.NO_SECRET
    given = header[len(prefix) :].encode(errors="surrogatepass")
    good = False
    for key in keys:
        good |= hmac.compare_digest(key, given)
    return Claim() if good else RefusalReason.WRONG_SIGNATURE
