"""Shows operators how campaigns do: a page, its data as JSON, and who may see them."""

from outbound.dashboard.dashboard import build
from outbound.runtime import Runtime, handler_of

handler = handler_of(build(Runtime.of_function()))
