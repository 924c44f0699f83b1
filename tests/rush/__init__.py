"""A rush of dispositions: many at once over a few campaigns, each several times, in no order.

>>> aftermath = play(cast, size)

What became of each is compared with what the tenant has in the end, and the time that it took with what the
campaigns' quotas allow. The small size is played with all tests, the full one by `make load`.
"""

from rush.aftermath import Aftermath
from rush.playing import play
from rush.sizes import FULL, SMALL, Size

__all__ = ["FULL", "SMALL", "Aftermath", "Size", "play"]
