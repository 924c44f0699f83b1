"""Systems that send webhooks to the bridge, each signing as the real one does, and ways to misbehave.

    crm = HubSpot()                                  # a new secret, in the form that HubSpot hands out
    crm.secret                                       # goes into Secrets Manager as {"secret": ...}
    crm.scheme                                       # what the provider's settings call its signatures
    crm.send(url, payload)                           # -> Answered(status, headers, text)
    deliver(mischief.forged(crm, url, payload))      # refused, one hopes
    deliver_all(mischief.shuffled(mischief.repeated(requests)))

Libraries sign where there are any (Standard Webhooks, Stripe); the others follow their published rules
and share no code with the receiver.
"""

from sandbox.senders import mischief
from sandbox.senders.crms import (
    GitHubLike,
    HubSpot,
    SalesforceCallout,
    SalesforceMarketingCloud,
    ShopifyLike,
    StudioScript,
    ZendeskLike,
)
from sandbox.senders.libraries import StandardWebhooksCrm, StripeLike
from sandbox.senders.sending import Answered, Outgoing, Sender, deliver, deliver_all, plain_event

SENDERS: tuple[type[Sender], ...] = (
    StandardWebhooksCrm,
    StripeLike,
    HubSpot,
    GitHubLike,
    ShopifyLike,
    ZendeskLike,
    SalesforceMarketingCloud,
    SalesforceCallout,
    StudioScript,
)

__all__ = [
    "SENDERS",
    "Answered",
    "GitHubLike",
    "HubSpot",
    "Outgoing",
    "SalesforceCallout",
    "SalesforceMarketingCloud",
    "Sender",
    "ShopifyLike",
    "StandardWebhooksCrm",
    "StripeLike",
    "StudioScript",
    "ZendeskLike",
    "deliver",
    "deliver_all",
    "mischief",
    "plain_event",
]
