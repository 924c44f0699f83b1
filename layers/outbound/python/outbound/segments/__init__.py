"""Segments: which contacts of a campaign's list may be called, which later, which never, and why."""
