"""Brings campaigns to the states that are asked for, once, and notes what CXone reports of them."""

from outbound.campaigns.control.messages import build
from outbound.runtime import Runtime, handler_of

handler = handler_of(build(Runtime.of_function()))
