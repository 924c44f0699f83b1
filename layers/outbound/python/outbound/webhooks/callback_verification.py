"""The first request of a new callback of Marketing Cloud, which nobody can have signed.

Its Event Notification Service sends `{"callbackId": ..., "verificationKey": ...}` to a callback's address
when it is created, before anybody has the key that it will sign with. Whoever created the callback has four
hours to hand both back. Such a request is taken while an operator holds a window open for it, kept as every
delivery is, and means nothing else: it has these two fields, and none that a mapping looks at.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from outbound.clock import parse_time
from outbound.webhooks.request import WebhookRequest
from outbound.webhooks.settings import CALLBACK_SIGNATURE, Provider

# So long a callback may be verified; a window that was left open by mistake for years opens no earlier.
LONGEST_WINDOW = timedelta(hours=4)

_FIELDS = {"callbackId", "verificationKey"}
_MAX_BODY_BYTES = 4096
_MAX_TEXT = 1000


def verifies_a_callback(request: WebhookRequest, provider: Provider, now: datetime) -> bool:
    """Return True if a request without signature is the one that an operator waits for just now."""
    if not provider.callback_verification_until or CALLBACK_SIGNATURE in request.headers:
        return False
    if not timedelta(0) < parse_time(provider.callback_verification_until) - now <= LONGEST_WINDOW:
        return False
    return _is_verification(request.body)


def _is_verification(body: bytes) -> bool:
    if len(body) > _MAX_BODY_BYTES:
        return False
    try:
        # As pairs: a name that stands twice hides a value that nobody has signed and others may read.
        pairs = json.loads(body, object_pairs_hook=tuple)
    except (ValueError, RecursionError):
        return False
    return (
        isinstance(pairs, tuple)
        and len(pairs) == len(_FIELDS)
        and {name for name, _ in pairs} == _FIELDS
        and all(isinstance(text, str) and 0 < len(text) <= _MAX_TEXT for _, text in pairs)
    )
