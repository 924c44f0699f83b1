"""Gathers, every minute, what the stack's work has come to: pulls, contacts, archives, dead letters."""

from outbound.overview import build
from outbound.runtime import Runtime, handler_of

handler = handler_of(build(Runtime.of_function()))
