"""Plans pulls: on a tick of the schedule for every registered campaign, and for what the bus says."""

from outbound.outcomes.requests import build
from outbound.runtime import Runtime, handler_of

handler = handler_of(build(Runtime.of_function()))
