"""Finishes what was left undone, every minute: facts, parked deliveries, pull jobs, abandoned holds."""

from outbound.capabilities import sweeping
from outbound.runtime import Runtime, handler_of

handler = handler_of(sweeping(Runtime.of_function()))
