"""Consent: what contacts agreed to is written down as it changes, and why a change was refused."""
