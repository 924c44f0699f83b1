"""Records files of consent and answers them: one file a message."""

from outbound.consent.files.processor import build
from outbound.runtime import Runtime, handler_of

handler = handler_of(build(Runtime.of_function()))
