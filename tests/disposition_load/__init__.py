"""A load test of dispositions: many at once over a few campaigns, each several times, in no order.

>>> aftermath = play(cast, size)

What became of each is compared with what the tenant has in the end, and the time that it took with what the
campaigns' quotas allow. The small size is played with all tests, the full one by `make load`.
"""

from disposition_load.aftermath import Aftermath
from disposition_load.playing import play
from disposition_load.sizes import FULL, SMALL, Size

__all__ = ["FULL", "SMALL", "Aftermath", "Size", "play"]
