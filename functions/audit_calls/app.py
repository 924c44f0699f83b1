"""Judges calls that were made: a batch in, the messages to be tried again out."""

from outbound.call_audit.requests import build
from outbound.runtime import Runtime, handler_of

handler = handler_of(build(Runtime.of_function()))
