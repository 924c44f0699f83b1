"""`outbound compliance audit`: which calls were made that should not have been."""

from __future__ import annotations

from typing import Any


def add_audit_command(commands: Any) -> None:
    """Add the command to its group."""
