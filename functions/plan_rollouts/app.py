"""Plans rollouts of dialer settings: one at a time, for requests of the bus."""

from outbound.dialer.planner import build
from outbound.runtime import Runtime, handler_of

handler = handler_of(build(Runtime.of_function()))
