"""Registers our webhooks at CXone: after a deployment, or when an operator asks for it."""

from outbound.runtime import Runtime, handler_of
from outbound.subscriptions.registrar import build

handler = handler_of(build(Runtime.of_function()))
