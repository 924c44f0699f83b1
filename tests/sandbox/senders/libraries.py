"""Systems whose webhooks are signed by the library that their receivers are told to use."""

from __future__ import annotations

import base64
import secrets
from datetime import datetime
from uuid import uuid4

from standardwebhooks import Webhook
from stripe import WebhookSignature

from sandbox.senders.sending import Headers, Sender


class StandardWebhooksCrm(Sender):
    """A CRM that sends Standard Webhooks, signed by the reference library."""

    name = "standard"
    scheme = "standard_webhooks"

    def __init__(self, secret: str = "", *also: str) -> None:
        """Sign with a secret; during a rotation with others too, beside it in the same header."""
        super().__init__(secret)
        self._also = also

    @staticmethod
    def new_secret() -> str:
        """Return a secret as the specification writes it."""
        return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()

    def sign(self, method: str, url: str, body: bytes, now: datetime) -> Headers:
        """Return id, time and one signature for each secret."""
        message_id = f"msg_{uuid4().hex}"
        signatures = [
            Webhook(secret).sign(message_id, now, body.decode()) for secret in (self.secret, *self._also)
        ]
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }


class StripeLike(Sender):
    """A system that signs as Stripe does, by Stripe's own library."""

    name = "stripe"
    scheme = "stripe"

    @staticmethod
    def new_secret() -> str:
        """Return an endpoint's secret."""
        return f"whsec_{secrets.token_urlsafe(24)}"

    def sign(self, method: str, url: str, body: bytes, now: datetime) -> Headers:
        """Return time and signature in one header."""
        header = WebhookSignature.generate_signature_header(body.decode(), self.secret, int(now.timestamp()))
        return {"Stripe-Signature": header}
