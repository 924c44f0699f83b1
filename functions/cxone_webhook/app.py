"""Receives the webhooks of CXone: an HTTP request in, 202 or problem details out."""

from outbound.ingress.doors import door
from outbound.ingress.receiving import cxone

handler = door(cxone)
