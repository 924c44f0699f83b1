"""Applies dispositions to contacts: a batch in, the messages to be tried again out."""

from outbound.dispositions.applier import build
from outbound.runtime import Runtime, handler_of

handler = handler_of(build(Runtime.of_function()))
