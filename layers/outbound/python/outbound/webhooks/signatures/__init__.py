"""Schemes by which senders prove their webhooks: each one total function over any bytes."""
