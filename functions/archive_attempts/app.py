"""Archives finished contact attempts: one step of the workflow in `archive.asl.json` a call."""

from outbound.archive.workflow import build
from outbound.runtime import Runtime, handler_of

handler = handler_of(build(Runtime.of_function()))
