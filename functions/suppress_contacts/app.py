"""Carries what forbids a contact to its campaigns: a batch in, the messages to be tried again out."""

from outbound.runtime import Runtime, handler_of
from outbound.segments.suppressor import build

handler = handler_of(build(Runtime.of_function()))
