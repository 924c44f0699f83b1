"""Sees to interrupted rollouts: executions that were cut off, and locks that are due."""

from outbound.dialer.interruptions import build
from outbound.runtime import Runtime, handler_of

handler = handler_of(build(Runtime.of_function()))
