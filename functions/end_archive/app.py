"""Sees to interrupted archives: executions that were cut off, due holds, what others request meanwhile."""

from outbound.archive.interruptions import build
from outbound.runtime import Runtime, handler_of

handler = handler_of(build(Runtime.of_function()))
