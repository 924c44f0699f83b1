"""Reads files of dispositions and answers them: one file a message."""

from outbound.dispositions.files.processor import build
from outbound.runtime import Runtime, handler_of

handler = handler_of(build(Runtime.of_function()))
