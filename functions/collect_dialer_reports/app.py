"""Collects the dialer's metrics and its audit log: at each tick, what is due since the last one."""

from outbound.dialer.reports.collector import build
from outbound.runtime import Runtime, handler_of

handler = handler_of(build(Runtime.of_function()))
