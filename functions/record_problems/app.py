"""Records problems for the operator: a batch of facts in, the messages to be tried again out."""

from outbound.problems.recorder import build
from outbound.runtime import Runtime, handler_of

handler = handler_of(build(Runtime.of_function()))
