"""Plans archives: on the schedule's tick for campaigns that the settings name, and for requests."""

from outbound.archive.planner import build
from outbound.runtime import Runtime, handler_of

handler = handler_of(build(Runtime.of_function()))
