"""Typed access to the control calls of a running sandbox."""

from sandbox.clients.answers import (
    Contact,
    Delivery,
    Emitted,
    LoggedRequest,
    QuotaUse,
    Received,
    Stats,
    Webhook,
    Write,
)
from sandbox.clients.control import ControlFailed
from sandbox.clients.receivers import Receivers
from sandbox.clients.tenant import Tenant

__all__ = [
    "Contact",
    "ControlFailed",
    "Delivery",
    "Emitted",
    "LoggedRequest",
    "QuotaUse",
    "Received",
    "Receivers",
    "Stats",
    "Tenant",
    "Webhook",
    "Write",
]
