"""Simulates a team and its pacing: a document in, the answers of the model and of CXone out."""

from outbound.dialer.capacity import build
from outbound.runtime import Runtime, handler_of

handler = handler_of(build(Runtime.of_function()))
