"""Receives the webhooks of CRMs: an HTTP request in, 202 or problem details out."""

from outbound.ingress.doors import door
from outbound.ingress.receiving import crm

handler = door(crm)
