"""Routes webhooks from the ingress queue: kept in the lake, mapped, checked, published."""

from outbound.runtime import Runtime, handler_of
from outbound.webhooks.router import build

handler = handler_of(build(Runtime.of_function()))
