"""A load test of dispositions: many at once over a few campaigns, each several times, in no order.

>>> result = run(cast, size)

What became of each is compared with what the tenant has in the end, and the time that it took with what the
campaigns' quotas allow. The small size runs with all tests, the full one by `make load`.
"""

from disposition_load.result import LoadResult
from disposition_load.runner import run
from disposition_load.sizes import FULL, SMALL, Size

__all__ = ["FULL", "SMALL", "LoadResult", "Size", "run"]
