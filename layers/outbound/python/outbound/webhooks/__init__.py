"""Webhooks coming in: what is configured about their senders, and whether one may be believed."""
