"""Receives the webhooks of CXone: an HTTP request in, 202 or problem details out."""

from outbound.webhooks.receiver import cxone_of, make_handler

handler = make_handler(cxone_of)
