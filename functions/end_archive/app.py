"""Ends what archives leave behind: executions that were cut off, holds, and what others ask for meanwhile."""

from outbound.archive.interruptions import build
from outbound.runtime import Runtime, handler_of

handler = handler_of(build(Runtime.of_function()))
