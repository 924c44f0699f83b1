"""Provisions campaigns: created in CXone once, paused, registered."""

from outbound.campaigns.provisioner import build
from outbound.runtime import Runtime, handler_of

handler = handler_of(build(Runtime.of_function()))
