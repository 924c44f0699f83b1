"""Receives the webhooks of CRMs: an HTTP request in, 202 or problem details out."""

from outbound.webhooks.receiver import crm_of, make_handler

handler = make_handler(crm_of)
