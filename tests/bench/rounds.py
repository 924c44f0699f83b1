"""How often a comparison is repeated: as often as is good, unless a busy machine makes that too long."""

from __future__ import annotations

import time
from collections.abc import Iterator


def rounds(most: int, seconds: float) -> Iterator[int]:
    """Count up to `most` rounds, none of which begins after so many seconds; the first one always does."""
    began = time.monotonic()
    for number in range(most):
        if number and time.monotonic() - began > seconds:
            return
        yield number
