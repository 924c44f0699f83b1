"""Judges a campaign's list: a request in, the message to be tried again out."""

from outbound.runtime import Runtime, handler_of
from outbound.segments.segmenter import build

handler = handler_of(build(Runtime.of_function()))
