"""Subscriptions: CXone sends its webhooks to us, each once, with the secret that proves them."""
