"""Typed access to the control calls of a running sandbox."""

from sandbox.clients.answers import (
    Archiving,
    AttemptsChanged,
    AttemptsNow,
    Contact,
    Delivery,
    Emitted,
    LoggedRequest,
    QuotaUse,
    Received,
    Stats,
    StatusAsked,
    StatusNow,
    Webhook,
    Write,
)
from sandbox.clients.control import ControlFailed
from sandbox.clients.receivers import Receivers
from sandbox.clients.tenant import Tenant

__all__ = [
    "Archiving",
    "AttemptsChanged",
    "AttemptsNow",
    "Contact",
    "ControlFailed",
    "Delivery",
    "Emitted",
    "LoggedRequest",
    "QuotaUse",
    "Received",
    "Receivers",
    "Stats",
    "StatusAsked",
    "StatusNow",
    "Tenant",
    "Webhook",
    "Write",
]
