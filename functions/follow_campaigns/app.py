"""Follows campaigns by metrics and outcomes: a batch in, the messages to be tried again out."""

from outbound.campaigns.monitoring.follower import build
from outbound.runtime import Runtime, handler_of

handler = handler_of(build(Runtime.of_function()))
