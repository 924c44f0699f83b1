"""Records changes of consent: a batch in, the messages to be tried again out."""

from outbound.consent.recorder import build
from outbound.runtime import Runtime, handler_of

handler = handler_of(build(Runtime.of_function()))
