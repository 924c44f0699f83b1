"""Dispositions: what came of a conversation, written to CXone in order and once in effect."""
