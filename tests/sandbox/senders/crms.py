"""Systems whose webhooks are signed by rules that they publish, written down here from those rules alone."""

from __future__ import annotations

import base64
import hmac
import re
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import unquote
from uuid import uuid4

from sandbox.senders.sending import Headers, Sender

#: What HubSpot decodes in an address before it signs it: these and no others.
_HUBSPOT_DECODES = re.compile(r"%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)


class HubSpot(Sender):
    """HubSpot, signature version 3: method, address, body and time, in milliseconds."""

    name = "hubspot"
    scheme = "hubspot_v3"

    @staticmethod
    def new_secret() -> str:
        """Return an app's client secret."""
        return str(uuid4())

    def sign(self, method: str, url: str, body: bytes, now: datetime) -> Headers:
        """Return signature and time."""
        timestamp = str(round(now.timestamp() * 1000))
        address = _HUBSPOT_DECODES.sub(lambda found: unquote(found[0]), url)
        return {
            "X-HubSpot-Signature-v3": _base64(
                self.secret, method.encode() + address.encode() + body + timestamp.encode()
            ),
            "X-HubSpot-Request-Timestamp": timestamp,
        }


class GitHubLike(Sender):
    """A system that signs as GitHub does: the body, in hexadecimal digits."""

    name = "github"
    scheme = "github"
    signs_time = False

    def sign(self, method: str, url: str, body: bytes, now: datetime) -> Headers:
        """Return the signature and the delivery's id."""
        return {
            "X-Hub-Signature-256": f"sha256={_mac(self.secret, body).hex()}",
            "X-GitHub-Delivery": str(uuid4()),
            "X-GitHub-Event": "ping",
        }


class ShopifyLike(Sender):
    """A system that signs as Shopify does: the body, in base64; the time beside it is not signed."""

    name = "shopify"
    scheme = "shopify"
    signs_time = False

    def sign(self, method: str, url: str, body: bytes, now: datetime) -> Headers:
        """Return the signature and what Shopify adds to it."""
        return {
            "X-Shopify-Hmac-Sha256": _base64(self.secret, body),
            "X-Shopify-Webhook-Id": str(uuid4()),
            "X-Shopify-Topic": "customers/update",
            "X-Shopify-Triggered-At": now.astimezone(UTC).isoformat(),
        }


class ZendeskLike(Sender):
    """A system that signs as Zendesk does: the time and the body, the time in ISO 8601."""

    name = "zendesk"
    scheme = "zendesk"

    def sign(self, method: str, url: str, body: bytes, now: datetime) -> Headers:
        """Return signature and time."""
        timestamp = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "X-Zendesk-Webhook-Signature": _base64(self.secret, timestamp.encode() + body),
            "X-Zendesk-Webhook-Signature-Timestamp": timestamp,
        }


class SalesforceMarketingCloud(Sender):
    """Marketing Cloud's Event Notification Service: the body, in base64."""

    name = "marketing-cloud"
    scheme = "salesforce_marketing_cloud"
    signs_time = False

    def sign(self, method: str, url: str, body: bytes, now: datetime) -> Headers:
        """Return the signature."""
        return {"x-sfmc-ens-signature": _base64(self.secret, body)}


class SalesforceCallout(Sender):
    """A Flow of Salesforce that calls out through an Apex action, which signs the time and the body.

    Salesforce prescribes no form; this is the one that the receiver's settings call `salesforce`.
    """

    name = "salesforce"
    scheme = "salesforce"

    def sign(self, method: str, url: str, body: bytes, now: datetime) -> Headers:
        """Return signature and time."""
        timestamp = str(round(now.timestamp() * 1000))
        return {
            "X-Signature": _base64(self.secret, timestamp.encode() + b"." + body),
            "X-Timestamp": timestamp,
        }


class StudioScript(Sender):
    """A CXone Studio script that calls on a disposition, with a token that its author put in."""

    name = "cxone"
    scheme = "bearer"
    signs_body = False
    signs_time = False

    def sign(self, method: str, url: str, body: bytes, now: datetime) -> Headers:
        """Return the token."""
        return {"Authorization": f"Bearer {self.secret}"}


def _mac(secret: str, signed: bytes) -> bytes:
    return hmac.new(secret.encode(), signed, sha256).digest()


def _base64(secret: str, signed: bytes) -> str:
    return base64.b64encode(_mac(secret, signed)).decode()
