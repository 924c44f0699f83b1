"""Delivers the events of one destination's queue: a batch in, the messages to be tried again out."""

from outbound.deliveries.deliverer import build
from outbound.runtime import Runtime, handler_of

handler = handler_of(build(Runtime.of_function()))
