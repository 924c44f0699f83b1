"""A load test of webhooks: many senders report changes of consent, several times, in no order, amid faults.

>>> with connected(cast, size) as senders:
...     aftermath = play(cast, senders, size)

What was sent is compared with what the other side was delivered and with what the ledger says. The same
load is played in a small size with all tests and in the full one by `make load`.
"""

from webhook_load.aftermath import Aftermath
from webhook_load.connection import connected
from webhook_load.player import play
from webhook_load.sizes import FULL, SMALL, Size

__all__ = ["FULL", "SMALL", "Aftermath", "Size", "connected", "play"]
