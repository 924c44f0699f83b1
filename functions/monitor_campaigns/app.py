"""Looks at campaigns every minute: their states, their metrics, and whether calls move to a backup."""

from outbound.campaigns.monitoring.monitor import build
from outbound.runtime import Runtime, handler_of

handler = handler_of(build(Runtime.of_function()))
