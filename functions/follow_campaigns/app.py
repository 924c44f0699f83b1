"""Follows campaigns by reported metrics and pulled outcomes; answers with the messages to be tried again."""

from outbound.campaigns.monitoring.follower import build
from outbound.runtime import Runtime, handler_of

handler = handler_of(build(Runtime.of_function()))
