"""Receives the webhooks of CRMs: an HTTP request in, 202 or problem details out."""

from outbound.webhooks.doors import door
from outbound.webhooks.receiver import crm

handler = door(crm)
