"""What senders' own libraries sign is accepted."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
import stripe
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from standardwebhooks import Webhook

from outbound.deliveries.signature import Signer
from outbound.webhooks.problems import Accepted, Refusal, RefusalReason
from outbound.webhooks.request import WebhookRequest
from outbound.webhooks.settings import Providers
from outbound.webhooks.signatures.verifier import verify

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
TIMESTAMP = int(NOW.timestamp())
KEY = base64.b64encode(b"twenty-four bytes at least").decode()
BODIES = ["{}", '{"name": "Zoë 🐝"}', "", "[1, 2]\n"]


def _verdict(scheme: str, headers: dict[str, str], body: str, secret: dict[str, str]) -> Accepted | Refusal:
    provider = Providers.model_validate({"providers": {"x": {"scheme": scheme}}}).providers["x"]
    request = WebhookRequest(
        "POST", "https://x.example/", {name: (value,) for name, value in headers.items()}, body.encode()
    )
    return verify(request, provider, [secret], NOW)


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("prefix", ["", "whsec_"])
def test_the_reference_library_of_standard_webhooks(body: str, prefix: str) -> None:
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(TIMESTAMP),
        "webhook-signature": Webhook(prefix + KEY).sign("msg_1", NOW, body),
    }

    accepted = _verdict("standard_webhooks", headers, body, {"secret": prefix + KEY})
    assert accepted == Accepted("msg_1", TIMESTAMP * 1000)

    changed = _verdict("standard_webhooks", headers, body + " ", {"secret": prefix + KEY})
    assert changed == Refusal(RefusalReason.WRONG_SIGNATURE)


@pytest.mark.parametrize("body", BODIES)
def test_the_library_of_stripe(body: str) -> None:
    signature = stripe.WebhookSignature._compute_signature(f"{TIMESTAMP}.{body}", "whsec_of_stripe")
    headers = {"stripe-signature": f"t={TIMESTAMP},v1={signature}"}

    assert stripe.WebhookSignature.verify_header(body, headers["stripe-signature"], "whsec_of_stripe")
    assert _verdict("stripe", headers, body, {"secret": "whsec_of_stripe"}) == Accepted("", TIMESTAMP * 1000)
    assert _verdict("stripe", headers, body, {"secret": "of_stripe"}) == Refusal(
        RefusalReason.WRONG_SIGNATURE
    )


@pytest.mark.parametrize("body", BODIES)
def test_ed25519_by_the_cryptography_library(body: str) -> None:
    private = Ed25519PrivateKey.generate()
    public = base64.b64encode(private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
    signature = base64.b64encode(private.sign(f"msg_1.{TIMESTAMP}.{body}".encode())).decode()
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(TIMESTAMP),
        "webhook-signature": f"v1a,{signature}",
    }

    accepted = _verdict("standard_webhooks", headers, body, {"public_key": f"whpk_{public}"})
    assert accepted == Accepted("msg_1", TIMESTAMP * 1000)


def test_what_this_project_signs_itself() -> None:
    class OneSecret:
        def versions(self, secret_id: str) -> list[dict[str, str]]:
            return [{"key": KEY}]

    moment = NOW - timedelta(seconds=5)
    headers = Signer(OneSecret(), "crm").headers("evt_1", moment, b"{}")  # type: ignore[arg-type]
    accepted = _verdict("standard_webhooks", headers, "{}", {"secret": KEY})

    assert accepted == Accepted("evt_1", (TIMESTAMP - 5) * 1000)
