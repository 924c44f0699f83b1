"""Pulls call outcomes: one job, one campaign, one window a message."""

from outbound.outcomes.puller import build
from outbound.runtime import Runtime, handler_of

handler = handler_of(build(Runtime.of_function()))
