"""What one receiver got, and whether it could believe it."""

import base64
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any

from standardwebhooks import Webhook

#: The latest deliveries kept whole; counts go on beyond them.
KEPT_DELIVERIES = 10_000

#: Kept of each delivery. Authorization is not: that there was one is enough to know.
_HEADERS_OF_INTEREST = (
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "content-type",
    "content-encoding",
    "user-agent",
    "x-correlation-id",
)


class Deliveries:
    """The deliveries to one receiver."""

    def __init__(self, secrets: Sequence[str]) -> None:
        """Start without any; a signature by any of the secrets is good."""
        self.use(secrets)
        self.clear()

    def use(self, secrets: Sequence[str]) -> None:
        """Go over to these secrets, as when one is rotated. Raises ValueError for a bad one."""
        self._webhooks = [Webhook(secret) for secret in secrets]

    def clear(self) -> None:
        """Forget what was delivered."""
        self._kept: deque[dict[str, Any]] = deque(maxlen=KEPT_DELIVERIES)
        self._counts: Counter[str] = Counter()
        self._totals: Counter[str] = Counter()

    def take(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Remember a delivery and tell whether its signature is good."""
        verified = any(_verifies(webhook, headers, body) for webhook in self._webhooks)
        authorized = "authorization" in headers
        webhook_id = headers.get("webhook-id", "")
        self._counts[webhook_id] += 1
        self._totals["verified" if verified else "refused"] += 1
        self._totals["with_authorization"] += authorized
        self._kept.append(
            {
                "webhook_id": webhook_id,
                "method": method,
                "path": path,
                "headers": {n: headers[n] for n in _HEADERS_OF_INTEREST if n in headers},
                **_body(body),
                "verified": verified,
                "with_authorization": authorized,
                "arrived": time.time(),
            }
        )
        return verified

    def summary(self) -> dict[str, Any]:
        """Return the totals."""
        names = ("verified", "refused", "with_authorization")
        return {"ids": len(self._counts), **{name: self._totals[name] for name in names}}

    def everything(self) -> dict[str, Any]:
        """Return the totals, how often each id came, and the latest deliveries."""
        return {
            **self.summary(),
            "counts": dict(self._counts),
            "deliveries": list(self._kept),
        }


def _verifies(webhook: Webhook, headers: Mapping[str, str], body: bytes) -> bool:
    try:
        webhook.verify(body, dict(headers), json_parse=False)
    except Exception:  # malformed headers make the library raise anything
        return False
    return True


def _body(body: bytes) -> dict[str, str]:
    """Return the body as text, or in base64 where it is not text."""
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode()}
