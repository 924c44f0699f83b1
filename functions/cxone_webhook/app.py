"""Receives the webhooks of CXone: an HTTP request in, 202 or problem details out."""

from outbound.webhooks.doors import door
from outbound.webhooks.receiver import cxone

handler = door(cxone)
