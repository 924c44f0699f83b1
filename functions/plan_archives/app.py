"""Plans archives: on the schedule's beat for every registered campaign, and for a request from the bus."""

from outbound.archive.requesting import build
from outbound.runtime import Runtime, handler_of

handler = handler_of(build(Runtime.of_function()))
