"""Rolls out dialer settings: one step of the workflow in `rollout.asl.json` a call."""

from outbound.dialer.workflow import build
from outbound.runtime import Runtime, handler_of

handler = handler_of(build(Runtime.of_function()))
