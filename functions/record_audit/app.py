"""Records every event of the bus: a batch in, the messages to be tried again out."""

from outbound.audit.recorder import build
from outbound.runtime import Runtime, handler_of

handler = handler_of(build(Runtime.of_function()))
